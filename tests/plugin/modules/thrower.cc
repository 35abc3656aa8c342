// A plugin that throws before it is one, under the lock of the dynamic linker.
#include <stdexcept>

#include "plugin/holdfast_enactor.h"

namespace {
const int kNever = []() -> int { throw std::runtime_error("loading is odd"); }();
}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  static const holdfast_enactor_table table{
      static_cast<std::size_t>(kNever), 0, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  return &table;
}
