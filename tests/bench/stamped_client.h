#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>

#include "tests/bench/probe.h"

namespace holdfast::bench {

/// A UDP socket connected to that port of 127.0.0.(1 + number), whose messages tell when the system had them
/// (SO_TIMESTAMPNS). The caller owns it; negative where there is none.
int stampedClient(std::uint16_t port, unsigned number);

/// Room for what comes with a message.
struct alignas(cmsghdr) Stamp : std::array<char, CMSG_SPACE(sizeof(timespec))> {};

/// When the system had it: CLOCK_REALTIME in nanoseconds. 0 where it does not say.
std::int64_t stampOf(const msghdr& header);

/// What sendmmsg and recvmmsg need of a client for so many messages at once, wired up once.
template <unsigned kCount>
struct ClientMessages {
  static constexpr std::size_t kReplyOctets = 1500;

  ClientMessages() {
    for (unsigned i = 0; i < kCount; ++i) {
      queryParts[i] = {queries[i].data(), 0};
      queryHeaders[i].msg_hdr = {nullptr, 0, &queryParts[i], 1, nullptr, 0, 0};
      replyParts[i] = {replies[i].data(), kReplyOctets};
      replyHeaders[i].msg_hdr = {nullptr, 0, &replyParts[i], 1, nullptr, 0, 0};
    }
  }
  ClientMessages(const ClientMessages&) = delete;
  ClientMessages& operator=(const ClientMessages&) = delete;

  /// Writes query `i`.
  void put(unsigned i, std::uint16_t id, const Question& question) {
    queryParts[i].iov_len = writeQuery(queries[i], id, question);
  }
  /// Receives what is there. Returns how many, negative for none.
  int receive(int client) {
    for (unsigned i = 0; i < kCount; ++i) {
      replyHeaders[i].msg_hdr.msg_control = stamps[i].data();
      replyHeaders[i].msg_hdr.msg_controllen = stamps[i].size();
    }
    return ::recvmmsg(client, replyHeaders.data(), kCount, MSG_DONTWAIT, nullptr);
  }
  /// Of what was received.
  std::optional<Reply> reply(unsigned i) const {
    return readReply({replies[i].data(), replyHeaders[i].msg_len});
  }
  std::int64_t stamp(unsigned i) const { return stampOf(replyHeaders[i].msg_hdr); }

  std::array<std::array<std::uint8_t, kQueryOctets>, kCount> queries{};
  std::array<std::array<std::uint8_t, kReplyOctets>, kCount> replies{};
  std::array<iovec, kCount> queryParts{};
  std::array<iovec, kCount> replyParts{};
  std::array<mmsghdr, kCount> queryHeaders{};
  std::array<mmsghdr, kCount> replyHeaders{};
  std::array<Stamp, kCount> stamps{};
};

}  // namespace holdfast::bench
