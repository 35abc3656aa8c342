#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::bench {

/// Another process that is stopped and goes on, and the CPU time of its threads udp-0, udp-1 and so on,
/// as /proc tells it. One thread. Goes on when this is destroyed.
class StoppableServer {
 public:
  /// Finds the workers. One that cannot be read is not counted.
  explicit StoppableServer(pid_t pid);
  ~StoppableServer() { goOn(); }
  StoppableServer(const StoppableServer&) = delete;
  StoppableServer& operator=(const StoppableServer&) = delete;

  std::size_t workers() const noexcept { return workers_.size(); }
  /// Returns when no thread of it runs any more.
  void stop();
  void goOn() noexcept;
  /// Whether every worker waits for something.
  bool isAtRest() const;
  /// Of each worker since it began; exact when the worker does not run.
  std::vector<std::int64_t> cpuNanoseconds() const;

 private:
  pid_t pid_;
  std::string tasks_;
  std::vector<std::string> workers_;  // their folders below /proc
};

}  // namespace holdfast::bench
