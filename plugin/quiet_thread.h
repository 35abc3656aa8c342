#pragma once

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

namespace holdfast {

/// A thread that handles no signal: those of the process are the main thread's. Throws std::system_error.
template <class Work>
std::thread quietThread(Work&& work) {
  struct SignalsBlocked {
    sigset_t before;
    SignalsBlocked() noexcept {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  } const blocked;
  return std::thread(std::forward<Work>(work));
}

}  // namespace holdfast
