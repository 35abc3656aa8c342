#include "tools/zonectl/palette.h"

#include <algorithm>

namespace holdfast::zonectl {

std::string Palette::paint(Colour colour, std::string_view text) const {
  const char* code = "";
  switch (colour) {
    case Colour::None:
      break;
    case Colour::Bold:
      code = "1";
      break;
    case Colour::Dim:
      code = "2";
      break;
    case Colour::Red:
      code = "31";
      break;
    case Colour::Green:
      code = "32";
      break;
    case Colour::Yellow:
      code = "33";
      break;
  }
  if (!coloured_ || *code == '\0' || text.empty()) return std::string(text);
  return std::string("\033[").append(code).append("m").append(text).append("\033[0m");
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, which some terminals obey, are C2 80 to C2 9F.
    const bool c1 = octet == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    if (octet == '\n' || octet == '\t')
      out += ' ';
    else
      out += octet < 0x20 || octet == 0x7F || c1 ? '?' : text[i];
  }
  return out;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns, const Palette& palette,
                    Colour colour) {
  const std::string blanks(indent, ' ');
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += blanks + palette.paint(colour, line) + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = columns == 0 ? text.size() : std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && indent + columnsOf(line) + 1 + columnsOf(word) > columns) flush();
    line.append(line.empty() ? "" : " ").append(word);
  }
  flush();
  return out;
}

std::size_t columnsOf(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;  // the first octet of each character
  }));
}

}  // namespace holdfast::zonectl
