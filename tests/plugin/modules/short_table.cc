// A plugin whose table ends before its functions.
#include <cstddef>

#include "plugin/holdfast_enactor.h"

namespace {
constexpr holdfast_enactor_table kTable{offsetof(holdfast_enactor_table, create),
                                        HOLDFAST_ENACTOR_ABI,
                                        0,
                                        "short_table",
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr};
}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
