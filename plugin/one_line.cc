#include "plugin/one_line.h"

#include <cstdint>

namespace holdfast {

namespace {

constexpr bool isControl(std::uint8_t octet) noexcept {
  return octet < 0x20 || octet == 0x7f;
}

void escape(std::string& out, std::uint8_t octet) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (octet) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\x";
      out += kDigits[octet >> 4u];
      out += kDigits[octet & 0xfu];
  }
}

}  // namespace

std::string oneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t next = i + 1 < text.size() ? static_cast<std::uint8_t>(text[i + 1]) : 0;
    if (octet == 0xc2 && next >= 0x80 && next < 0xa0)  // U+0080 to U+009F
      escape(line, static_cast<std::uint8_t>(text[++i]));
    else if (isControl(octet))
      escape(line, octet);
    else
      line += text[i];
  }
  return line;
}

}  // namespace holdfast
