#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace holdfast {

/// A socket by its descriptor, told from another that has the descriptor once this one is closed.
struct OpenSocket {
  int descriptor;
  ino_t inode;

  static OpenSocket of(int descriptor);
  bool isOpen() const;
};

/// Counts the connections of an evhttp server, which tells when one comes but not when one goes: a descriptor
/// that is closed, or another socket's by now, is no longer one of them. Looked at only where it matters, so
/// a connection costs one system call in the mean. One thread.
class ConnectionCap {
 public:
  /// Whether one more connection is one too many. Counts it in `turnedAway` then.
  bool isFull(std::size_t most);
  void opened(int descriptor);
  /// Ends the connection a second from now, unless it has gone by itself: time to read its request, and for
  /// its client to read the answer.
  void endSoon(int descriptor);
  /// Ends those whose second is over. True while any are left.
  bool endOverdue();

  std::size_t open();
  std::uint64_t turnedAway() const noexcept { return turnedAway_; }

 private:
  struct Ending {
    OpenSocket socket;
    std::chrono::steady_clock::time_point since;
  };

  std::vector<OpenSocket> sockets_;
  std::vector<Ending> ending_;
  std::uint64_t turnedAway_ = 0;
};

}  // namespace holdfast
