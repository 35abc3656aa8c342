#include "server/answer.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "server/chaos.h"
#include "server/edns.h"
#include "server/message_writer.h"
#include "server/plain_answer.h"
#include "server/response.h"

namespace holdfast {

namespace {

/// What a response by TCP is padded to a multiple of, for clients that ask (RFC 8467 section 4.1). By UDP
/// there is no padding: the source address may be forged, and octets that nobody needs would go to the
/// victim.
constexpr std::size_t kPaddingBlock = 468;

/// What a message gets without a look at the zones.
struct Refusal {
  Rcode rcode = Rcode::FormErr;
  ExtendedError why = ExtendedError::None;
  std::uint16_t flags = 0;  // further header bits
};

/// What cannot be processed at all. Fills `asked` for what can.
std::optional<Refusal> refuseMessage(Parsed parsed, const Query& query, Transport transport,
                                     QueryOptions& asked) noexcept {
  constexpr Refusal kOpcode{Rcode::NotImp, ExtendedError::OpcodeMissing};
  const bool isQuery = query.opcode() == kOpcodeQuery;
  // What other opcodes put into a message is not ours to judge (DSO has other things behind the header).
  if (parsed == Parsed::Malformed) return isQuery ? Refusal{} : kOpcode;
  // Before the options, which another version may write in another way, and before the opcode, as in Knot and
  // BIND (RFC 6891 section 6.1.3).
  if (!query.edns.present) return isQuery ? std::nullopt : std::optional(kOpcode);
  if (query.edns.version != 0) return Refusal{Rcode::BadVers};
  const auto options = readOptions(query.edns.options);
  if (!options) return Refusal{};
  asked = *options;
  // RFC 7828 section 3.3.2: by UDP the option is ignored, whatever is in it.
  if (transport == Transport::Tcp && asked.keepalive.value_or(0) != 0) return Refusal{};
  if (!isQuery) return kOpcode;
  return std::nullopt;
}

/// What the COOKIE option decides (RFC 7873 sections 5.2 and 5.4), after it was checked.
std::optional<Refusal> refuseCookie(Parsed parsed, const Request& request, const Query& query,
                                    CookieState cookie, CookieMode mode) noexcept {
  if (parsed == Parsed::NoQuestion) {
    if (cookie == CookieState::Absent || query.answers != 0 || query.authorities != 0) return Refusal{};
    // Only a cookie was asked for, and the response has one. BIND and NSD say NOERROR also to an invalid one.
    return Refusal{cookie == CookieState::Invalid ? Rcode::BadCookie : Rcode::NoError};
  }
  if (mode != CookieMode::Require || request.transport == Transport::Tcp) return std::nullopt;
  // Without an option there is nothing to send a cookie in: TC leads to TCP, which shows the address too.
  if (cookie == CookieState::Absent) return Refusal{Rcode::NoError, ExtendedError::None, flag::kTruncated};
  if (cookie != CookieState::Valid) return Refusal{Rcode::BadCookie};
  return std::nullopt;
}

/// Questions that need no zone, in the order they are judged.
std::optional<Refusal> refuseQuestion(const Query& query) noexcept {
  // An IXFR carries the SOA it starts from (RFC 1995 section 3); other queries carry nothing.
  if (query.answers != 0 || (query.authorities != 0 && query.type != RRType::IXFR)) return Refusal{};
  // Knot and NSD refuse all other classes; BIND has NOTIMP for those it does not know.
  if (query.qclass != kClassIn && query.qclass != kClassAny && query.qclass != kClassChaos)
    return Refusal{Rcode::Refused, ExtendedError::ClassMissing};
  if (query.type == RRType::AXFR || query.type == RRType::IXFR)
    return Refusal{Rcode::Refused, ExtendedError::TransferMissing};
  // Types that no zone can hold, such as OPT and TSIG, are looked up like any other: NODATA or what else the
  // name gives, as Knot, NSD and PowerDNS answer.
  return std::nullopt;
}

/// The options that are known before the answer. False where the COOKIE has an illegal length.
bool addOptions(const Request& request, const QueryOptions& asked, AnswerScratch& scratch,
                ResponseOptions& options) noexcept {
  const MessageSettings& settings = scratch.messages;
  if (asked.cookie && settings.cookies != CookieMode::Off) {
    if (!isCookieLength(asked.cookie->size())) return false;
    const CheckedCookie checked = checkCookie(*asked.cookie, request.client, scratch.now, settings.secrets);
    scratch.last.cookie = checked.state;
    options.addCookie(checked.reply);
  }
  if (asked.nsid && !settings.nsid.empty())
    options.addNsid({reinterpret_cast<const std::uint8_t*>(settings.nsid.data()), settings.nsid.size()});
  if (asked.keepalive && request.transport == Transport::Tcp && scratch.tcpKeepalive != 0)
    options.addKeepalive(scratch.tcpKeepalive);
  return true;
}

/// Makes the content of the response to what was not refused.
Rcode answerQuestion(const Snapshot& snapshot, const ParsedMessage& message, View view, MessageWriter& writer,
                     AnswerScratch& scratch) noexcept {
  const Query& query = message.query;
  if (query.qclass != kClassChaos)
    return Response(snapshot, query, message.zone, view, writer, scratch).run();
  const Rcode rcode = answerChaos(query, scratch.messages, writer);
  if (rcode == Rcode::Refused) scratch.last.extendedError = ExtendedError::ChaosProhibited;
  return rcode;
}

}  // namespace

std::size_t responseLimit(const Request& request, const Query& query, const AnswerScratch& scratch) noexcept {
  if (request.transport == Transport::Tcp) return kMaxMessageOctets;
  if (!query.edns.present) return kMinUdpPayload;
  return std::min({std::max(query.edns.payload, kMinUdpPayload), scratch.udpPayload, request.mostOctets});
}

AnswerScratch::AnswerScratch(std::uint64_t seed, std::uint16_t payload, MessageSettings settings)
    : random(seed), udpPayload(payload), messages(std::move(settings)) {}

void AnswerScratch::beginBatch() noexcept {
  if (messages.cookies != CookieMode::Off) now = static_cast<std::uint32_t>(std::time(nullptr));
}

std::uint16_t keepaliveUnits(std::chrono::milliseconds timeout) noexcept {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(timeout.count() / 100, 0, 65535));
}

std::size_t answer(const Snapshot& snapshot, const ReadSection& section, const Request& request,
                   std::span<std::uint8_t> out, AnswerScratch& scratch) noexcept {
  ParsedMessage message;
  message.parsed = parseQuery(request.message, message.query);
  if (message.parsed == Parsed::Query) message.zone = snapshot.findZone(message.query.hashed);
  return answer(snapshot, section, request, message, out, scratch);
}

std::size_t answer(const Snapshot& snapshot, [[maybe_unused]] const ReadSection& section,
                   const Request& request, const ParsedMessage& message, std::span<std::uint8_t> out,
                   AnswerScratch& scratch) noexcept {
  const Parsed parsed = message.parsed;
  const Query& query = message.query;
  if (parsed == Parsed::NotAQuery) return 0;
  if (const std::size_t size = answerPlainly(request, message, out, scratch); size != 0) return size;
  scratch.last = {};
  Answered& last = scratch.last;

  QueryOptions asked;
  ResponseOptions options;
  std::optional<Refusal> refused = refuseMessage(parsed, query, request.transport, asked);
  if (query.edns.present && !addOptions(request, asked, scratch, options)) refused = Refusal{};
  if (!refused) refused = refuseCookie(parsed, request, query, last.cookie, scratch.messages.cookies);
  if (!refused) refused = refuseQuestion(query);

  MessageWriter writer(out, responseLimit(request, query, scratch), query, options.octets().size());
  if (refused) {
    writer.setFlags(refused->flags);
    last.extendedError = refused->why;
  }
  last.rcode = refused ? refused->rcode : answerQuestion(snapshot, message, request.view, writer, scratch);
  last.truncated = (writer.flags() & flag::kTruncated) != 0;

  // Both only where the response has an OPT to carry them.
  if (query.edns.present && last.extendedError != ExtendedError::None)
    options.addExtendedError(last.extendedError, writer.spare());
  const bool pads = asked.padding && request.transport == Transport::Tcp;
  return writer.finish(last.rcode, {scratch.udpPayload, options.octets(), pads ? kPaddingBlock : 0});
}

}  // namespace holdfast
