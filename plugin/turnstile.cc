#include "plugin/turnstile.h"

#include <algorithm>

namespace holdfast {

TokenBucket::Clock::duration TokenBucket::take(Clock::time_point now, std::uint64_t rate,
                                               std::uint64_t burst) noexcept {
  const double most = static_cast<double>(burst), perSecond = static_cast<double>(rate);
  if (filled_)
    tokens_ = std::min(most, tokens_ + std::chrono::duration<double>(now - *filled_).count() * perSecond);
  else
    tokens_ = most;
  filled_ = now;
  if (tokens_ >= 1) {
    tokens_ -= 1;
    return {};
  }
  const std::chrono::duration<double> missing((1 - tokens_) / perSecond);
  return std::chrono::ceil<std::chrono::milliseconds>(missing);
}

Turnstile::Answer Turnstile::enter(const Pace& pace) {
  std::unique_lock lock(mutex_);
  const Clock::time_point deadline = Clock::now() + pace.wait;
  for (bool first = true;; first = false) {
    if (stopped_) return Answer::Stopped;
    const Clock::time_point now = Clock::now();
    const bool room = inside_ < pace.concurrent;
    Clock::time_point next = deadline;
    if (room) {
      const Clock::duration left =
          pace.rate == 0 ? Clock::duration{} : bucket_.take(now, pace.rate, pace.burst);
      if (left == Clock::duration{}) {
        ++inside_;
        return Answer::Entered;
      }
      next = std::min(deadline, now + left);
    }
    if (first) ++throttled_;
    if (now >= deadline) return room ? Answer::TooFast : Answer::TooMany;
    moved_.wait_until(lock, next);
  }
}

void Turnstile::leave() {
  {
    const std::lock_guard lock(mutex_);
    --inside_;
  }
  moved_.notify_all();
}

void Turnstile::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  moved_.notify_all();
}

std::uint64_t Turnstile::throttled() const {
  const std::lock_guard lock(mutex_);
  return throttled_;
}

}  // namespace holdfast
