#pragma once

#include <cstddef>

// In programs without a sanitizer only: those bring allocation functions of their own.
namespace holdfast::test {

/// Of this thread.
std::size_t allocationsSoFar() noexcept;

enum class Fails { Once, FromThenOn };

/// While it lives, one allocation of this thread fails: the one after so many others. Or all from that one
/// on.
class FailingAllocation {
 public:
  explicit FailingAllocation(std::size_t after, Fails fails = Fails::Once) noexcept;
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  bool hasFailed() const noexcept;

 private:
  const std::size_t at_;
};

}  // namespace holdfast::test
