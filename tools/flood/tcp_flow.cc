#include "tools/flood/tcp_flow.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "zone/network_order.h"

namespace holdfast::flood {

TcpFlow::TcpFlow(const ServerAddress& server, const Asking& asking) : Flow(asking), server_(server) {}

void TcpFlow::ask(const Message& message, std::int64_t due, Tally& tally) {
  enter(message, due, roomFor(message));
  tally.countSent(message.number);
}

/// For its octets, behind the two that say how many.
std::span<std::uint8_t> TcpFlow::roomFor(const Message& message) {
  const std::size_t at = out_.size();
  out_.resize(at + kFrame + message.octets.size());
  store16(&out_[at], message.octets.size());
  return std::span(out_).subspan(at + kFrame);
}

void TcpFlow::connect(std::int64_t now, Tally& tally) {
  if (now < notBefore_) return;
  socket_ = FileDescriptor(::socket(server_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return close(now, tally);
  const int one = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(socket_.get(), server_.raw(), server_.size()) != 0 && errno != EINPROGRESS)
    return close(now, tally);
}

void TcpFlow::close(std::int64_t now, Tally& tally) {
  if (socket_) ++tally.closed;
  socket_ = {};
  notBefore_ = now + kPause;
  out_.clear();
  in_.clear();
  sent_ = 0;
  for (const Pending::Entry& entry : takeWaiting()) {
    const Message message{questions().message(entry.number), entry.number};
    enter(message, entry.due, roomFor(message));
  }
}

void TcpFlow::send(std::int64_t now, Tally& tally) {
  if (!socket_) {
    if (sent_ < out_.size()) connect(now, tally);
    if (!socket_) return;
  }
  while (sent_ < out_.size()) {
    const ssize_t more =
        ::send(socket_.get(), &out_[sent_], out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN || errno == EINPROGRESS))
      return;
    if (more <= 0) return close(now, tally);
    sent_ += static_cast<std::size_t>(more);
  }
  out_.clear();
  sent_ = 0;
}

void TcpFlow::receive(Tally& tally) {
  std::array<std::uint8_t, 16'384> part;
  while (socket_) {
    const ssize_t more = ::recv(socket_.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN)) return;
    const std::int64_t time = now();
    if (more <= 0) return close(time, tally);
    in_.insert(in_.end(), part.begin(), part.begin() + more);
    takeFrames(time, tally);
    if (static_cast<std::size_t>(more) < part.size()) return;
  }
}

void TcpFlow::takeFrames(std::int64_t time, Tally& tally) {
  std::size_t at = 0;
  while (in_.size() - at >= kFrame) {
    const std::size_t octets = static_cast<std::size_t>(in_[at] << 8 | in_[at + 1]);
    if (in_.size() - at - kFrame < octets) break;
    judge(std::span(in_).subspan(at + kFrame, octets), time, tally);
    at += kFrame + octets;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace holdfast::flood
