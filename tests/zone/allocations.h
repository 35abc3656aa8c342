#pragma once

#include <cstddef>
#include <functional>

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

/// Does the work until it is done, each time with another allocation as the first that fails, with all after
/// it. Returns how often it ended with std::bad_alloc.
std::size_t starve(const std::function<void()>& work);

}  // namespace holdfast::test
