#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

/// Reads along as the head of an HTTP request comes in, in pieces of any size, for how long a body it
/// announces (RFC 9112, section 6.2): evhttp tells of a request only when all of its body is there. What is
/// not a valid head is left to evhttp to refuse. One thread.
class RequestHead {
 public:
  /// What is fed from now on is another request's.
  void restart();
  /// Octets after the head count for nothing.
  void feed(std::string_view octets);
  bool isOver() const noexcept { return isOver_; }
  /// Octets; 0 until the head says, and where it says no number. One too large to count is the largest.
  std::uint64_t announced() const noexcept { return announced_; }

 private:
  void endLine();

  std::string line_;  // as much of it as can matter
  bool isOver_ = false;
  std::uint64_t announced_ = 0;
};

}  // namespace holdfast
