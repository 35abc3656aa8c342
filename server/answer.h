#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "server/cookie.h"
#include "server/extended_error.h"
#include "server/message.h"
#include "server/message_settings.h"
#include "server/pick.h"
#include "server/random.h"
#include "zone/snapshot.h"

namespace holdfast {

enum class Transport : std::uint8_t { Udp, Tcp };

/// Which records of an endpoint a response carries.
enum class View : std::uint8_t {
  Client,  ///< as its plan says: all from a random one on, or a pick by weight
  Stable   ///< all, in the order of their RDATA: what can be signed, transferred and compared
};

/// One message as it arrived.
struct Request {
  std::span<const std::uint8_t> message;
  /// Where it came from, as addressOctets(): what cookies are bound to. Borrows; empty where it is not known.
  std::span<const std::uint8_t> client{};
  Transport transport = Transport::Udp;
  View view = View::Client;
  std::uint16_t mostOctets = 65'535;  ///< what the client's link takes, where that is known; by UDP
};

/// What a response turned out to be, for the counters.
struct Answered {
  Rcode rcode = Rcode::NoError;
  bool truncated = false;
  CookieState cookie = CookieState::Absent;
  ExtendedError extendedError = ExtendedError::None;  ///< whether or not the client could be told
};

/// What answering needs besides the snapshot. One per worker; one thread.
struct AnswerScratch {
  /// `payload` is 512 or more.
  AnswerScratch(std::uint64_t seed, std::uint16_t payload, MessageSettings settings = {});

  /// To be called before each batch of messages, so that answer() needs no clock. At most one vDSO call.
  void beginBatch() noexcept;

  Random random;
  TargetPicker picker;
  std::uint16_t udpPayload;  ///< the largest response by UDP and what OPT records announce
  const MessageSettings messages;
  /// What edns-tcp-keepalive tells clients by TCP, in units of 100 ms. 0: the option is not answered.
  std::uint16_t tcpKeepalive = 0;
  std::uint32_t now = 0;  ///< seconds since the epoch modulo 2^32, for cookies
  Answered last;          ///< of the last call that returned other than 0
};

/// What the response may take, octets.
std::size_t responseLimit(const Request& request, const Query& query, const AnswerScratch& scratch) noexcept;

/// The timeout in the units of AnswerScratch::tcpKeepalive, cut to what they can tell.
std::uint16_t keepaliveUnits(std::chrono::milliseconds timeout) noexcept;

/// The protocol core: one message in, the size of the response in `out` back, 0 where none is to be sent.
/// Bounded work, no allocation, no lock, no system call; any octets may come in. Everything in the response
/// is of the one snapshot (I3), which was read inside `section`.
/// RFC 1034 section 4.3.2, 2308, 4035 section 3.1, 4892, 5001, 5155 section 7.2, 6604, 6672, 6891, 7828,
/// 7830, 7873, 8467, 8482, 8914, 9018, 9471. REQUIRES: out.size() is at least scratch.udpPayload, for TCP
/// 65535; `out` and the message do not overlap.
std::size_t answer(const Snapshot& snapshot, const ReadSection& section, const Request& request,
                   std::span<std::uint8_t> out, AnswerScratch& scratch) noexcept;

/// A message taken apart, and the zone that answers its question.
struct ParsedMessage {
  Parsed parsed = Parsed::NotAQuery;
  const Zone* zone = nullptr;  ///< findZone() of the question's name, where parsed is Query
  NodeView likely = {};        ///< of the zone, where it was looked for: has the question's name, or does not
  // Last: it is long, and what every stage looks at is in front of it.
  Query query;  ///< what parseQuery() made of the message, with `parsed`
};

/// The same for a message that was taken apart before. REQUIRES: `message` is of request.message and of the
/// snapshot.
std::size_t answer(const Snapshot& snapshot, const ReadSection& section, const Request& request,
                   const ParsedMessage& message, std::span<std::uint8_t> out,
                   AnswerScratch& scratch) noexcept;

}  // namespace holdfast
