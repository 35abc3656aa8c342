#include "zone/background.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace holdfast {

namespace {

/// More than the main thread is. Where queries take all that the processors have, a thread gets a quarter of
/// one beside them: enough for plans to be judged in time (I10).
constexpr int kNice = 5, kNicest = 19;

}  // namespace

void enterBackground(const char* name) noexcept {
  (void)::pthread_setname_np(::pthread_self(), name);
  const int usual =
      ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid()));  // of that thread alone, on Linux
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), std::min(usual + kNice, kNicest));
}

void putAside(pthread_t thread, unsigned distance) noexcept {
  cpu_set_t allowed, one;
  const int here = ::sched_getcpu();
  if (here < 0 || ::pthread_getaffinity_np(thread, sizeof allowed, &allowed) != 0) return;
  if (!CPU_ISSET(here, &allowed)) return;
  int to = here;
  for (distance %= static_cast<unsigned>(CPU_COUNT(&allowed)); distance > 0;) {
    to = (to + 1) % CPU_SETSIZE;
    if (CPU_ISSET(to, &allowed)) --distance;
  }
  if (to == here) return;
  CPU_ZERO(&one);
  CPU_SET(to, &one);
  if (::pthread_setaffinity_np(thread, sizeof one, &one) == 0)
    (void)::pthread_setaffinity_np(thread, sizeof allowed, &allowed);
}

}  // namespace holdfast
