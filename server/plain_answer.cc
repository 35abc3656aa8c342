#include "server/plain_answer.h"

#include <cstring>

#include "server/address_records.h"

namespace holdfast {

namespace {

constexpr std::size_t kQuestionFixed = 4;  // type and class

/// Whether nothing of the message calls for more than a look at the name.
bool isPlain(const ParsedMessage& message, const AnswerScratch& scratch) noexcept {
  const Query& query = message.query;
  return message.parsed == Parsed::Query && query.opcode() == kOpcodeQuery && query.qclass == kClassIn &&
         isAddressType(query.type) && query.answers == 0 && query.authorities == 0 &&
         query.edns.options.empty() && query.edns.version == 0 &&
         scratch.messages.cookies != CookieMode::Require;
}

/// The RRset that answers, or a null view where it takes more to say.
RRsetView addressesFor(const ParsedMessage& message, View view) noexcept {
  const Query& query = message.query;
  const Zone* zone = message.zone;
  if (zone == nullptr || zone->facts().cuts != 0 || zone->facts().dnames != 0) return {};
  const NodeView node = zone->names().find(query.hashed.hash(), query.hashed.name());
  if (!node || (query.edns.dnssecOk && node.hasSignatures())) return {};
  const RRsetView rrset = node.find(query.type);
  if (!rrset || rrset.count() == 0) return {};
  const bool isPicked =
      view != View::Stable && rrset.isEndpoint() && rrset.pick() > 0 && rrset.pick() < rrset.count();
  return isPicked ? RRsetView() : rrset;
}

std::uint8_t* putOpt(std::uint8_t* at, const Query& query, std::uint16_t payload) noexcept {
  *at++ = 0;
  at = store16(store16(at, static_cast<std::size_t>(RRType::OPT)), payload);
  return store16(store32(at, query.edns.dnssecOk ? 0x8000u : 0u), 0);
}

}  // namespace

std::size_t answerPlainly(const Request& request, const ParsedMessage& message, std::span<std::uint8_t> out,
                          AnswerScratch& scratch) noexcept {
  if (!isPlain(message, scratch)) return 0;
  const RRsetView rrset = addressesFor(message, request.view);
  if (!rrset) return 0;
  const Query& query = message.query;
  const unsigned count = rrset.count();
  const std::size_t size = kHeaderOctets + query.received.size() + kQuestionFixed +
                           count * (kFixedOctets + rrset.addressOctets()) +
                           (query.edns.present ? kOptOctets : 0);
  if (size > responseLimit(request, query, scratch)) return 0;

  const unsigned flags =
      flag::kResponse | flag::kAuthoritative | (query.flags & (flag::kOpcode | flag::kRecursionDesired));
  std::uint8_t* at = store16(store16(store16(out.data(), query.id), flags), 1);
  at = store16(store16(store16(at, count), 0), query.edns.present ? 1 : 0);
  // The question as it came: name, type and class.
  std::memcpy(at, query.received.data(), query.received.size() + kQuestionFixed);
  at += query.received.size() + kQuestionFixed;
  const bool isStable = request.view == View::Stable || count < 2;
  const auto first = isStable ? 0u : static_cast<unsigned>(scratch.random.below(count));
  const AddressHead head{kHeaderOctets, kClassIn, rrset.ttl()};
  at = query.type == RRType::A ? putAddressRecords<4>(at, rrset, head, first)
                               : putAddressRecords<16>(at, rrset, head, first);
  if (query.edns.present) putOpt(at, query, scratch.udpPayload);
  scratch.last = {};
  return size;
}

}  // namespace holdfast
