#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "plugin/bell.h"
#include "plugin/module.h"
#include "plugin/one_line.h"
#include "plugin/server_link.h"
#include "plugin/turnstile.h"

namespace holdfast {

/// One Enactor: the life of the plugin's instance on a thread of its own, what the plugin sees of the server,
/// and the count of what it did. live() runs on that thread; all else, and all that the plugin calls, any.
class EnactorHost::Instance {
 public:
  using Clock = std::chrono::steady_clock;

  /// `bell` is rung when health() or overdue() may have something new to tell.
  Instance(std::shared_ptr<ServerLink> link, std::shared_ptr<Bell> bell, std::shared_ptr<Modules> modules,
           Name zone, EnactorSpec spec);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Loads, creates and starts, waits for askToStop() or for the plugin to end by itself, stops and
  /// destroys. Returns as late as the plugin lets it. An Instance is kept until it has returned, for ever if
  /// need be.
  void live() noexcept;
  /// Loads, creates and destroys. The first thing that went wrong. Thread rule as live().
  Status tryOut();
  void askToStop();

  bool isAskedToStop() const;
  bool hasEnded() const;
  /// Has ended or failed, or is about to end.
  bool isEnding() const;
  bool isHung() const;
  /// Loaded, created and started, or not going to be.
  bool hasBegun() const;

  /// Tells, once for each call into the plugin, that it takes longer than `limit`. Returns when that is to be
  /// asked again, if the bell does not ring before.
  Clock::time_point overdue(Clock::time_point now, Clock::duration limit);

  const Name& zone() const noexcept { return zone_; }
  const EnactorSpec& spec() const noexcept { return spec_; }
  const std::string& name() const noexcept { return name_; }
  EnactorHealth health() const;
  /// As ServerLink::say().
  template <std::convertible_to<std::string_view>... Pieces>
  void say(LogLevel level, const Pieces&... pieces) const noexcept {
    link_->say(level, zoneText_, name_, ": ", pieces...);
  }
  void sayGivenUp() const noexcept;
  static std::string nameOf(const EnactorSpec& spec) { return spec.kind + ":" + oneLine(spec.argument); }

 private:
  /// Where the instance's thread is.
  enum class Phase { Loading, Create, Start, Working, Stop, Finish, Destroy, Ended };
  static std::string_view textOf(Phase phase) noexcept;
  EnactorState stateOf() const;

  template <class Call>
  Status guarded(std::string_view what, Call call);
  void endedThread(std::string_view what) noexcept;
  Error threwIn(std::string_view what) const noexcept;
  Status load();
  Status create();
  Status start();
  void waitForEnd();
  void end();
  void enter(Phase phase) noexcept;
  void fail(const Error& error, const char* what) noexcept;

  // What the plugin calls (instance_calls.cc), as the plugin calls it (host_table.cc).
  holdfast_host hostTable() noexcept;
  static Instance* of(const holdfast_host* host) noexcept;
  template <class Call>
  static void answer(const holdfast_host* host, const char* function, Call call) noexcept;
  static int answerFacts(const holdfast_host* host, std::uint32_t format, std::string_view body,
                         holdfast_plan_facts& facts, std::span<char> error) noexcept;

  /// A holdfast_outcome with texts of its own.
  struct Submitted {
    std::uint32_t kind = HOLDFAST_FAILED;
    Generation generation = 0, committed = 0;
    std::string rule, text;
  };
  Submitted submit(const holdfast_document* document);
  Submitted judge(const Document& document, const Status& sane);
  void count(const Submitted& outcome);
  void unreadable(std::string where, std::string what);
  Result<Intake::Facts> factsOf(std::uint32_t format, std::string_view body);
  Generation committed();
  void writeLog(LogLevel level, const std::string& text);
  void report(bool healthy, std::string detail);
  std::string cut(const char* text) const;

  Status takeTurn(Turnstile& turnstile, bool counted);
  bool serve(const std::function<void(const Intake&)>& work);
  void logOutcome(const Outcome& outcome) const;
  void logUnrecorded(const Outcome& outcome) const;

  // Constant after construction.
  const std::shared_ptr<ServerLink> link_;
  const std::shared_ptr<Bell> bell_;
  const std::shared_ptr<Modules> modules_;
  const Name zone_;
  const std::string zoneText_;
  const EnactorSpec spec_;
  const std::string name_;
  const Caller caller_;
  const holdfast_host host_;

  // Of the instance's thread.
  holdfast_enactor* enactor_ = nullptr;
  bool started_ = false;
  std::thread runner_;

  std::atomic<bool> stopping_{false};  // nothing is to be submitted any more
  Turnstile turnstile_;                // submissions
  Turnstile questions_;                // committed()

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable moved_;
  std::shared_ptr<const Module> module_;  // null until loaded; stays what it is then
  Phase phase_ = Phase::Loading;
  Clock::time_point since_ = Clock::now();  // of the phase, or of the last return from the server's own work
  std::size_t busy_ = 0;                    // calls that the server works on
  bool hung_ = false;
  bool askedToStop_ = false;
  bool runEnded_ = true;
  std::string failure_;  // why it ended, or did not begin
  EnactorHealth health_;
  TokenBucket logBucket_;
  std::uint64_t unsaidDrops_ = 0;
};

}  // namespace holdfast
