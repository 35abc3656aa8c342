#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace holdfast {

/// A few threads that run tasks in the order of arrival. Each holds an RcuThread.
class WorkPool {
 public:
  using Task = std::function<void()>;

  /// At most `waiting` tasks wait for a thread.
  WorkPool(unsigned threads, std::size_t waiting);
  ~WorkPool();  ///< as stop()
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// False, and `task` is dropped, when too many wait or the pool is stopped. Any thread.
  bool run(Task task);
  void setWaiting(std::size_t waiting);
  std::size_t waiting() const;
  /// Finishes the running tasks, drops the waiting ones on the calling thread, joins. Twice is harmless.
  void stop();

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Task> tasks_;  // guarded by mutex_, like the two below
  std::size_t limit_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace holdfast
