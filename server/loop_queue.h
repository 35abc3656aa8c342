#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "server/event_handles.h"
#include "server/listen.h"
#include "zone/result.h"

namespace holdfast {

/// Brings work from other threads to an event loop's thread.
class LoopQueue {
 public:
  using Task = std::function<void()>;

  static Result<std::unique_ptr<LoopQueue>> open(event_base* base);
  /// Goes on the loop thread. REQUIRES for that: nobody posts any more.
  LoopQueue(const LoopQueue&) = delete;
  LoopQueue& operator=(const LoopQueue&) = delete;

  /// Runs `task` soon on the loop's thread, in the order of posting. Any thread, never blocks for long.
  void post(Task task);
  /// Runs what is posted now. Loop thread.
  void runPosted();

 private:
  LoopQueue() = default;

  FileDescriptor wake_;  // an eventfd
  EventPtr event_;       // goes before the descriptor it watches
  std::mutex mutex_;
  std::vector<Task> tasks_;  // guarded by mutex_
};

}  // namespace holdfast
