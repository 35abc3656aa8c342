#pragma once

#include <cstdint>
#include <span>

#include "server/message.h"
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
  Transport transport = Transport::Udp;
  View view = View::Client;
};

/// What a response turned out to be, for the counters.
struct Answered {
  Rcode rcode = Rcode::NoError;
  bool truncated = false;
};

/// What answering needs besides the snapshot. One per worker; one thread.
struct AnswerScratch {
  AnswerScratch(std::uint64_t seed, std::uint16_t payload) noexcept : random(seed), udpPayload(payload) {}

  Random random;
  TargetPicker picker;
  std::uint16_t udpPayload;  ///< the largest response by UDP and what OPT records announce; 512 or more
  Answered last;             ///< of the last call that returned other than 0
};

/// The protocol core: one message in, the size of the response in `out` back, 0 where none is to be sent.
/// Bounded work, no allocation, no lock, no system call; any octets may come in. Everything in the response
/// is of the one snapshot (I3), which was read inside `section`.
/// RFC 1034 section 4.3.2, 2308, 4035 section 3.1, 5155 section 7.2, 6604, 6672, 6891, 8482, 9471.
/// REQUIRES: out.size() is at least scratch.udpPayload, for TCP 65535; `out` and the message do not overlap.
std::size_t answer(const Snapshot& snapshot, const ReadSection& section, const Request& request,
                   std::span<std::uint8_t> out, AnswerScratch& scratch) noexcept;

}  // namespace holdfast
