#include "server/worker_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "zone/rcu.h"

namespace holdfast {

namespace {

/// The first version of the system's sched_attr (sched_setattr(2)), whose header cannot stand beside
/// <sched.h>.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // in nanoseconds
};

/// Answers are the work of microseconds: a thread that asks for short slices runs as soon as it wakes, where
/// it would else wait until one that compiles a plan has had its slice of milliseconds (Linux 6.12; ignored
/// before).
void askForShortSlices() noexcept {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;  // somebody has decided otherwise
  SchedulingAttributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  attributes.runtime = 100'000;  // the least there is
  (void)::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

WorkerThread::WorkerThread() noexcept
    : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), cause_(wake_ ? 0 : errno) {}

Status WorkerThread::usable() const {
  if (wake_) return Done{};
  return Error{ErrorKind::System, "eventfd", std::generic_category().message(cause_)};
}

Status WorkerThread::start(std::string name, std::function<void()> body) {
  try {
    thread_ = std::thread([name = std::move(name), body = std::move(body)] {
      ::pthread_setname_np(::pthread_self(), name.c_str());
      askForShortSlices();
      const RcuThread rcu;
      body();
    });
  } catch (const std::system_error& error) {
    return Error{ErrorKind::System, "worker thread", std::string("cannot be started: ") + error.what()};
  }
  return Done{};
}

void WorkerThread::stop(std::chrono::steady_clock::time_point deadline) noexcept {
  deadline_.store(deadline);
  stopped_.store(true);
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its limit.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void WorkerThread::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

}  // namespace holdfast
