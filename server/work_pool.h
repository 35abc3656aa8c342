#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast {

/// Threads that run the tasks of many lanes, such as one for each zone, so that no lane can take them all or
/// fill the queue for the others (I10). Within a lane tasks begin in the order of arrival; lanes take turns.
/// Each thread holds an RcuThread, and gives way to those that answer queries.
class WorkPool {
 public:
  using Task = std::function<void()>;

  struct Limits {
    unsigned threads = 1;
    unsigned runningPerLane = 1;  ///< at once. A quarter of the threads is kept for lanes that run nothing
    std::size_t waitingPerLane = 1;
    std::size_t waiting = 1;  ///< of all lanes together
  };
  enum class Taken { Yes, LaneIsFull, PoolIsFull, Stopped };

  explicit WorkPool(const Limits& limits);
  ~WorkPool();  ///< as stop()
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// `task` is dropped when it is not taken. Throws std::bad_alloc, and then nothing was changed. Any thread.
  Taken run(const std::string& lane, Task task);
  /// For tasks from now on. How many threads there are cannot be changed.
  void setWaiting(std::size_t perLane, std::size_t all);
  std::size_t waiting() const;
  std::size_t running() const;
  /// Tasks that were not taken since the start.
  std::uint64_t turnedAway() const;
  /// Finishes the running tasks, drops the waiting ones on the calling thread, joins. Twice is harmless.
  void stop();

 private:
  struct Lane {
    std::list<Task> tasks;
    unsigned running = 0;
  };
  using Lanes = std::map<std::string, Lane>;
  using Turns = std::list<Lanes::iterator>;

  void work();
  bool mayRun(const Lane& lane) const;
  Turns::iterator nextTurn();
  Task take(Turns::iterator turn) noexcept;
  void finished(Lanes::iterator lane);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Limits limits_;  // guarded by mutex_, like all below but the threads
  Lanes lanes_;    // those with tasks that wait or run
  Turns turns_;    // lanes with waiting tasks, each once, whose turn is next in front
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
  std::uint64_t turnedAway_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace holdfast
