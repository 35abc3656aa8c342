#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "zone/file_descriptor.h"
#include "zone/result.h"

namespace holdfast {

/// A thread that answers, with what tells it to stop. Made, started and joined by its owner.
class WorkerThread {
 public:
  WorkerThread() noexcept;
  ~WorkerThread() { join(); }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  /// An eventfd: readable from the order to stop on. Negative where the system had none, see usable().
  int wake() const noexcept { return wake_.get(); }
  Status usable() const;
  /// Runs `body`, which must not throw, registered for read sections, and scheduled soon after it wakes.
  /// It inherits the caller's signal mask. `name`: at most 15 octets.
  Status start(std::string name, std::function<void()> body);
  /// Tells the body to end, at `deadline` at the latest. Any thread; once.
  void stop(std::chrono::steady_clock::time_point deadline) noexcept;
  bool isStopped() const noexcept { return stopped_.load(); }
  /// REQUIRES: isStopped(), or wake() is readable.
  std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_.load(); }
  void join() noexcept;

 private:
  FileDescriptor wake_;
  const int cause_;  // why there is none
  std::atomic<std::chrono::steady_clock::time_point> deadline_{};
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace holdfast
