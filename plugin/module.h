#pragma once

#include <memory>
#include <string>

#include "plugin/holdfast_enactor.h"
#include "plugin/host.h"

namespace holdfast {

/// A loaded plugin: its shared object stays mapped while one of these lives. Immutable, any thread.
class EnactorHost::Module {
 public:
  /// Loads holdfast_enactor_KIND.so of `directory` and checks that it speaks this server's ABI. Errors name
  /// the file, what is wrong with it and what to do.
  static Result<std::shared_ptr<const Module>> load(const std::string& directory, const std::string& kind);

  const holdfast_enactor_table& table() const noexcept { return *table_; }

 private:
  struct Closer {
    void operator()(void* handle) const noexcept;
  };
  using Handle = std::unique_ptr<void, Closer>;

  Module(Handle handle, const holdfast_enactor_table* table) : handle_(std::move(handle)), table_(table) {}

  Handle handle_;
  const holdfast_enactor_table* table_;  // points into what handle_ keeps mapped
};

}  // namespace holdfast
