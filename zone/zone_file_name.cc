#include "zone/zone_file_name.h"

#include "zone/digest.h"

namespace holdfast {

std::string zoneInFileName(NameView apex) {
  constexpr std::size_t kLongest = 120;
  const std::string text = toText(apex);
  std::string name;
  for (const char c : text.substr(0, text.size() - 1))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.') name += c;
  if (name.size() + 1 == text.size() && name.size() <= kLongest && !name.empty()) return name;
  return name.substr(0, kLongest) + "~" + toHex(sha256(text)).substr(0, 16);
}

}  // namespace holdfast
