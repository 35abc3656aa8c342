#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "plugin/holdfast_enactor.h"
#include "plugin/host.h"
#include "plugin/server_link.h"
#include "plugin/uncaught.h"

namespace holdfast {

/// No structure of the interface will ever be larger, in octets: a size above it is garbage.
inline constexpr std::size_t kLargestStructure = 4096;

/// A loaded plugin. Its shared object stays mapped to the end of the process, because threads of its own may
/// outlast every instance. Any thread.
class EnactorHost::Module {
 public:
  /// Loads holdfast_enactor_KIND.so of `directory` and checks that it speaks this server's ABI. Errors name
  /// the file, what is wrong with it and what to do. Exceptions that end threads of the plugin are told to
  /// `link`. Runs code of the plugin, which may hang.
  static Result<std::shared_ptr<const Module>> load(const std::string& directory, const std::string& kind,
                                                    const std::shared_ptr<ServerLink>& link);

  /// Members that the plugin did not fill in are null.
  const holdfast_enactor_table& table() const noexcept { return table_; }

  /// Of threads that the plugin made: how many ended by an exception, and by which the last did.
  struct Crashes {
    std::uint64_t count = 0;
    std::string last;
  };
  Crashes crashes() const;

 private:
  struct CrashLog {
    std::mutex mutex;
    Crashes crashes;
  };
  struct Closer {
    void operator()(void* handle) const noexcept;
  };
  using Handle = std::unique_ptr<void, Closer>;

  Module(Handle handle, const holdfast_enactor_table& table);
  void watchThreads(const std::string& kind, const std::shared_ptr<ServerLink>& link);

  const Handle handle_;
  const holdfast_enactor_table table_;
  const std::shared_ptr<CrashLog> crashLog_ = std::make_shared<CrashLog>();
  std::shared_ptr<const UncaughtReport> report_;  // told while this lives
};

}  // namespace holdfast
