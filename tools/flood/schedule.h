#pragma once

#include <cstdint>

namespace holdfast::flood {

/// When questions are due: at a fixed rate from a start on, whatever becomes of those before (an open loop).
/// Times are nanoseconds of the steady clock. One thread.
class Schedule {
 public:
  /// REQUIRES: perSecond > 0.
  Schedule(std::int64_t start, double perSecond) noexcept : start_(start), interval_(1e9 / perSecond) {}

  /// When the next one is due.
  std::int64_t next() const noexcept {
    return start_ + static_cast<std::int64_t>(interval_ * static_cast<double>(taken_));
  }
  bool isDue(std::int64_t now) const noexcept { return next() <= now; }
  void take() noexcept { ++taken_; }

 private:
  std::int64_t start_;
  double interval_;
  std::uint64_t taken_ = 0;
};

}  // namespace holdfast::flood
