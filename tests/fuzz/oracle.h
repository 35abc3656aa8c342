#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace holdfast::test {

/// Ends the fuzzer, so that libFuzzer keeps the input, where a property does not hold.
inline void expect(bool holds, std::string_view property, const std::string& seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN: %.*s\n%s\n", static_cast<int>(property.size()), property.data(),
               seen.c_str());
  std::abort();
}

}  // namespace holdfast::test
