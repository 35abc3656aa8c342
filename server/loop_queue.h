#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "server/event_handles.h"
#include "server/listen.h"
#include "zone/result.h"

namespace holdfast {

/// Brings work from other threads to an event loop's thread.
class LoopQueue {
 public:
  using Task = std::function<void()>;
  /// A task with all the memory that posting it takes.
  using Parcel = std::list<Task>;

  static Result<std::unique_ptr<LoopQueue>> open(event_base* base);
  /// Goes on the loop thread. REQUIRES for that: nobody posts any more.
  LoopQueue(const LoopQueue&) = delete;
  LoopQueue& operator=(const LoopQueue&) = delete;

  static Parcel pack(Task task);
  /// Runs what is in it soon on the loop's thread, in the order of posting. What a task throws is dropped
  /// with what it holds. Any thread, never blocks for long.
  void post(Parcel parcel) noexcept;
  /// The same. Throws std::bad_alloc, and then the task ends on the calling thread.
  void post(Task task) { post(pack(std::move(task))); }
  /// Runs what is posted now. Loop thread.
  void runPosted();

 private:
  LoopQueue() = default;

  FileDescriptor wake_;  // an eventfd
  EventPtr event_;       // goes before the descriptor it watches
  std::mutex mutex_;
  Parcel tasks_;  // guarded by mutex_
};

}  // namespace holdfast
