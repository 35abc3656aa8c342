#include "zone/background.h"

#include <pthread.h>
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

}  // namespace holdfast
