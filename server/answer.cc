#include "server/answer.h"

#include <algorithm>
#include <optional>

#include "server/message_writer.h"
#include "server/response.h"

namespace holdfast {

namespace {

/// Refusals that need no zone, in the order they are judged.
std::optional<Rcode> refusal(const Query& query) noexcept {
  if (query.edns.present && query.edns.version != 0) return Rcode::BadVers;
  if (query.opcode() != kOpcodeQuery) return Rcode::NotImp;
  // An IXFR carries the SOA it starts from (RFC 1995 section 3); other queries carry nothing.
  if (query.answers != 0 || (query.authorities != 0 && query.type != RRType::IXFR)) return Rcode::FormErr;
  if (query.qclass != kClassIn && query.qclass != kClassAny) return Rcode::Refused;
  if (static_cast<std::uint16_t>(query.type) == 0) return Rcode::FormErr;  // reserved: RFC 6895 section 3.1
  switch (query.type) {
    case RRType::OPT:
    case RRType::TKEY:
    case RRType::TSIG:
      return Rcode::FormErr;
    case RRType::MAILA:
    case RRType::MAILB:
      return Rcode::NotImp;
    case RRType::AXFR:
    case RRType::IXFR:
      return Rcode::Refused;
    default:
      return std::nullopt;
  }
}

std::size_t limitFor(const Request& request, const Query& query, const AnswerScratch& scratch) noexcept {
  if (request.transport == Transport::Tcp) return kMaxMessageOctets;
  if (!query.edns.present) return kMinUdpPayload;
  return std::min(std::max(query.edns.payload, kMinUdpPayload), scratch.udpPayload);
}

}  // namespace

std::size_t answer(const Snapshot& snapshot, [[maybe_unused]] const ReadSection& section,
                   const Request& request, std::span<std::uint8_t> out, AnswerScratch& scratch) noexcept {
  Query query;
  const Parsed parsed = parseQuery(request.message, query);
  if (parsed == Parsed::NotAQuery) return 0;
  if (parsed == Parsed::Malformed) {
    query.received = {};
    query.edns = {};
    const Rcode rcode = query.opcode() == kOpcodeQuery ? Rcode::FormErr : Rcode::NotImp;
    scratch.last = {rcode, false};
    return MessageWriter(out, kHeaderOctets, query).finish(rcode, scratch.udpPayload);
  }
  MessageWriter writer(out, limitFor(request, query, scratch), query);
  const std::optional<Rcode> refused = refusal(query);
  const Rcode rcode = refused ? *refused : Response(snapshot, query, request.view, writer, scratch).run();
  scratch.last = {rcode, (writer.flags() & flag::kTruncated) != 0};
  return writer.finish(rcode, scratch.udpPayload);
}

}  // namespace holdfast
