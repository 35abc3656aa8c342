#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

/// "1 target", "2 targets": `many` ends with the "s" that one is without.
inline std::string counted(std::int64_t number, std::string_view many) {
  return std::to_string(number) + " " + std::string(many.substr(0, many.size() - (number == 1 ? 1 : 0)));
}

}  // namespace holdfast
