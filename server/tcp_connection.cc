#include "server/tcp_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast {

void resetOnClose(const FileDescriptor& socket) noexcept {
  const linger now{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

TcpConnection::TcpConnection(event_base* base, FileDescriptor socket, const ClientAddress& client,
                             Serving& serving, std::size_t pipeline, Owner& owner)
    : socket_(std::move(socket)),
      client_(client),
      serving_(serving),
      pipeline_(pipeline),
      owner_(owner),
      read_(makeEvent<&TcpConnection::readable>(base, socket_.get(), EV_READ | EV_PERSIST, this)),
      write_(makeEvent<&TcpConnection::writable>(base, socket_.get(), EV_WRITE | EV_PERSIST, this)),
      buffers_(new Buffers) {}  // not make_unique, which would touch every page to zero it

bool TcpConnection::start() noexcept {
  return read_ != nullptr && write_ != nullptr && event_add(read_.get(), nullptr) == 0;
}

void TcpConnection::readable() noexcept {
  switch (receive(kReadOctets)) {
    case Received::Some:
      return proceed();
    case Received::Nothing:
      return;
    case Received::Broken:
      return owner_.finished(*this);
  }
}

void TcpConnection::writable() noexcept {
  proceed();
}

void TcpConnection::drain() noexcept {
  Received received = Received::Some;
  while (received == Received::Some && !ended_ && inEnd_ < kMaxFramed) received = receive(kMaxFramed);
  if (received == Received::Broken) return owner_.finished(*this);
  ended_ = true;
  proceed();
}

/// The end of the client's side counts as something: what it sent before is still answered.
TcpConnection::Received TcpConnection::receive(std::size_t atMost) noexcept {
  const ssize_t got =
      ::recv(socket_.get(), buffers_->in + inEnd_, std::min(atMost, kMaxFramed - inEnd_), MSG_DONTWAIT);
  if (got < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Received::Nothing : Received::Broken;
  if (got == 0) ended_ = true;
  inEnd_ += static_cast<std::size_t>(got);
  return Received::Some;
}

/// Answers and sends until the input is used up or the client takes no more.
void TcpConnection::proceed() noexcept {
  do {
    answerReceived();
    if (!flush()) return owner_.finished(*this);
  } while (!isBusy() && hasMessage());
  if (!report()) ended_ = true;
  countHeldBack();
  if (isBusy()) {
    if (!wait(write_.get(), read_.get())) owner_.finished(*this);
    return;
  }
  if (ended_ || !wait(read_.get(), write_.get())) owner_.finished(*this);
}

bool TcpConnection::wait(event* wanted, event* unwanted) noexcept {
  return event_del(unwanted) == 0 && event_add(wanted, nullptr) == 0;
}

std::size_t TcpConnection::messageOctets() const noexcept {
  return static_cast<std::size_t>(buffers_->in[inBegin_] << 8 | buffers_->in[inBegin_ + 1]);
}

bool TcpConnection::hasMessage() const noexcept {
  return inEnd_ - inBegin_ >= kFrame && inEnd_ - inBegin_ >= kFrame + messageOctets();
}

void TcpConnection::answerReceived() noexcept {
  serving_.scratch.beginBatch();
  const ReadSection section;
  const Snapshot& snapshot = serving_.snapshot.read(section);
  while (inEnd_ - inBegin_ >= kFrame && !isFull()) {
    if (messageOctets() < kHeaderOctets) {
      // Not DNS, or out of step: nothing after it can be trusted.
      serving_.counters.count(Transport::Tcp, 0, {});
      inBegin_ = inEnd_;
      ended_ = true;
      break;
    }
    if (!hasMessage()) break;
    answerOne(snapshot, section);
  }
  if (inBegin_ == 0) return;
  std::memmove(buffers_->in, buffers_->in + inBegin_, inEnd_ - inBegin_);
  inEnd_ -= inBegin_;
  inBegin_ = 0;
}

void TcpConnection::answerOne(const Snapshot& snapshot, const ReadSection& section) noexcept {
  const std::size_t size = messageOctets();
  const Request request{{buffers_->in + inBegin_ + kFrame, size}, client_.octets(), Transport::Tcp};
  std::uint8_t* out = buffers_->out + outEnd_;
  const std::size_t octets =
      answer(snapshot, section, request, {out + kFrame, kMaxMessageOctets}, serving_.scratch);
  serving_.counters.count(Transport::Tcp, octets, serving_.scratch.last);
  inBegin_ += kFrame + size;
  if (octets == 0) return;
  out[0] = static_cast<std::uint8_t>(octets >> 8);
  out[1] = static_cast<std::uint8_t>(octets);
  outEnd_ += kFrame + octets;
  progressed_ = true;
}

/// Sends what the system takes. False when the connection is broken.
bool TcpConnection::flush() noexcept {
  while (isBusy()) {
    const ssize_t sent =
        ::send(socket_.get(), buffers_->out + outBegin_, outEnd_ - outBegin_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    outBegin_ += static_cast<std::size_t>(sent);
    if (outMark_ > 0 && outBegin_ >= outMark_) progressed_ = true;
  }
  outBegin_ = outEnd_ = outMark_ = 0;
  return true;
}

/// Tells the owner where the connection stands, once a round is done. While responses wait nothing is
/// answered but what fits beside them, so only taking them gives a client its time anew.
bool TcpConnection::report() noexcept {
  const TcpState before = state_;
  state_ = isBusy() ? TcpState::Sending : inEnd_ > 0 ? TcpState::Receiving : TcpState::Idle;
  if (!std::exchange(progressed_, false) && state_ == before) return true;
  outMark_ = outEnd_;
  return owner_.entered(*this, state_);
}

/// Once for each time that the client falls behind, however long it stays so.
void TcpConnection::countHeldBack() noexcept {
  const bool holdsBack = isBusy() && isFull() && hasMessage();
  if (holdsBack && !holdsBack_) serving_.counters.tcpHeldBack.add();
  holdsBack_ = holdsBack;
}

}  // namespace holdfast
