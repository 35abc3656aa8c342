// A plugin of an ABI that is not this server's.
#include "plugin/holdfast_enactor.h"

namespace {
constexpr holdfast_enactor_table kTable{sizeof(holdfast_enactor_table),
                                        HOLDFAST_ENACTOR_ABI + 1,
                                        0,
                                        "wrong_abi",
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        nullptr};
}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
