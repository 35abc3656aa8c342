#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

/// Reads along as the head of an HTTP request comes in, in pieces of any size, for what body it announces
/// (RFC 9112, section 6.2) and what that is for: evhttp tells of a request only when all of its body is
/// there. What is not a valid head is left to evhttp to refuse. One thread.
class RequestHead {
 public:
  /// What is fed from now on is another request's.
  void restart();
  /// How many of the octets are of the head; those after it count for nothing.
  std::size_t feed(std::string_view octets);
  bool isOver() const noexcept { return isOver_; }
  /// Octets; 0 until the head says, and where it says no number. One too large to count is the largest.
  std::uint64_t announced() const noexcept { return announced_; }
  /// The body is the octets announced, as they are, and nobody can read the head otherwise.
  bool isPlain() const noexcept { return isPlain_; }
  /// Of the request line; empty where it is longer than any that has a large body.
  std::string_view method() const noexcept;
  std::string_view target() const noexcept;
  std::string_view contentType() const noexcept { return contentType_; }

 private:
  void endLine();

  std::string line_;  // as much of it as can matter
  std::string request_, contentType_;
  bool isOver_ = false, isPlain_ = true;
  bool sawRequest_ = false, sawLength_ = false, sawType_ = false;
  bool isCut_ = false, endsInReturn_ = false;  // of the line
  std::uint64_t announced_ = 0;
};

}  // namespace holdfast
