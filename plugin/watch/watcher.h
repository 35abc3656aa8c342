#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plugin/holdfast_enactor.h"
#include "plugin/watch/directory_events.h"
#include "plugin/watch/plan_file.h"
#include "plugin/watch/plan_order.h"

namespace holdfast::watch {

struct WatchOptions {
  std::string directory;
  std::chrono::milliseconds poll{1000};     ///< how often to look where the kernel tells nothing
  std::uint64_t maxOctets = 1024ull << 20;  ///< of one file
};

/// Follows one directory and submits the newest plan that appears in it, deltas after their bases.
class Watcher {
 public:
  /// `host` outlives it. Throws std::system_error.
  Watcher(const holdfast_host& host, WatchOptions options) : host_(host), options_(std::move(options)) {}
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void run();            ///< returns after stop(), from another thread
  void stop() noexcept;  ///< does not wait

 private:
  using Clock = std::chrono::steady_clock;

  /// A delta that came before its base.
  struct Waiting {
    FoundPlan candidate;
    Clock::time_point since;
    bool told = false;  ///< it was refused once
    bool isQuiet() const;
  };

  void look();
  Descriptor openDirectory();
  std::vector<std::string> fileNames(int directory);
  std::vector<FoundPlan> candidates(int directory);
  void skipOld(std::vector<FoundPlan>& found);
  void submitAll(int directory, std::vector<FoundPlan> found);
  void submitOne(int directory, const FoundPlan& candidate);
  void passOver(std::vector<FoundPlan>& found, std::uint64_t newest);
  bool describe(const PlanFile& file, FoundPlan& candidate);
  PlanFile read(int directory, const std::string& name, FileFormat format);
  void submit(const FoundPlan& candidate, const std::string& body);
  void judged(const FoundPlan& candidate, const holdfast_outcome& outcome);
  void failed(const FoundPlan& candidate, const char* text);
  void reportStalled();

  bool mustWait(const FoundPlan& candidate, std::uint64_t committed);
  void releaseWaiting();
  Clock::duration pause() const;

  void handled(const std::string& name, const FileIdentity& identity);
  bool isHandled(int directory, const std::string& name) const;
  void supersede(const FoundPlan& candidate, std::uint64_t by);
  void directoryProblem(const std::string& problem);
  void directoryWell();
  void unreadable(const std::string& name, const std::string& problem);
  void log(std::uint32_t level, const std::string& text) const;
  void health(bool healthy, const std::string& text) const;
  std::string path(const std::string& name) const { return options_.directory + "/" + name; }

  const holdfast_host& host_;
  const WatchOptions options_;
  DirectoryEvents events_;

  // Of the thread that is in run().
  std::map<std::string, FileIdentity> handled_;  // by file name; of files that are still there
  std::map<std::string, Waiting> waiting_;       // likewise
  std::uint64_t settledBy_ = 0;           // the newest generation that this look found or made committed
  bool again_ = false;                    // this look may have made room for another one
  std::uint64_t device_ = 0, inode_ = 0;  // of the directory that is followed
  bool following_ = false;
  bool well_ = false;             // it could be listed at the last look
  bool arrived_ = true;           // nothing of this directory was looked at yet
  std::string directoryProblem_;  // last told
  std::string failure_;           // of the server, last told
  Clock::time_point retryAt_{};
  Clock::duration backoff_{};
};

}  // namespace holdfast::watch
