#pragma once

#include <simdjson.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// Where in a document something stands. Lives on the stack of who reads it, so that a text is made only for
/// what is told.
struct JsonPlace {
  static constexpr std::size_t kNoIndex = ~std::size_t{0};

  const JsonPlace* parent = nullptr;  ///< none: the document
  std::string_view key{};             ///< in an object
  std::size_t index = kNoIndex;       ///< in an array

  JsonPlace member(std::string_view name) const noexcept { return {this, name, kNoIndex}; }
  JsonPlace element(std::size_t i) const noexcept { return {this, {}, i}; }
  /// As a JSON pointer (RFC 6901).
  std::string text() const;
};

/// Whether simdjson read something. That memory did not suffice says nothing of the document: throws
/// std::bad_alloc.
bool isRead(simdjson::error_code error);

Error malformedAt(const JsonPlace& where, std::string what);
Error wrongType(const JsonPlace& where, const char* wanted, const simdjson::dom::element& is);

/// The value, or an Error where it is of another type or outside the limits.
Result<std::string_view> asString(const simdjson::dom::element& value, const JsonPlace& where,
                                  std::size_t most = std::string_view::npos);
Result<std::uint64_t> asNumber(const simdjson::dom::element& value, const JsonPlace& where,
                               std::uint64_t least, std::uint64_t most);
Result<simdjson::dom::object> asObject(const simdjson::dom::element& value, const JsonPlace& where);
Result<simdjson::dom::array> asArray(const simdjson::dom::element& value, const JsonPlace& where);

/// Puts the value into `into`, where there is one.
template <class T, class U>
Status keep(Result<T> result, U& into) {
  if (!result) return std::move(result).error();
  into = static_cast<U>(*std::move(result));
  return Done{};
}

/// Refuses a key that is unknown or comes twice; remembers the rest. For at most 32 known keys.
class JsonKeys {
 public:
  explicit JsonKeys(std::span<const std::string_view> known) : known_(known) {}
  /// `where` is of the object.
  Status see(std::string_view key, const JsonPlace& where);
  bool saw(std::string_view key) const noexcept { return (seen_ & bitOf(key)) != 0; }

 private:
  std::uint32_t bitOf(std::string_view key) const noexcept;
  std::span<const std::string_view> known_;
  std::uint32_t seen_ = 0;
};

}  // namespace holdfast
