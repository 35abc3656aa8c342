#pragma once

#include <cstdint>
#include <memory>

#include "server/client_address.h"
#include "server/event_handles.h"
#include "server/listen.h"
#include "server/serving.h"
#include "server/tcp_limits.h"

namespace holdfast {

/// Makes the coming close of a TCP socket a reset: what waits in the system's buffers goes at once, and no
/// state lingers.
void resetOnClose(const FileDescriptor& socket) noexcept;

/// What a connection is doing; each has its time limit (TcpLimits).
enum class TcpState : std::uint8_t {
  Idle,       ///< every message was answered, every response taken
  Receiving,  ///< part of a message is there
  Sending     ///< responses wait for the client to take them
};

/// One TCP connection: messages of a two-octet length and that many octets, answered in the order they came
/// (RFC 7766 section 8). Memory is fixed from the start: while responses wait to be taken nothing is read,
/// and once they are more than `pipeline` octets nothing is answered until all are taken, so a client that
/// does not read stops itself. Each round over what was received is answered from one snapshot. Used on the
/// worker's thread.
///
/// A length of less than a header, 0 included, ends the connection once the messages before it are answered:
/// what follows would be guesswork, and a client in step never sends it. A message that gets no response
/// (itself a response) is passed over. A client that ends its side gets all its responses first; what it left
/// unfinished is dropped.
class TcpConnection {
 public:
  /// Told what happens to it. May destroy it in finished().
  class Owner {
   public:
    /// A state begins: another one than before, or the same with its time anew, as a message was answered
    /// or what had waited was taken. False: nothing more is to be read from the client.
    virtual bool entered(TcpConnection& connection, TcpState state) noexcept = 0;
    virtual void finished(TcpConnection& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  /// REQUIRES: `pipeline` is kMostPipeline at most.
  TcpConnection(event_base* base, FileDescriptor socket, const ClientAddress& client, Serving& serving,
                std::size_t pipeline, Owner& owner);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// False where libevent is out of memory.
  bool start() noexcept;
  /// Answers what was received already, then finishes. The connection may be gone afterwards.
  void drain() noexcept;
  void resetOnClose() noexcept { holdfast::resetOnClose(socket_); }

 private:
  static constexpr std::size_t kFrame = 2;
  static constexpr std::size_t kMaxFramed = kFrame + kMaxMessageOctets;
  /// Of one wake-up, so that one connection leaves others their turns.
  static constexpr std::size_t kReadOctets = 16 * 1024;

  /// Pages that are never touched cost no memory, which is why these may be of the largest message's size.
  struct Buffers {
    std::uint8_t in[kMaxFramed];
    std::uint8_t out[kMostPipeline + kMaxFramed];
  };

  bool isBusy() const noexcept { return outBegin_ != outEnd_; }
  bool isFull() const noexcept { return outEnd_ > pipeline_; }
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
  bool report() noexcept;
  void countHeldBack() noexcept;
  bool wait(event* wanted, event* unwanted) noexcept;

  FileDescriptor socket_;
  const ClientAddress client_;
  Serving& serving_;
  const std::size_t pipeline_;
  Owner& owner_;
  EventPtr read_;
  EventPtr write_;
  std::unique_ptr<Buffers> buffers_;
  std::size_t inBegin_ = 0, inEnd_ = 0;
  std::size_t outBegin_ = 0, outEnd_ = 0;
  std::size_t outMark_ = 0;  // where outEnd_ was when Sending began anew; 0 while nothing waits
  TcpState state_ = TcpState::Idle;
  bool progressed_ = false;  // since the last report: a message was answered, or what had waited was taken
  bool holdsBack_ = false;   // queries are there and wait until responses are taken
  bool ended_ = false;       // nothing more will be read; finished when all is answered and taken
};

}  // namespace holdfast
