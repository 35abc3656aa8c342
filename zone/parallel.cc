#include "zone/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "zone/background.h"

namespace holdfast {

namespace {

constexpr std::size_t kMostThreads = 16;

/// The steps of one call, taken by several threads.
class Steps {
 public:
  Steps(std::size_t count, const std::function<void(std::size_t)>& step) : count_(count), step_(step) {}

  void work() noexcept {
    for (std::size_t i = next_++; i < count_; i = next_++) {
      try {
        step_(i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (i < failed_) {
          failed_ = i;
          problem_ = std::current_exception();
        }
        next_ = count_;
      }
    }
  }
  void rethrow() const {
    if (problem_) std::rethrow_exception(problem_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& step_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::size_t failed_ = std::numeric_limits<std::size_t>::max();
  std::exception_ptr problem_;
};

}  // namespace

std::size_t parallelThreads() noexcept {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
}

void inParallel(std::size_t count, bool isWorthThreads, const std::function<void(std::size_t)>& step) {
  Steps steps(count, step);
  {
    std::vector<std::jthread> others;
    const std::size_t wanted = isWorthThreads ? std::min(count, parallelThreads()) : 1;
    try {
      while (others.size() + 1 < wanted) {
        others.emplace_back([&steps] {
          enterBackground("parallel");
          steps.work();
        });
        putAside(others.back().native_handle(), static_cast<unsigned>(others.size()));
      }
    } catch (const std::system_error&) {  // no more threads: those there are do it
    }
    steps.work();
  }
  steps.rethrow();
}

void givingWay(bool isLong, const std::function<void()>& work) {
  if (!isLong) return work();
  std::exception_ptr problem;
  try {
    const std::jthread thread([&] {
      enterBackground("long work");
      try {
        work();
      } catch (...) {
        problem = std::current_exception();
      }
    });
  } catch (const std::system_error&) {  // no more threads
    return work();
  }
  if (problem) std::rethrow_exception(problem);
}

}  // namespace holdfast
