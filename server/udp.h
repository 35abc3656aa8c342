#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <vector>

#include "server/batch.h"
#include "server/client_address.h"
#include "server/listen.h"
#include "server/serving.h"

namespace holdfast {

/// One worker's UDP socket on one address. Receives in batches; a batch is answered from one snapshot (I3)
/// and sent before the next is received. What the link does not take whole is answered again, shorter, after
/// it. After construction it takes no lock and allocates nothing. Lives and is used on the worker's thread;
/// may be made on another before that starts.
class UdpSocket {
 public:
  /// REQUIRES: serving outlives it; udpPayload of the scratch stays as it is.
  UdpSocket(FileDescriptor socket, Serving& serving);
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// Answers what the system has received, within limits: other sockets want their turns.
  void serve() noexcept;
  /// Waits until something comes, and answers one batch of it. Returns without where shut() was called.
  void waitAndServe() noexcept;
  /// Ends the waiting of waitAndServe(), now and from now on. What the system has received stays. Any thread.
  void shut() noexcept;
  /// Answers one batch of it. Returns how many datagrams came.
  unsigned serveBatch() noexcept;

 private:
  static constexpr unsigned kBatch = MessageBatch::kMax;
  /// Of one turn, so that a flood leaves the worker's other sockets theirs.
  static constexpr unsigned kBatchesPerTurn = 8;
  /// A query with a few EDNS options takes under 200; what is longer is cut and so answered with FORMERR.
  static constexpr std::size_t kReceiveOctets = 4096;
  /// A little more, as buffers a multiple of 4 KiB apart would compete for one set of the cache.
  static constexpr std::size_t kReceiveStride = kReceiveOctets + 128;

  /// What is used of it for each message lies in its first cache line, but for the control messages.
  struct alignas(kCacheLine) Slot {
    iovec in;
    iovec out;
    sockaddr_storage peer;
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> control;
  };
  static_assert(2 * sizeof(iovec) + sizeof(sockaddr_in6) <= kCacheLine && sizeof(mmsghdr) == kCacheLine);

  unsigned receive(int flags) noexcept;
  unsigned answerBatch(unsigned received) noexcept;
  void makeReady(unsigned messages) noexcept;
  unsigned answerAll(unsigned received) noexcept;
  void prepareReply(unsigned from, unsigned to) noexcept;
  void shorten(unsigned replies) noexcept;
  void send(unsigned replies) noexcept;

  FileDescriptor socket_;
  Serving& serving_;
  std::vector<std::uint8_t> receiveOctets_;
  std::vector<std::uint8_t> sendOctets_;
  std::array<Slot, kBatch> slots_{};
  MessageBatch batch_;
  alignas(kCacheLine) std::array<mmsghdr, kBatch> received_{};
  alignas(kCacheLine) std::array<mmsghdr, kBatch> replies_{};
  std::array<std::uint8_t, kBatch> origins_{};  // [reply]: the message that it answers
  std::array<std::uint8_t, kBatch> tooLong_{};  // messages whose replies the link did not take
};

}  // namespace holdfast
