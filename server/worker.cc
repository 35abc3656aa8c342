#include "server/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>
#include <system_error>

namespace holdfast {

namespace {

/// How often a draining worker looks whether its connections are done.
constexpr std::chrono::milliseconds kDrainStep{5};

struct FreeEventConfig {
  void operator()(event_config* config) const noexcept { event_config_free(config); }
};

/// A base that only its own thread touches, so that it needs no locks.
EventBasePtr makeBase() {
  const std::unique_ptr<event_config, FreeEventConfig> config(event_config_new());
  if (config == nullptr || event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK) != 0) return nullptr;
  return EventBasePtr(event_base_new_with_config(config.get()));
}

/// The first version of the system's sched_attr (sched_setattr(2)), whose header cannot stand beside
/// <sched.h>.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // in nanoseconds
};

/// Answers are the work of microseconds: a thread that asks for short slices runs as soon as it wakes, where
/// it would else wait until one that compiles a plan has had its slice of milliseconds (Linux 6.12; ignored
/// before).
void askForShortSlices() noexcept {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;  // somebody has decided otherwise
  SchedulingAttributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  attributes.runtime = 100'000;  // the least there is
  (void)::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

std::uint64_t seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Error outOfEvents() {
  return {ErrorKind::System, "event loop", "cannot be set up: out of memory"};
}

}  // namespace

Worker::Worker(const Settings& settings, const RcuPointer<Snapshot>& snapshot, WorkerCounters& counters,
               TcpPlaces& places, EventBasePtr base)
    : serving_{snapshot, counters, AnswerScratch(seed(), settings.udpPayload, settings.messages)},
      base_(std::move(base)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      wakeEvent_(makeEvent<&Worker::drain>(base_.get(), wake_.get(), EV_READ, this)),
      drainEvent_(makeEvent<&Worker::endWhenDrained>(base_.get(), -1, EV_PERSIST, this)),
      pool_(base_.get(), serving_, settings.tcp, places) {
  serving_.scratch.tcpKeepalive = keepaliveUnits(settings.tcp.idle);
}

Result<std::unique_ptr<Worker>> Worker::make(const Settings& settings, const RcuPointer<Snapshot>& snapshot,
                                             WorkerCounters& counters, TcpPlaces& places) {
  EventBasePtr base = makeBase();
  if (base == nullptr) return outOfEvents();
  std::unique_ptr<Worker> worker(new Worker(settings, snapshot, counters, places, std::move(base)));
  if (!worker->wake_) return Error{ErrorKind::System, "eventfd", std::generic_category().message(errno)};
  if (worker->wakeEvent_ == nullptr || worker->drainEvent_ == nullptr || !worker->pool_.start() ||
      event_add(worker->wakeEvent_.get(), nullptr) != 0)
    return outOfEvents();
  return worker;
}

Status Worker::serve(FileDescriptor udp, FileDescriptor tcp) {
  udp_.push_back(std::make_unique<UdpSocket>(base_.get(), std::move(udp), serving_));
  tcp_.push_back(std::make_unique<TcpListener>(base_.get(), std::move(tcp), pool_, serving_.counters));
  if (!udp_.back()->start() || !tcp_.back()->start()) return outOfEvents();
  return Done{};
}

Status Worker::start(unsigned number) {
  try {
    thread_ = std::thread([this, number] { run(number); });
  } catch (const std::system_error& error) {
    return Error{ErrorKind::System, "worker thread", std::string("cannot be started: ") + error.what()};
  }
  return Done{};
}

void Worker::run(unsigned number) noexcept {
  ::pthread_setname_np(::pthread_self(), ("worker-" + std::to_string(number)).c_str());
  askForShortSlices();
  const RcuThread rcu;
  event_base_dispatch(base_.get());
}

void Worker::stop(std::chrono::steady_clock::time_point deadline) noexcept {
  deadline_.store(deadline);
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its limit.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void Worker::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

void Worker::drain() noexcept {
  for (const auto& listener : tcp_) listener->drain();
  for (const auto& socket : udp_) socket->drain(deadline_.load());
  pool_.drain();
  const timeval step = toTimeval(kDrainStep);
  if (event_add(drainEvent_.get(), &step) != 0) event_base_loopbreak(base_.get());
  endWhenDrained();
}

void Worker::endWhenDrained() noexcept {
  if (pool_.isEmpty() || std::chrono::steady_clock::now() >= deadline_.load())
    event_base_loopbreak(base_.get());
}

}  // namespace holdfast
