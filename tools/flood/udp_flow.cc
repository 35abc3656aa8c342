#include "tools/flood/udp_flow.h"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace holdfast::flood {

namespace {

constexpr int kSocketOctets =
    4 << 20;  // so that what comes is not lost when the thread has to wait for its core

}  // namespace

Result<std::unique_ptr<UdpFlow>> UdpFlow::open(const ServerAddress& server, const Asking& asking) {
  FileDescriptor socket(::socket(server.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), server.raw(), server.size()) != 0)
    return Error{ErrorKind::System, server.text(), std::generic_category().message(errno)};
  for (const int option : {SO_RCVBUF, SO_SNDBUF})
    ::setsockopt(socket.get(), SOL_SOCKET, option, &kSocketOctets, sizeof kSocketOctets);
  return std::unique_ptr<UdpFlow>(new UdpFlow(std::move(socket), asking));
}

UdpFlow::UdpFlow(FileDescriptor socket, const Asking& asking)
    : Flow(asking), socket_(std::move(socket)), out_(kBatch * kOctets), in_(kBatch * kOctets) {
  for (unsigned i = 0; i < kBatch; ++i) {
    outParts_[i] = {out_.data() + i * kOctets, 0};
    inParts_[i] = {in_.data() + i * kOctets, kOctets};
    outMessages_[i].msg_hdr.msg_iov = &outParts_[i];
    inMessages_[i].msg_hdr.msg_iov = &inParts_[i];
    outMessages_[i].msg_hdr.msg_iovlen = inMessages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void UdpFlow::ask(const Message& message, std::int64_t due, Tally& tally) {
  iovec& part = outParts_[ready_++];
  enter(message, due, {static_cast<std::uint8_t*>(part.iov_base), kOctets});
  tally.countSent(message.number);
  part.iov_len = message.octets.size();
}

void UdpFlow::send(std::int64_t /*now*/, Tally& /*tally*/) {
  unsigned sent = 0;
  while (sent < ready_) {
    const int more = ::sendmmsg(socket_.get(), &outMessages_[sent], ready_ - sent, MSG_DONTWAIT);
    if (more > 0)
      sent += static_cast<unsigned>(more);
    else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
      break;
    else if (errno != EINTR)
      ++sent;  // such as a refusal of an earlier one that was told by ICMP: this one is lost
  }
  keepFrom(sent);
}

/// Those before are sent.
void UdpFlow::keepFrom(unsigned first) noexcept {
  for (unsigned i = first; first > 0 && i < ready_; ++i) {
    std::memcpy(outParts_[i - first].iov_base, outParts_[i].iov_base, outParts_[i].iov_len);
    outParts_[i - first].iov_len = outParts_[i].iov_len;
  }
  ready_ -= first;
}

void UdpFlow::receive(Tally& tally) {
  for (;;) {
    const int received = ::recvmmsg(socket_.get(), inMessages_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0 && errno == ECONNREFUSED)
      continue;  // told once for each time; then there is something else
    if (received <= 0) return;
    const std::int64_t time = now();
    for (unsigned i = 0; i < static_cast<unsigned>(received); ++i)
      judge({static_cast<const std::uint8_t*>(inParts_[i].iov_base), inMessages_[i].msg_len}, time, tally);
    if (static_cast<unsigned>(received) < kBatch) return;
  }
}

}  // namespace holdfast::flood
