#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zone/intake.h"

namespace holdfast {

/// One Enactor as the configuration asks for it: `- watch: /etc/holdfast/plans/x` is kind "watch", argument
/// the path.
struct EnactorSpec {
  std::string kind;
  std::string argument;
  std::map<std::string, std::string> options;
  friend bool operator==(const EnactorSpec&, const EnactorSpec&) = default;
};

/// How one running Enactor is doing, for `status` and metrics.
struct EnactorHealth {
  Name zone;
  std::string name;  ///< "watch:/etc/holdfast/plans/x"
  bool healthy = false;
  std::string detail;  ///< what it last said of itself
  std::uint64_t submitted = 0, published = 0, refused = 0;
};

enum class LogLevel { Debug, Info, Warning, Error };

/// Loads Enactor plugins (shared objects speaking plugin/holdfast_enactor.h), runs one instance per zone and
/// specification, and carries what they submit to the Intake. Thread rule: all calls from one thread, except
/// health(), which any thread may call.
class EnactorHost {
 public:
  using Log = std::function<void(LogLevel, std::string_view zone, std::string_view message)>;

  /// `pluginDirectory` holds holdfast_enactor_KIND.so for each kind.
  EnactorHost(const Intake& intake, std::string pluginDirectory, Log log);
  ~EnactorHost();  ///< stops and joins every Enactor
  EnactorHost(const EnactorHost&) = delete;
  EnactorHost& operator=(const EnactorHost&) = delete;

  /// Makes the running Enactors those of `wanted`: stops the ones not in it, starts the new ones, leaves
  /// equal ones alone. Reports what could not be started; the others run.
  std::vector<Error> reconcile(const std::map<Name, std::vector<EnactorSpec>>& wanted);
  std::vector<EnactorHealth> health() const;

 private:
  class Module;
  class Instance;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast
