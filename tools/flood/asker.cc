#include "tools/flood/asker.h"

#include <algorithm>
#include <system_error>

namespace holdfast::flood {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kHandOverEvery = 20 * kMillisecond;
constexpr std::int64_t kLongestWait = 10 * kMillisecond;
// In one go, so that what came is looked at in between.
constexpr unsigned kAtOnce = 1024;

}  // namespace

Asker::Asker(std::vector<std::unique_ptr<Flow>> flows, Drawing drawing, const Pace& pace)
    : flows_(std::move(flows)), waiting_(flows_.size()), drawing_(std::move(drawing)), pace_(pace) {}

Asker::~Asker() {
  end();
  join();
}

Status Asker::start() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return Error{ErrorKind::System, "thread", error.what()};
  }
  return Done{};
}

void Asker::join() {
  if (thread_.joinable()) thread_.join();
}

Tally Asker::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(handedOver_, Tally());
}

void Asker::run() {
  if (pace_.perSecond > 0) schedule_.emplace(now(), pace_.perSecond);
  std::int64_t handedOver = now();
  while (!isEnding_.load(std::memory_order_relaxed) || isWaitedFor()) {
    const std::int64_t time = now();
    if (!isEnding_.load(std::memory_order_relaxed)) ask(time);
    for (const auto& flow : flows_) {
      flow->send(time, tally_);
      flow->receive(tally_);
      flow->expire(time, tally_);
    }
    if (time - handedOver >= kHandOverEvery) {
      const std::lock_guard lock(mutex_);
      handedOver_.add(std::exchange(tally_, Tally()));
      handedOver = time;
    }
    wait(time);
  }
  const std::lock_guard lock(mutex_);
  handedOver_.add(std::exchange(tally_, Tally()));
}

void Asker::ask(std::int64_t time) {
  if (schedule_)
    askOnTime(time);
  else
    askAsAnswered(time);
}

/// All that is due, by flows in turn. What no flow has room for is due all the same, and its time counts from
/// then.
void Asker::askOnTime(std::int64_t time) {
  for (unsigned asked = 0, full = 0; asked < kAtOnce && full < flows_.size() && schedule_->isDue(time);) {
    Flow& flow = *flows_[turn_++ % flows_.size()];
    if (!flow.hasRoom()) {
      flow.send(time, tally_);
      ++full;
      continue;
    }
    flow.ask(drawing_.next(), schedule_->next(), tally_);
    schedule_->take();
    ++asked;
    full = 0;
  }
}

void Asker::askAsAnswered(std::int64_t time) {
  for (const auto& flow : flows_)
    while (mayAsk(*flow)) flow->ask(drawing_.next(), time, tally_);
}

bool Asker::mayAsk(const Flow& flow) const noexcept {
  return flow.hasRoom() && flow.waiting() < pace_.window;
}

bool Asker::isWaitedFor() const noexcept {
  return std::any_of(flows_.begin(), flows_.end(), [](const auto& flow) { return flow->waiting() > 0; });
}

/// Until something comes, or is due. What came since it was asked is asked for again first: all may have
/// come.
void Asker::wait(std::int64_t time) {
  std::int64_t most = kLongestWait;
  if (!schedule_ && !isEnding_.load(std::memory_order_relaxed) &&
      std::any_of(flows_.begin(), flows_.end(), [this](const auto& flow) { return mayAsk(*flow); }))
    return;
  if (schedule_ && !isEnding_.load(std::memory_order_relaxed))
    most = std::min(most, schedule_->next() - time);
  if (most <= 0) return;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const short events = static_cast<short>(flows_[i]->wantsToSend() ? POLLIN | POLLOUT : POLLIN);
    waiting_[i] = {flows_[i]->socket(), events, 0};
  }
  const timespec timeout{0, static_cast<long>(most)};
  ::ppoll(waiting_.data(), waiting_.size(), &timeout, nullptr);
}

}  // namespace holdfast::flood
