#pragma once

#include <event2/event.h>

#include <chrono>
#include <memory>

namespace holdfast {

struct FreeEventBase {
  void operator()(event_base* base) const noexcept { event_base_free(base); }
};
using EventBasePtr = std::unique_ptr<event_base, FreeEventBase>;

struct FreeEvent {
  void operator()(event* handle) const noexcept { event_free(handle); }
};
/// An event that is taken out of its base and freed when dropped, also inside its own callback.
/// REQUIRES: the base outlives it.
using EventPtr = std::unique_ptr<event, FreeEvent>;

namespace detail {
template <auto Method, class T>
void callMethod(evutil_socket_t /*descriptor*/, short /*what*/, void* self) {
  (static_cast<T*>(self)->*Method)();
}
}  // namespace detail

/// An event, not yet added, that calls `self->Method()`. Null where memory is out. `what` is of EV_READ,
/// EV_WRITE and EV_PERSIST; descriptor -1 for a timer.
template <auto Method, class T>
EventPtr makeEvent(event_base* base, int descriptor, int what, T* self) {
  return EventPtr(
      event_new(base, descriptor, static_cast<short>(what), &detail::callMethod<Method, T>, self));
}

inline timeval toTimeval(std::chrono::microseconds duration) noexcept {
  return {static_cast<decltype(timeval::tv_sec)>(duration.count() / 1'000'000),
          static_cast<decltype(timeval::tv_usec)>(duration.count() % 1'000'000)};
}

}  // namespace holdfast
