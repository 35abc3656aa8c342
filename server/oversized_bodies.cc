#include "server/oversized_bodies.h"

#include <algorithm>

namespace holdfast {

namespace {

/// A client that sends without waiting for an answer pauses for less.
constexpr std::chrono::seconds kPause{1};

}  // namespace

void OversizedBodies::announced(const bufferevent* connection, int descriptor, Clock::time_point now) {
  waiting_.insert_or_assign(connection, Waiting{OpenSocket::of(descriptor), now, now});
}

void OversizedBodies::came(const bufferevent* connection, Clock::time_point now) {
  if (const auto found = waiting_.find(connection); found != waiting_.end()) found->second.last = now;
}

std::vector<int> OversizedBodies::takeDue(Clock::time_point now, Clock::duration most) {
  const Clock::duration pause = std::min<Clock::duration>(kPause, most / 2);
  std::vector<int> due;
  std::erase_if(waiting_, [&](const auto& each) {
    const Waiting& waiting = each.second;
    if (!waiting.socket.isOpen()) return true;
    if (now - waiting.last < pause && now - waiting.since < most) return false;
    due.push_back(waiting.socket.descriptor);
    return true;
  });
  return due;
}

}  // namespace holdfast
