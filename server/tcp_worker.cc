#include "server/tcp_worker.h"

#include <string>
#include <utility>

#include "server/random.h"

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

Error outOfEvents() {
  return {ErrorKind::System, "event loop", "cannot be set up: out of memory"};
}

}  // namespace

TcpWorker::TcpWorker(std::uint16_t udpPayload, const MessageSettings& messages, const TcpLimits& limits,
                     const RcuPointer<Snapshot>& snapshot, WorkerCounters& counters, TcpPlaces& places,
                     EventBasePtr base)
    : serving_{snapshot, counters, AnswerScratch(randomSeed(), udpPayload, messages)},
      base_(std::move(base)),
      wakeEvent_(makeEvent<&TcpWorker::drain>(base_.get(), thread_.wake(), EV_READ, this)),
      drainEvent_(makeEvent<&TcpWorker::endWhenDrained>(base_.get(), -1, EV_PERSIST, this)),
      pool_(base_.get(), serving_, limits, places) {
  serving_.scratch.tcpKeepalive = keepaliveUnits(limits.idle);
}

Result<std::unique_ptr<TcpWorker>> TcpWorker::make(std::uint16_t udpPayload, const MessageSettings& messages,
                                                   const TcpLimits& limits,
                                                   const RcuPointer<Snapshot>& snapshot,
                                                   WorkerCounters& counters, TcpPlaces& places) {
  EventBasePtr base = makeBase();
  if (base == nullptr) return outOfEvents();
  std::unique_ptr<TcpWorker> worker(
      new TcpWorker(udpPayload, messages, limits, snapshot, counters, places, std::move(base)));
  if (Status usable = worker->thread_.usable(); !usable) return std::move(usable).error();
  if (worker->wakeEvent_ == nullptr || worker->drainEvent_ == nullptr || !worker->pool_.start() ||
      event_add(worker->wakeEvent_.get(), nullptr) != 0)
    return outOfEvents();
  return worker;
}

Status TcpWorker::serve(FileDescriptor socket) {
  listeners_.push_back(
      std::make_unique<TcpListener>(base_.get(), std::move(socket), pool_, serving_.counters));
  if (!listeners_.back()->start()) return outOfEvents();
  return Done{};
}

Status TcpWorker::start(unsigned number) {
  return thread_.start("tcp-" + std::to_string(number), [this] { event_base_dispatch(base_.get()); });
}

void TcpWorker::drain() noexcept {
  for (const auto& listener : listeners_) listener->drain();
  pool_.drain();
  const timeval step = toTimeval(kDrainStep);
  if (event_add(drainEvent_.get(), &step) != 0) event_base_loopbreak(base_.get());
  endWhenDrained();
}

void TcpWorker::endWhenDrained() noexcept {
  if (pool_.isEmpty() || std::chrono::steady_clock::now() >= thread_.deadline())
    event_base_loopbreak(base_.get());
}

}  // namespace holdfast
