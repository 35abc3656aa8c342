#pragma once

#include <pthread.h>

#include <csignal>
#include <thread>
#include <utility>

#include "zone/background.h"

namespace holdfast {

/// A thread behind those that answer (zone/background.h), of that name, that handles no signal: those of the
/// process are the main thread's. Throws std::system_error.
template <class Work>
std::thread quietThread(const char* name, Work&& work) {
  struct SignalsBlocked {
    sigset_t before;
    SignalsBlocked() noexcept {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  } const blocked;
  return std::thread([name, work = std::forward<Work>(work)]() mutable {
    enterBackground(name);
    work();
  });
}

}  // namespace holdfast
