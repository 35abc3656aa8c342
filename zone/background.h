#pragma once

#include <pthread.h>

namespace holdfast {

/// Names the calling thread, by at most 15 octets, and makes it give way to those that answer queries, which
/// have the main thread's priority. So do the threads that it starts from then on.
void enterBackground(const char* name) noexcept;

/// Moves a thread that was just started to the processor that comes `distance` after the caller's among those
/// it may use, where the system may take it away again at once. Left alone, new threads stay where they were
/// started for milliseconds if what is asked of the server interrupts the other processors often enough, idle
/// or not.
void putAside(pthread_t thread, unsigned distance) noexcept;

}  // namespace holdfast
