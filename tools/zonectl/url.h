#pragma once

#include <string>
#include <string_view>

namespace holdfast::zonectl {

/// Every octet but letters, digits, "-", "_" and "~" as %XX; dots too where `dots` says so.
std::string percentEncode(std::string_view text, bool dots = false);

/// "/v1/zones/ZONE" and what `rest` puts behind it. The root zone goes as %2E, because a path segment "."
/// means something else (RFC 3986 section 3.3).
std::string zonePath(std::string_view zone, std::string_view rest = "");

/// A path with query parameters.
class Target {
 public:
  explicit Target(std::string path) : text_(std::move(path)) {}
  Target& with(std::string_view key, std::string_view value);
  /// Only where there is a value.
  Target& withText(std::string_view key, std::string_view value) {
    return value.empty() ? *this : with(key, value);
  }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  char separator_ = '?';
};

}  // namespace holdfast::zonectl
