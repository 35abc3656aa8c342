#include "server/udp.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast {

namespace {

/// Turns the note of where a datagram was sent into the order to reply from there. The interface is left to
/// routing, as the way back may be another, unless the address means nothing without it.
void replyFromDestination(msghdr& header) noexcept {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      info.ipi_ifindex = 0;
      std::memcpy(CMSG_DATA(each), &info, sizeof info);
    } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
      std::memcpy(CMSG_DATA(each), &info, sizeof info);
    }
  }
}

}  // namespace

UdpSocket::UdpSocket(FileDescriptor socket, Serving& serving)
    : socket_(std::move(socket)),
      serving_(serving),
      receiveOctets_(kBatch * kReceiveStride),
      sendOctets_(std::size_t{kBatch} * serving.scratch.udpPayload) {
  for (unsigned i = 0; i < kBatch; ++i) {
    Slot& slot = slots_[i];
    slot.in = {receiveOctets_.data() + i * kReceiveStride, kReceiveOctets};
    slot.out = {sendOctets_.data() + std::size_t{i} * serving.scratch.udpPayload, 0};
    batch_[i].out = {static_cast<std::uint8_t*>(slot.out.iov_base), serving.scratch.udpPayload};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_name = &slot.peer;
    header.msg_iovlen = 1;
    header.msg_control = slot.control.data();
  }
  makeReady(kBatch);
}

/// Until there is nothing: under load more has come meanwhile, twice out of three times, and then that is one
/// system call less than to wait for it first.
void UdpSocket::serve() noexcept {
  for (unsigned i = 0; i < kBatchesPerTurn; ++i)
    if (serveBatch() == 0) return;
}

unsigned UdpSocket::serveBatch() noexcept {
  const unsigned received = receive();
  answerAll(received);
  send(received);
  if (tooLongs_ > 0) sendShortened();
  makeReady(received);
  return received;
}

/// For the next to be received: the headers are those of replies.
void UdpSocket::makeReady(unsigned messages) noexcept {
  for (unsigned i = 0; i < messages; ++i) {
    msghdr& header = messages_[i].msg_hdr;
    header.msg_iov = &slots_[i].in;
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_controllen = sizeof(Slot::control);
  }
}

unsigned UdpSocket::receive() noexcept {
  int received = 0;
  do {
    received = ::recvmmsg(socket_.get(), messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
  } while (received < 0 && errno == EINTR);
  if (received <= 0) return 0;
  serving_.counters.of(Transport::Udp).batches.add();
  return static_cast<unsigned>(received);
}

void UdpSocket::answerAll(unsigned received) noexcept {
  if (received == 0) return;
  // Field by field where they stay: a whole request would be put together on the stack and copied at once,
  // which has to wait for its parts.
  for (unsigned i = 0; i < received; ++i) {
    Request& request = batch_[i].request;
    request.message = {static_cast<const std::uint8_t*>(slots_[i].in.iov_base), messages_[i].msg_len};
    request.client = addressOctets(slots_[i].peer);
  }
  serving_.scratch.beginBatch();
  {
    const ReadSection section;
    batch_.answer(received, serving_.snapshot.read(section), section, serving_.scratch, serving_.counters);
  }
  for (unsigned i = 0; i < received; ++i)
    if (batch_[i].octets > 0) prepareReply(i);
}

/// A message's header becomes that of its reply, with the peer and the note of where it was sent.
void UdpSocket::prepareReply(unsigned i) noexcept {
  msghdr& header = messages_[i].msg_hdr;
  slots_[i].out.iov_len = batch_[i].octets;
  header.msg_iov = &slots_[i].out;
  if (header.msg_controllen > 0) replyFromDestination(header);
}

/// Those of messages that follow each other go together; mostly all have one.
void UdpSocket::send(unsigned received) noexcept {
  for (unsigned first = 0, end = 0; first < received; first = end + 1) {
    for (end = first; end < received && batch_[end].octets > 0;) ++end;
    sendReplies(first, end);
  }
}

/// What the system does not take is dropped: clients ask again, and a queue here would only delay everybody.
/// REQUIRES: each message from `first` to before `end` has a reply.
void UdpSocket::sendReplies(unsigned first, unsigned end) noexcept {
  Counter& unsent = serving_.counters.of(Transport::Udp).unsent;
  while (first < end) {
    const int sent = ::sendmmsg(socket_.get(), &messages_[first], end - first, MSG_DONTWAIT);
    if (sent > 0) {
      first += static_cast<unsigned>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      unsent.add(end - first);
      return;
    } else if (errno == EMSGSIZE && slots_[first].out.iov_len > kMinUdpPayload) {
      tooLong_[tooLongs_++] = static_cast<std::uint8_t>(first++);
    } else if (errno != EINTR) {
      // Only this peer cannot be reached.
      unsent.add();
      ++first;
    }
  }
}

/// The link takes less than the client does: what fits any link, mostly truncated, which sends the client to
/// TCP. From one snapshot, and after all of the batch: what a socket sends never goes back to an older one.
void UdpSocket::sendShortened() noexcept {
  {
    const ReadSection section;
    const Snapshot& snapshot = serving_.snapshot.read(section);
    for (unsigned i = 0; i < tooLongs_; ++i) shorten(tooLong_[i], snapshot, section);
  }
  const unsigned count = std::exchange(tooLongs_, 0u);  // none of them can be too long again
  for (unsigned i = 0; i < count; ++i)
    if (batch_[tooLong_[i]].octets > 0) sendReplies(tooLong_[i], tooLong_[i] + 1u);
}

void UdpSocket::shorten(unsigned i, const Snapshot& snapshot, const ReadSection& section) noexcept {
  Exchange& exchange = batch_[i];
  Request request = exchange.request;
  request.mostOctets = kMinUdpPayload;
  exchange.octets = answer(snapshot, section, request, exchange.out, serving_.scratch);
  if (exchange.octets == 0) return;
  if (serving_.scratch.last.truncated) serving_.counters.of(Transport::Udp).truncated.add();
  prepareReply(i);
}

}  // namespace holdfast
