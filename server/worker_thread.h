#pragma once

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

  /// An eventfd: readable from the order to stop on. Negative where the system had none.
  int wake() const noexcept { return wake_.get(); }
  static Error outOfDescriptors();
  /// Runs `body`, which must not throw, registered for read sections and soon after it has something to do.
  /// It inherits the caller's signal mask. `name`: at most 15 octets.
  Status start(std::string name, std::function<void()> body);
  /// Any thread; once.
  void stop() noexcept;
  void join() noexcept;

 private:
  FileDescriptor wake_;
  std::thread thread_;
};

/// To begin a worker's random numbers with.
std::uint64_t randomSeed();

}  // namespace holdfast
