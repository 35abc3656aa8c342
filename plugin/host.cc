#include "plugin/host.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "plugin/instance.h"
#include "plugin/quiet_thread.h"

namespace holdfast {

namespace {

using Clock = std::chrono::steady_clock;

/// How soon an Enactor is tried again for which the system had no thread.
constexpr auto kThreadRetry = std::chrono::seconds(1);

}  // namespace

std::string_view toText(EnactorState state) noexcept {
  constexpr std::array<std::string_view, kEnactorStates> kTexts{"starting", "running", "stopping",
                                                                "hung",     "failed",  "stopped"};
  return kTexts[static_cast<std::size_t>(state)];
}

/// The supervisor's thread makes the Enactors those wanted, and never calls a plugin itself.
struct EnactorHost::State {
  struct Slot {
    std::shared_ptr<Instance> instance;
    std::thread thread;
    bool again = false;  // to be tried again when it has ended
  };

  const std::shared_ptr<ServerLink> link;
  const std::shared_ptr<Modules> modules;
  const std::shared_ptr<Bell> bell = std::make_shared<Bell>();

  mutable std::mutex mutex;  // guards all below; never held while a plugin is called
  mutable std::condition_variable swept;
  Wanted wanted;
  bool changed = false;  // `wanted` is, and the slots do not know yet
  bool quit = false;
  bool stopped = false;
  std::vector<Slot> slots;
  std::thread supervisor;

  State(std::string pluginDirectory, std::shared_ptr<ServerLink> to)
      : link(std::move(to)), modules(std::make_shared<Modules>(std::move(pluginDirectory), link)) {}

  bool isWanted(const Instance& instance) const {
    const auto zone = wanted.find(instance.zone());
    return zone != wanted.end() &&
           std::find(zone->second.begin(), zone->second.end(), instance.spec()) != zone->second.end();
  }

  /// The slot of that specification, or one that must end before it can have its own.
  const Slot* inTheWayOf(const Name& zone, const EnactorSpec& spec) const {
    for (const Slot& slot : slots)
      if (slot.instance->zone() == zone &&
          (slot.instance->spec() == spec ||
           (slot.instance->isAskedToStop() && slot.instance->name() == Instance::nameOf(spec))))
        return &slot;
    return nullptr;
  }

  void begin(const Name& zone, const EnactorSpec& spec) {
    const auto instance = std::make_shared<Instance>(link, bell, modules, zone, spec);
    slots.reserve(slots.size() + 1);  // from here on nothing fails that has a thread already
    slots.push_back({instance, quietThread("enactor", [instance] { instance->live(); }), false});
  }

  void endUnwanted() {
    for (Slot& slot : slots)
      if (!isWanted(*slot.instance) && !slot.instance->isAskedToStop()) slot.instance->askToStop();
    std::erase_if(slots, [&](Slot& slot) {
      if (!slot.instance->hasEnded()) return false;
      if (slot.thread.joinable()) slot.thread.join();  // it has nothing left to do
      return slot.again || slot.instance->isAskedToStop();
    });
  }

  void beginWanted() {
    for (const auto& [zone, specs] : wanted)
      for (const EnactorSpec& spec : specs)
        if (inTheWayOf(zone, spec) == nullptr) begin(zone, spec);
  }

  /// One look at everything. Returns when to look again, if the bell does not ring before.
  Clock::time_point sweep() {
    const std::lock_guard lock(mutex);
    Clock::time_point next = Clock::time_point::max();
    endUnwanted();
    try {
      beginWanted();
    } catch (const std::exception& problem) {
      link->say(LogLevel::Error, "", "an Enactor waits for a thread or memory: ", problem.what());
      next = Clock::now() + kThreadRetry;
    }
    const Clock::time_point now = Clock::now();
    for (const Slot& slot : slots) next = std::min(next, slot.instance->overdue(now, link->limits().call));
    changed = false;
    swept.notify_all();
    return next;
  }

  void supervise() {
    for (;;) {
      const Clock::time_point next = sweep();
      {
        const std::lock_guard lock(mutex);
        if (quit) return;
      }
      bell->wait(next);
    }
  }

  /// REQUIRES: mutex.
  bool isSettled() const {
    if (changed) return false;
    // What has to end has not, until a sweep has taken its slot away: another one may have to begin in it.
    return std::all_of(slots.begin(), slots.end(), [](const Slot& slot) {
      const Instance& instance = *slot.instance;
      if (instance.isHung()) return true;
      return !instance.isAskedToStop() && !slot.again && instance.hasBegun();
    });
  }
};

EnactorHost::EnactorHost(const Intake& intake, std::string pluginDirectory, Log log,
                         const EnactorLimits& limits)
    : state_(std::make_unique<State>(std::move(pluginDirectory),
                                     std::make_shared<ServerLink>(&intake, std::move(log), limits))) {
  state_->supervisor = quietThread("supervisor", [state = state_.get()] { state->supervise(); });
}

EnactorHost::~EnactorHost() {
  stop();
}

void EnactorHost::reconcile(Wanted wanted) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopped) return;
    state_->wanted = std::move(wanted);
    state_->changed = true;
    for (State::Slot& slot : state_->slots) slot.again = slot.instance->isEnding();
  }
  state_->bell->ring();
}

void EnactorHost::setLimits(const EnactorLimits& limits) {
  state_->link->setLimits(limits);
  state_->bell->ring();
}

void EnactorHost::settle() const {
  std::unique_lock lock(state_->mutex);
  state_->swept.wait(lock, [&] { return state_->isSettled(); });
}

std::vector<EnactorHealth> EnactorHost::health() const {
  std::vector<EnactorHealth> all;
  {
    const std::lock_guard lock(state_->mutex);
    for (const State::Slot& slot : state_->slots) all.push_back(slot.instance->health());
  }
  std::sort(all.begin(), all.end(), [](const EnactorHealth& a, const EnactorHealth& b) {
    return std::tie(a.zone, a.name) < std::tie(b.zone, b.name);
  });
  return all;
}

std::size_t EnactorHost::stop() {
  reconcile({});
  std::size_t givenUp = 0;
  {
    std::unique_lock lock(state_->mutex);
    if (std::exchange(state_->stopped, true)) return 0;
    state_->swept.wait(lock, [&] { return state_->isSettled(); });
    state_->quit = true;
    for (State::Slot& slot : state_->slots) {
      if (slot.instance->hasEnded()) continue;
      slot.instance->sayGivenUp();
      slot.thread.detach();
      ++givenUp;
    }
  }
  state_->bell->ring();
  state_->supervisor.join();
  for (State::Slot& slot : state_->slots)
    if (slot.thread.joinable()) slot.thread.join();
  state_->link->cut();
  return givenUp;
}

Status EnactorHost::check(const std::string& pluginDirectory, const Name& zone, const EnactorSpec& spec,
                          const EnactorLimits& limits) {
  const auto link = std::make_shared<ServerLink>(nullptr, Log(), limits);
  const auto bell = std::make_shared<Bell>();
  const auto modules = std::make_shared<Modules>(pluginDirectory, link);
  const auto instance = std::make_shared<Instance>(link, bell, modules, zone, spec);
  const auto result = std::make_shared<Status>(Done{});
  std::thread thread = quietThread("enactor", [instance, result] { *result = instance->tryOut(); });
  Clock::time_point next{};
  while (!instance->hasEnded() && !instance->isHung()) {
    next = instance->overdue(Clock::now(), limits.call);
    if (!instance->isHung()) bell->wait(next);
  }
  if (!instance->hasEnded()) {
    thread.detach();
    return Error{ErrorKind::System, instance->name(), instance->health().detail};
  }
  thread.join();
  return *result;
}

}  // namespace holdfast
