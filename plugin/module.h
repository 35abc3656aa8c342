#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "plugin/holdfast_enactor.h"
#include "plugin/host.h"
#include "plugin/server_link.h"
#include "plugin/uncaught.h"

namespace holdfast {

/// No structure of the interface will ever be larger, in octets: a size above it is garbage.
inline constexpr std::size_t kLargestStructure = 4096;
/// How much of a structure of so many octets are whole members: half a pointer is none. Behind their first
/// members all structures of the interface have members of the size of a pointer.
inline constexpr std::size_t wholeMembers(std::size_t octets) noexcept {
  return octets - octets % alignof(void*);
}

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

  explicit Module(const holdfast_enactor_table& table) : table_(table) {}
  void watchThreads(const std::string& kind, const std::shared_ptr<ServerLink>& link);

  const holdfast_enactor_table table_;
  const std::shared_ptr<CrashLog> crashLog_ = std::make_shared<CrashLog>();
  std::shared_ptr<const UncaughtReport> report_;  // told while this lives
};

/// The modules of one directory, each loaded once for all instances that run. Any thread.
class EnactorHost::Modules {
 public:
  Modules(std::string directory, std::shared_ptr<ServerLink> link)
      : directory_(std::move(directory)), link_(std::move(link)) {}

  /// The module of a kind: the one that runs already, or a new one. A kind that hangs where it is loaded
  /// holds up none that runs.
  Result<std::shared_ptr<const Module>> get(const std::string& kind);

 private:
  std::shared_ptr<const Module> running(const std::string& kind) const;

  const std::string directory_;
  const std::shared_ptr<ServerLink> link_;
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Module>> modules_;
};

}  // namespace holdfast
