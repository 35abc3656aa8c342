#pragma once

#include <chrono>
#include <unordered_map>
#include <vector>

#include "server/connection_cap.h"

struct bufferevent;

namespace holdfast {

/// The connections whose client has announced a body over the limit. evhttp answers such a request when the
/// body is there, which is never where the client waits for an answer first, or announces what it does not
/// have. Here it is seen when that is long enough. One thread.
class OversizedBodies {
 public:
  using Clock = std::chrono::steady_clock;

  /// `connection` only names it. It counts until it is forgotten or its socket is closed.
  void announced(const bufferevent* connection, int descriptor, Clock::time_point now);
  /// Some of the body has come.
  void came(const bufferevent* connection, Clock::time_point now);
  /// Its request was answered, or the name is another connection's now.
  void forget(const bufferevent* connection) { waiting_.erase(connection); }
  /// Takes out the descriptors, still open, of those that have paused for a second (or half of `most`), or
  /// have gone on for longer than `most`: time to answer.
  std::vector<int> takeDue(Clock::time_point now, Clock::duration most);
  bool isEmpty() const noexcept { return waiting_.empty(); }

 private:
  struct Waiting {
    OpenSocket socket;
    Clock::time_point since, last;
  };
  std::unordered_map<const bufferevent*, Waiting> waiting_;
};

}  // namespace holdfast
