#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "plugin/holdfast_enactor.h"
#include "plugin/watch/directory_events.h"
#include "plugin/watch/plan_file.h"

namespace holdfast::watch {

struct WatchOptions {
  std::string directory;
  std::chrono::milliseconds poll{1000};     ///< how often to look where the kernel tells nothing
  std::uint64_t maxOctets = 1024ull << 20;  ///< of one file
};

/// Follows one directory on a thread of its own and submits the newest plan that appears in it.
/// start() and stop() from one thread.
class Watcher {
 public:
  /// `host` outlives it. Throws std::system_error.
  Watcher(const holdfast_host& host, WatchOptions options) : host_(host), options_(std::move(options)) {}
  ~Watcher() { stop(); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void start();  ///< throws std::system_error
  void stop() noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  /// A file not handled yet, as it was when its generation was asked for.
  struct Candidate {
    std::string name;
    FileFormat format = FileFormat::Json;
    FileIdentity identity;
    std::uint64_t generation = 0;
  };
  /// Why the other candidates of a round need not be submitted; 0 as long as they must.
  struct Settled {
    bool settled = false;
    std::uint64_t generation = 0;
  };

  void run();
  void look();
  Descriptor openDirectory();
  std::vector<std::string> fileNames(int directory);
  std::vector<Candidate> candidates(int directory);
  void skipOld(std::vector<Candidate>& found);
  void submitNewest(int directory, const std::vector<Candidate>& found);
  PlanFile read(int directory, const std::string& name, FileFormat format);
  void submit(const Candidate& candidate, const std::string& body, Settled& settled);
  void reportStalled();

  void handled(const std::string& name, const FileIdentity& identity) { handled_[name] = identity; }
  bool isHandled(int directory, const std::string& name) const;
  void directoryProblem(const std::string& problem);
  void directoryWell();
  void unreadable(const std::string& name, const std::string& problem);
  void log(std::uint32_t level, const std::string& text) const;
  void health(bool healthy, const std::string& text) const;
  std::string path(const std::string& name) const { return options_.directory + "/" + name; }

  const holdfast_host& host_;
  const WatchOptions options_;
  DirectoryEvents events_;
  std::thread thread_;

  // Of the thread.
  std::map<std::string, FileIdentity> handled_;  // by file name; of files that are still there
  std::uint64_t device_ = 0, inode_ = 0;         // of the directory that is followed
  bool following_ = false;
  bool well_ = false;             // it could be listed at the last look
  bool arrived_ = true;           // nothing of this directory was looked at yet
  std::string directoryProblem_;  // last told
  std::string failure_;           // of the server, last told
  Clock::time_point retryAt_{};
  Clock::duration backoff_{};
};

}  // namespace holdfast::watch
