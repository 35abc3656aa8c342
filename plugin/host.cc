#include "plugin/host.h"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "plugin/instance.h"

namespace holdfast {

struct EnactorHost::State {
  const Intake& intake;
  const std::string directory;
  std::mutex logMutex;  // Enactors log from their own threads; the log given to the host need not stand that
  const Log log;

  mutable std::mutex mutex;  // guards the two below; never held while a plugin is called
  std::vector<std::shared_ptr<Instance>> running;
  std::vector<EnactorHealth> failed;  // what the last reconcile could not start

  State(const Intake& intakeOf, std::string pluginDirectory, Log to)
      : intake(intakeOf),
        directory(std::move(pluginDirectory)),
        log([this, sink = std::move(to)](LogLevel level, std::string_view zone, std::string_view message) {
          const std::lock_guard lock(logMutex);
          sink(level, zone, message);
        }) {}

  /// The module of a kind: the one that runs already, or a new one.
  Result<std::shared_ptr<const Module>> module(const std::string& kind) {
    const auto found = modules.find(kind);
    if (found != modules.end())
      if (std::shared_ptr<const Module> loaded = found->second.lock()) return loaded;
    Result<std::shared_ptr<const Module>> loaded = Module::load(directory, kind);
    if (loaded) modules[kind] = *loaded;
    return loaded;
  }

  Result<std::shared_ptr<Instance>> start(const Name& zone, const EnactorSpec& spec) {
    Result<std::shared_ptr<const Module>> plugin = module(spec.kind);
    if (!plugin) return plugin.error();
    auto instance = std::make_shared<Instance>(intake, log, zone, spec, *std::move(plugin));
    if (Status started = instance->start(); !started) return started.error();
    return instance;
  }

  /// REQUIRES: the host's thread, the only one that changes `running`.
  bool runs(const Name& zone, const EnactorSpec& spec) const {
    return std::any_of(running.begin(), running.end(), [&](const std::shared_ptr<Instance>& instance) {
      return instance->zone() == zone && instance->spec() == spec;
    });
  }

  std::map<std::string, std::weak_ptr<const Module>> modules;  // of the host's thread
};

EnactorHost::EnactorHost(const Intake& intake, std::string pluginDirectory, Log log)
    : state_(std::make_unique<State>(intake, std::move(pluginDirectory), std::move(log))) {}

EnactorHost::~EnactorHost() {
  reconcile({});
}

std::vector<Error> EnactorHost::reconcile(const std::map<Name, std::vector<EnactorSpec>>& wanted) {
  State& state = *state_;
  const auto isWanted = [&](const std::shared_ptr<Instance>& instance) {
    const auto zone = wanted.find(instance->zone());
    return zone != wanted.end() &&
           std::find(zone->second.begin(), zone->second.end(), instance->spec()) != zone->second.end();
  };
  std::vector<std::shared_ptr<Instance>> ended;
  {
    const std::lock_guard lock(state.mutex);
    const auto first = std::stable_partition(state.running.begin(), state.running.end(), isWanted);
    ended.assign(std::make_move_iterator(first), std::make_move_iterator(state.running.end()));
    state.running.erase(first, state.running.end());
  }
  ended.clear();  // before the new ones begin, so that no source is taken by two

  std::vector<Error> errors;
  std::vector<EnactorHealth> failed;
  for (const auto& [zone, specs] : wanted)
    for (const EnactorSpec& spec : specs) {
      if (state.runs(zone, spec)) continue;
      Result<std::shared_ptr<Instance>> started = state.start(zone, spec);
      if (started) {
        const std::lock_guard lock(state.mutex);
        state.running.push_back(*std::move(started));
        continue;
      }
      failed.push_back({zone, Instance::nameOf(spec), false, started.error().text(), 0, 0, 0});
      errors.push_back(std::move(started).error());
    }
  const std::lock_guard lock(state.mutex);
  state.failed = std::move(failed);
  return errors;
}

std::vector<EnactorHealth> EnactorHost::health() const {
  std::vector<EnactorHealth> all;
  {
    const std::lock_guard lock(state_->mutex);
    all = state_->failed;
    for (const std::shared_ptr<Instance>& instance : state_->running) all.push_back(instance->health());
  }
  std::sort(all.begin(), all.end(), [](const EnactorHealth& a, const EnactorHealth& b) {
    return std::tie(a.zone, a.name) < std::tie(b.zone, b.name);
  });
  return all;
}

}  // namespace holdfast
