#include "server/udp.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

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

/// The TC bit of a response.
bool isTruncated(std::span<const std::uint8_t> response) noexcept {
  return (response[2] & flag::kTruncated >> 8) != 0;
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
    received_[i].msg_hdr.msg_name = &slot.peer;
    received_[i].msg_hdr.msg_iov = &slot.in;
    received_[i].msg_hdr.msg_iovlen = 1;
    received_[i].msg_hdr.msg_control = slot.control.data();
    replies_[i].msg_hdr.msg_iovlen = 1;
  }
  makeReady(kBatch);
}

/// Until there is nothing: under load more has come meanwhile, twice out of three times, and then that is one
/// system call less than to wait for it first.
void UdpSocket::serve() noexcept {
  for (unsigned i = 0; i < kBatchesPerTurn; ++i)
    if (serveBatch() == 0) return;
}

/// In the call that receives: neither a call that only waits nor one that finds nothing.
void UdpSocket::waitAndServe() noexcept {
  const unsigned received = receive(MSG_WAITFORONE);
  if (received == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // short of memory, perhaps
  const bool isOfNobody = received > 0 && received_[0].msg_hdr.msg_namelen == 0;
  answerBatch(received);
  if (isOfNobody) serving_.counters.takeBackDropped(Transport::Udp);
}

/// Linux says that a socket without a peer cannot be shut, and yet wakes who waits, with a message of no
/// octets and of nobody.
void UdpSocket::shut() noexcept {
  (void)::shutdown(socket_.get(), SHUT_RD);
}

unsigned UdpSocket::serveBatch() noexcept {
  return answerBatch(receive(MSG_DONTWAIT));
}

unsigned UdpSocket::answerBatch(unsigned received) noexcept {
  if (received > 0) send(answerAll(received));
  makeReady(received);
  return received;
}

/// For the next to be received: the system has left there what it received.
void UdpSocket::makeReady(unsigned messages) noexcept {
  for (unsigned i = 0; i < messages; ++i) {
    received_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    received_[i].msg_hdr.msg_controllen = sizeof(Slot::control);
  }
}

unsigned UdpSocket::receive(int flags) noexcept {
  int received = 0;
  do {
    received = ::recvmmsg(socket_.get(), received_.data(), kBatch, flags, nullptr);
  } while (received < 0 && errno == EINTR);
  if (received <= 0) return 0;
  serving_.counters.of(Transport::Udp).batches.add();
  return static_cast<unsigned>(received);
}

unsigned UdpSocket::answerAll(unsigned received) noexcept {
  // Field by field where they stay: a whole request would be put together on the stack and copied at once,
  // which has to wait for its parts. The rest is as a Request begins: by UDP, for a client, over any link.
  for (unsigned i = 0; i < received; ++i) {
    Request& request = batch_[i].request;
    request.message = {static_cast<const std::uint8_t*>(slots_[i].in.iov_base), received_[i].msg_len};
    request.client = addressOctets(slots_[i].peer);
  }
  serving_.scratch.beginBatch();
  {
    const ReadSection section;
    batch_.answer(received, serving_.snapshot.read(section), section, serving_.scratch, serving_.counters);
  }
  unsigned replies = 0;
  for (unsigned i = 0; i < received; ++i)
    if (batch_[i].octets > 0) prepareReply(i, replies++);
  return replies;
}

void UdpSocket::prepareReply(unsigned from, unsigned to) noexcept {
  origins_[to] = static_cast<std::uint8_t>(from);
  slots_[from].out.iov_len = batch_[from].octets;
  msghdr& question = received_[from].msg_hdr;
  msghdr& reply = replies_[to].msg_hdr;
  reply.msg_iov = &slots_[from].out;
  reply.msg_name = question.msg_name;
  reply.msg_namelen = question.msg_namelen;
  reply.msg_controllen = question.msg_controllen;
  reply.msg_control = question.msg_controllen > 0 ? question.msg_control : nullptr;
  if (question.msg_controllen > 0) replyFromDestination(reply);
}

/// What the system does not take is dropped: clients ask again, and a queue here would only delay everybody.
void UdpSocket::send(unsigned replies) noexcept {
  unsigned tooLong = 0;
  Counter& unsent = serving_.counters.of(Transport::Udp).unsent;
  for (unsigned done = 0; done < replies;) {
    const int sent = ::sendmmsg(socket_.get(), replies_.data() + done, replies - done, MSG_DONTWAIT);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      unsent.add(replies - done);
      break;
    } else if (errno == EMSGSIZE && replies_[done].msg_hdr.msg_iov->iov_len > kMinUdpPayload) {
      tooLong_[tooLong++] = origins_[done++];
    } else if (errno != EINTR) {
      // Only this peer cannot be reached.
      unsent.add();
      ++done;
    }
  }
  if (tooLong == 0) return;
  shorten(tooLong);
  send(tooLong);
}

/// The link takes less than the client does: what fits any link, mostly truncated, which sends the client to
/// TCP. From one snapshot, and after all of the batch: what a socket sends never goes back to an older one.
void UdpSocket::shorten(unsigned replies) noexcept {
  const ReadSection section;
  const Snapshot& snapshot = serving_.snapshot.read(section);
  for (unsigned i = 0; i < replies; ++i) {
    Exchange& exchange = batch_[tooLong_[i]];
    Request request = exchange.request;  // a copy: the next message in this place may come by another link
    request.mostOctets = kMinUdpPayload;
    const bool wasTruncated = isTruncated(exchange.out);
    // Whether there is a response depends on the message alone.
    exchange.octets = answer(snapshot, section, request, exchange.out, serving_.scratch);
    if (isTruncated(exchange.out) && !wasTruncated) serving_.counters.of(Transport::Udp).truncated.add();
    prepareReply(tooLong_[i], i);
  }
}

}  // namespace holdfast
