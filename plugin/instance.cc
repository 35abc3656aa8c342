// The life of one Enactor. What it calls meanwhile is in instance_calls.cc, how in host_table.cc.
#include "plugin/instance.h"

#include <cstring>
#include <exception>
#include <utility>

#include "plugin/quiet_thread.h"
#include "plugin/uncaught.h"

namespace holdfast {

namespace {

/// Room for what a plugin says about its failure.
constexpr std::size_t kErrorOctets = 1024;

std::string seconds(std::chrono::steady_clock::duration duration) {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  return whole.count() < 1000 ? std::to_string(whole.count()) + " ms"
                              : std::to_string(whole.count() / 1000) + " s";
}

}  // namespace

std::string_view EnactorHost::Instance::textOf(Phase phase) noexcept {
  switch (phase) {
    case Phase::Loading:
      return "loading";
    case Phase::Create:
      return "create";
    case Phase::Start:
      return "start";
    case Phase::Working:
      return "work";
    case Phase::Stop:
      return "stop";
    case Phase::Finish:
      return "run, after stop,";
    case Phase::Destroy:
      return "destroy";
    case Phase::Ended:
      return "nothing";
  }
  return "";
}

EnactorHost::Instance::Instance(std::shared_ptr<ServerLink> link, std::shared_ptr<Bell> bell,
                                std::shared_ptr<Modules> modules, Name zone, EnactorSpec spec)
    : link_(std::move(link)),
      bell_(std::move(bell)),
      modules_(std::move(modules)),
      zone_(std::move(zone)),
      zoneText_(zone_.text()),
      spec_(std::move(spec)),
      name_(nameOf(spec_)),
      caller_{"enactor " + name_, true},
      host_(hostTable()) {
  health_.zone = zone_;
  health_.name = name_;
  health_.detail = "starting";
}

/// Runs a call into the plugin; a plugin that throws, against the contract, has failed and no more.
template <class Call>
Status EnactorHost::Instance::guarded(std::string_view what, Call call) {
  try {
    return call();
  } catch (...) {
    if (std::current_exception() == nullptr) {
      // No exception of C++'s: pthread_exit or a cancellation, which may not be caught for good, and would
      // end the server's thread in the middle of its work. So the call does not return.
      endedThread(what);
      standStill();
    }
    return threwIn(what);
  }
}

void EnactorHost::Instance::endedThread(std::string_view what) noexcept {
  try {
    fail({ErrorKind::System, name_,
          "ended the server's thread in " + std::string(what) + ", which stands still instead"},
         "failed");
  } catch (...) {
    fail({ErrorKind::System, {}, kOutOfMemory}, "failed");
  }
}

Error EnactorHost::Instance::threwIn(std::string_view what) const noexcept {
  try {
    return {ErrorKind::System, name_, "threw in " + std::string(what) + ": " + currentProblem()};
  } catch (...) {
    return {ErrorKind::System, {}, kOutOfMemory};
  }
}

void EnactorHost::Instance::live() noexcept {
  const Status lived = guarded("living", [&]() -> Status {
    Status begun = load();
    if (begun && !isAskedToStop()) begun = create();
    if (begun && !isAskedToStop()) begun = start();
    if (begun) waitForEnd();
    return begun;
  });
  if (!lived) fail(lived.error(), "not started");
  end();
}

Status EnactorHost::Instance::tryOut() {
  Status begun = load();
  if (begun) begun = create();
  end();
  return begun;
}

Status EnactorHost::Instance::load() {
  const UncaughtReport report = [this](const std::string& what) {
    fail({ErrorKind::System, name_,
          "threw while it was loaded: " + what + ": no plugin can be loaded any more until a restart"},
         "not started");
  };
  const UncaughtWhileLoading loading(report);
  return guarded("loading", [&]() -> Status {
    auto loaded = modules_->get(spec_.kind);
    if (!loaded) return std::move(loaded).error();
    const std::lock_guard lock(mutex_);
    module_ = *std::move(loaded);
    return Done{};
  });
}

Status EnactorHost::Instance::create() {
  enter(Phase::Create);
  return guarded("create", [&]() -> Status {
    std::vector<holdfast_option> options;
    options.reserve(spec_.options.size());
    for (const auto& [key, value] : spec_.options) options.push_back({key.c_str(), value.c_str()});
    std::string error(kErrorOctets, '\0');
    enactor_ = module_->table().create(&host_, zoneText_.c_str(), spec_.argument.c_str(), options.data(),
                                       options.size(), error.data(), error.size());
    if (enactor_ != nullptr) return Done{};
    error.resize(::strnlen(error.data(), error.size()));
    return Error{ErrorKind::Invalid, name_,
                 error.empty() ? "failed in create without saying why" : oneLine(error)};
  });
}

Status EnactorHost::Instance::start() {
  enter(Phase::Start);
  Status begun = guarded("start", [&]() -> Status {
    std::string error(kErrorOctets, '\0');
    started_ = module_->table().start(enactor_, error.data(), error.size()) == 0;
    if (started_) return Done{};
    error.resize(::strnlen(error.data(), error.size()));
    return Error{ErrorKind::Invalid, name_,
                 error.empty() ? "failed in start without saying why" : oneLine(error)};
  });
  if (!begun || module_->table().run == nullptr) return begun;
  {
    const std::lock_guard lock(mutex_);
    runEnded_ = false;
  }
  const auto run = [this] {
    const Status ran = guarded("run", [&]() -> Status {
      module_->table().run(enactor_);
      return Done{};
    });
    if (!ran) fail(ran.error(), "failed");
    const std::lock_guard lock(mutex_);
    runEnded_ = true;
    moved_.notify_all();
  };
  return guarded("making a thread", [&]() -> Status {
    try {
      runner_ = quietThread("enactor", run);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      runEnded_ = true;
      throw;
    }
    return Done{};
  });
}

void EnactorHost::Instance::waitForEnd() {
  enter(Phase::Working);
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [&] { return askedToStop_ || (runner_.joinable() && runEnded_); });
  if (askedToStop_ || !failure_.empty()) return;
  health_.healthy = false;
  health_.detail = "has ended by itself";
  lock.unlock();
  say(LogLevel::Warning, "has ended by itself");
}

void EnactorHost::Instance::end() {
  stopping_ = true;
  turnstile_.stop();
  questions_.stop();
  const auto call = [&](Phase phase, void (*function)(holdfast_enactor*)) {
    enter(phase);
    const Status done = guarded(textOf(phase), [&]() -> Status {
      function(enactor_);
      return Done{};
    });
    if (!done) say(LogLevel::Error, done.error().what);
  };
  if (started_) {
    call(Phase::Stop, module_->table().stop);
    enter(Phase::Finish);
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return runEnded_; });
  }
  if (runner_.joinable()) runner_.join();
  if (enactor_ != nullptr) call(Phase::Destroy, module_->table().destroy);
  enter(Phase::Ended);
}

void EnactorHost::Instance::enter(Phase phase) noexcept {
  bool wasHung = false;
  Phase before{};
  Clock::duration spent{};
  {
    const std::lock_guard lock(mutex_);
    wasHung = std::exchange(hung_, false);
    before = std::exchange(phase_, phase);
    const Clock::time_point now = Clock::now();
    spent = now - std::exchange(since_, now);
  }
  if (wasHung) say(LogLevel::Warning, "has returned from ", textOf(before), " after ", seconds(spent));
  bell_->ring();
}

void EnactorHost::Instance::fail(const Error& error, const char* what) noexcept {
  {
    const std::lock_guard lock(mutex_);
    try {
      failure_ = error.where == name_ ? error.what : error.text();
    } catch (...) {
      failure_ = kOutOfMemory;
    }
    health_.healthy = false;
  }
  const std::string_view open = spec_.where.empty() ? "" : " (", close = spec_.where.empty() ? "" : ")";
  say(LogLevel::Error, what, open, spec_.where, close, ": ", error.where == name_ ? "" : error.where,
      error.where == name_ || error.where.empty() ? "" : ": ", error.what);
  bell_->ring();
}

void EnactorHost::Instance::askToStop() {
  {
    const std::lock_guard lock(mutex_);
    askedToStop_ = true;
  }
  // Before the plugin's stop, which may wait for a thread that waits for its turn.
  stopping_ = true;
  turnstile_.stop();
  questions_.stop();
  moved_.notify_all();
}

bool EnactorHost::Instance::isAskedToStop() const {
  const std::lock_guard lock(mutex_);
  return askedToStop_;
}

bool EnactorHost::Instance::hasEnded() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::Ended;
}

bool EnactorHost::Instance::isEnding() const {
  const std::lock_guard lock(mutex_);
  return phase_ > Phase::Working || !failure_.empty();
}

bool EnactorHost::Instance::isHung() const {
  const std::lock_guard lock(mutex_);
  return hung_;
}

bool EnactorHost::Instance::hasBegun() const {
  const std::lock_guard lock(mutex_);
  return phase_ != Phase::Loading && phase_ != Phase::Create && phase_ != Phase::Start;
}

EnactorHost::Instance::Clock::time_point EnactorHost::Instance::overdue(Clock::time_point now,
                                                                        Clock::duration limit) {
  bool isStopping = false;
  Phase phase{};
  {
    const std::lock_guard lock(mutex_);
    if (hung_ || busy_ > 0 || phase_ == Phase::Working || phase_ == Phase::Ended)
      return Clock::time_point::max();
    if (now < since_ + limit) return since_ + limit;
    hung_ = true;
    isStopping = askedToStop_;
    phase = phase_;
  }
  say(LogLevel::Error, "hangs in ", textOf(phase), " for longer than limits.enactor-call, which is ",
      seconds(limit), ": nobody waits for it; ",
      isStopping ? "what it submits fails, and another one like it begins only when it has returned"
                 : "it runs when it returns");
  return Clock::time_point::max();
}

EnactorState EnactorHost::Instance::stateOf() const {
  if (hung_) return EnactorState::Hung;
  if (!failure_.empty()) return EnactorState::Failed;
  switch (phase_) {
    case Phase::Loading:
    case Phase::Create:
    case Phase::Start:
      return EnactorState::Starting;
    case Phase::Working:
      return EnactorState::Running;
    case Phase::Stop:
    case Phase::Finish:
    case Phase::Destroy:
      return EnactorState::Stopping;
    case Phase::Ended:
      break;
  }
  return EnactorState::Stopped;
}

EnactorHealth EnactorHost::Instance::health() const {
  EnactorHealth health;
  std::shared_ptr<const Module> module;
  {
    const std::lock_guard lock(mutex_);
    health = health_;
    health.state = stateOf();
    module = module_;
    if (!failure_.empty())
      health.detail = failure_;
    else if (hung_)
      health.detail = "hangs in " + std::string(textOf(phase_)) + " for " + seconds(Clock::now() - since_);
  }
  health.throttled = turnstile_.throttled();
  if (module != nullptr) {
    const Module::Crashes crashes = module->crashes();
    health.crashes = crashes.count;
    if (crashes.count > 0 && health.state == EnactorState::Running)
      health.detail = "an exception ended a thread of this kind of Enactor: " + crashes.last;
  }
  if (health.state != EnactorState::Running || health.crashes > 0) health.healthy = false;
  return health;
}

void EnactorHost::Instance::sayGivenUp() const noexcept {
  try {
    say(LogLevel::Error, "is given up: ", health().detail);
  } catch (...) {
    say(LogLevel::Error, "is given up");
  }
}

}  // namespace holdfast
