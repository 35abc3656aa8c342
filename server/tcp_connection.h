#pragma once

#include <cstdint>
#include <memory>

#include "server/event_handles.h"
#include "server/listen.h"
#include "server/serving.h"

namespace holdfast {

/// One TCP connection: messages of a two-octet length and that many octets, answered in the order they came
/// (RFC 7766 section 8). Memory is fixed from the start: while responses wait to be taken nothing is read, so
/// a client that does not read stops itself. Each round over what was received is answered from one
/// snapshot. Used on the worker's thread.
class TcpConnection {
 public:
  /// Told what happens to it. May destroy it in finished().
  class Owner {
   public:
    virtual void active(TcpConnection& connection) noexcept = 0;
    virtual void finished(TcpConnection& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  TcpConnection(event_base* base, FileDescriptor socket, Serving& serving, Owner& owner);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// False where libevent is out of memory.
  bool start() noexcept;
  /// True while responses wait for the client to take them.
  bool isBusy() const noexcept { return outBegin_ != outEnd_; }
  /// Answers what was received already, then finishes. The connection may be gone afterwards.
  void drain() noexcept;

 private:
  static constexpr std::size_t kFrame = 2;
  static constexpr std::size_t kMaxFramed = kFrame + kMaxMessageOctets;
  /// Of one wake-up, so that one connection leaves others their turns.
  static constexpr std::size_t kReadOctets = 16 * 1024;

  /// Pages that are never touched cost no memory, which is why these may be of the largest message's size.
  struct Buffers {
    std::uint8_t in[kMaxFramed];
    std::uint8_t out[2 * kMaxFramed];  // room for one more response of any size while the first half waits
  };

  void readable() noexcept;
  void writable() noexcept;
  enum class Received { Some, Nothing, Broken };
  Received receive(std::size_t atMost) noexcept;
  void proceed() noexcept;
  bool hasMessage() const noexcept;
  std::size_t messageOctets() const noexcept;
  void answerReceived() noexcept;
  void answerOne(const Snapshot& snapshot, const ReadSection& section) noexcept;
  bool flush() noexcept;
  bool wait(event* wanted, event* unwanted) noexcept;

  FileDescriptor socket_;
  const ClientAddress client_;
  Serving& serving_;
  Owner& owner_;
  EventPtr read_;
  EventPtr write_;
  std::unique_ptr<Buffers> buffers_;
  std::size_t inBegin_ = 0, inEnd_ = 0;
  std::size_t outBegin_ = 0, outEnd_ = 0;
  bool ended_ = false;  // nothing more will be read; finished when all is answered and taken
};

}  // namespace holdfast
