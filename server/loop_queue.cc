#include "server/loop_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <utility>

namespace holdfast {

Result<std::unique_ptr<LoopQueue>> LoopQueue::open(event_base* base) {
  std::unique_ptr<LoopQueue> queue(new LoopQueue());
  queue->wake_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!queue->wake_) return Error{ErrorKind::System, "eventfd", std::strerror(errno)};
  queue->event_ =
      makeEvent<&LoopQueue::runPosted>(base, queue->wake_.get(), EV_READ | EV_PERSIST, queue.get());
  if (queue->event_ == nullptr || event_add(queue->event_.get(), nullptr) != 0)
    return Error{ErrorKind::System, "eventfd", "cannot be watched"};
  return queue;
}

LoopQueue::Parcel LoopQueue::pack(Task task) {
  Parcel parcel;
  parcel.push_back(std::move(task));
  return parcel;
}

void LoopQueue::post(Parcel parcel) noexcept {
  {
    const std::lock_guard lock(mutex_);
    tasks_.splice(tasks_.end(), parcel);
  }
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void LoopQueue::runPosted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof count);
  Parcel tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (; !tasks.empty(); tasks.pop_front()) {
    try {
      tasks.front()();
    } catch (const std::exception&) {  // memory that runs out; the others' is there
    }
  }
}

}  // namespace holdfast
