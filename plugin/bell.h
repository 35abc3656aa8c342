#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace holdfast {

/// Wakes the one thread that waits. Rung while nobody waits, it ends the next wait at once. Any thread.
class Bell {
 public:
  using Clock = std::chrono::steady_clock;

  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    heard_.notify_one();
  }
  /// Returns when rung, or at `latest`; none: only when rung.
  void wait(Clock::time_point latest) {
    std::unique_lock lock(mutex_);
    const auto isRung = [&] { return rung_; };
    if (latest == Clock::time_point::max())
      heard_.wait(lock, isRung);
    else
      heard_.wait_until(lock, latest, isRung);
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable heard_;
  bool rung_ = false;
};

}  // namespace holdfast
