#include "zone/background.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace holdfast {

namespace {

constexpr int kNice = 10;

}  // namespace

void enterBackground(const char* name) noexcept {
  (void)::pthread_setname_np(::pthread_self(), name);
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
}

}  // namespace holdfast
