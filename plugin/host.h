#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "plugin/enactor_limits.h"
#include "zone/intake.h"

namespace holdfast {

/// One Enactor as the configuration asks for it: `- watch: /etc/holdfast/plans/x` is kind "watch", argument
/// the path.
struct EnactorSpec {
  std::string kind;
  std::string argument;
  std::map<std::string, std::string> options;
  std::string where{};  ///< "file:line:column" of the configuration; two that differ in it alone are equal
  friend bool operator==(const EnactorSpec& a, const EnactorSpec& b) {
    return std::tie(a.kind, a.argument, a.options) == std::tie(b.kind, b.argument, b.options);
  }
};

enum class EnactorState {
  Starting,  ///< being loaded, created or started; or waiting for one before it that hangs
  Running,
  Stopping,
  Hung,    ///< one of its calls has not returned within limits.enactor-call
  Failed,  ///< could not be started, or ended by an exception; a reload tries it again
  Stopped  ///< ended by itself
};
constexpr std::size_t kEnactorStates = 6;
std::string_view toText(EnactorState state) noexcept;

/// How one Enactor is doing, for `status` and metrics. Counts are since it was started.
struct EnactorHealth {
  Name zone;
  std::string name;  ///< "watch:/etc/holdfast/plans/x"
  bool healthy = false;
  std::string detail;  ///< what it last said of itself, or what is wrong with it
  std::uint64_t submitted = 0, published = 0, refused = 0;
  std::uint64_t superseded = 0, failed = 0;
  EnactorState state = EnactorState::Starting;
  std::uint64_t throttled = 0;       ///< submissions that had to wait for their turn, or were turned away
  std::uint64_t linesDropped = 0;    ///< of its log
  std::uint64_t crashes = 0;         ///< exceptions that ended a thread which its plugin made
  std::string lastOutcome{};         ///< "published 7", "refused by stale-generation"
  std::optional<WallTime> lastAt{};  ///< of lastOutcome
};

enum class LogLevel { Debug, Info, Warning, Error };

/// Loads Enactor plugins (shared objects speaking plugin/holdfast_enactor.h), runs one instance per zone and
/// specification, and carries what they submit to the Intake. Every call into a plugin is made on a thread
/// of that instance, so one that hangs holds up nobody: it is told of, and given up at the end.
/// Any thread; reconcile() and stop() from one.
class EnactorHost {
 public:
  using Log = std::function<void(LogLevel, std::string_view zone, std::string_view message)>;
  using Wanted = std::map<Name, std::vector<EnactorSpec>>;

  /// `pluginDirectory` holds holdfast_enactor_KIND.so for each kind. `intake` outlives it. `log` is called
  /// from any thread, one at a time.
  EnactorHost(const Intake& intake, std::string pluginDirectory, Log log, const EnactorLimits& limits = {});
  ~EnactorHost();  ///< as stop()
  EnactorHost(const EnactorHost&) = delete;
  EnactorHost& operator=(const EnactorHost&) = delete;

  /// From now on the Enactors are to be those of `wanted`: others end, new ones begin, equal ones stay, those
  /// that failed are tried again. Returns at once; what fails is logged, and stands in health(). A new one of
  /// the kind, zone and argument of one that ends begins when that has ended, so that no source is taken by
  /// two.
  void reconcile(Wanted wanted);
  void setLimits(const EnactorLimits& limits);
  /// Waits until every Enactor wanted runs, has failed or hangs, and every other has ended or hangs.
  void settle() const;
  std::vector<EnactorHealth> health() const;

  /// Ends all and waits for them, limits.enactor-call at most beside submissions under way. Afterwards
  /// nothing reaches the intake any more. Returns how many hang and were given up: their threads go on, and
  /// find nothing behind the interface.
  std::size_t stop();

  /// Whether there is such a kind and it takes argument and options; no source is touched. The Error does not
  /// say where the specification stands. Nothing is running but a thread given up where the plugin hangs.
  static Status check(const std::string& pluginDirectory, const Name& zone, const EnactorSpec& spec,
                      const EnactorLimits& limits);

 private:
  class Module;
  class Modules;
  class Instance;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast
