#include "tools/zonectl/url.h"

namespace holdfast::zonectl {

std::string percentEncode(std::string_view text, bool dots) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '~' || (c == '.' && !dots);
    const auto octet = static_cast<unsigned char>(c);
    if (plain)
      out += c;
    else
      out.append({'%', kHex[octet >> 4], kHex[octet & 15]});
  }
  return out;
}

std::string zonePath(std::string_view zone, std::string_view rest) {
  const bool onlyDots = zone.find_first_not_of('.') == std::string_view::npos;
  return "/v1/zones/" + percentEncode(zone, onlyDots) + std::string(rest);
}

Target& Target::with(std::string_view key, std::string_view value) {
  text_ += separator_;
  text_.append(key).append("=").append(percentEncode(value));
  separator_ = '&';
  return *this;
}

}  // namespace holdfast::zonectl
