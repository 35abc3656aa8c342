#include "server/plain_answer.h"

#include <cstring>

#include "server/address_records.h"

namespace holdfast {

namespace {

constexpr std::size_t kQuestionFixed = 4;  // type and class

/// Whether nothing of the message calls for more than a look at the name. HTTPS records are asked for
/// wherever addresses are, and are mostly not there.
bool isPlain(const ParsedMessage& message, const AnswerScratch& scratch) noexcept {
  const Query& query = message.query;
  return message.parsed == Parsed::Query && query.opcode() == kOpcodeQuery && query.qclass == kClassIn &&
         (isAddressType(query.type) || query.type == RRType::HTTPS) && query.answers == 0 &&
         query.authorities == 0 && query.edns.options.empty() && query.edns.version == 0 &&
         scratch.messages.cookies != CookieMode::Require;
}

/// Else where it takes more to say.
enum class PlainKind : std::uint8_t { Else, Addresses, NoData, NxDomain };

struct PlainFinding {
  PlainKind kind = PlainKind::Else;
  RRsetView addresses{};
};

NodeView nodeFor(const ParsedMessage& message) noexcept {
  const HashedName& name = message.query.hashed;
  if (message.likely && message.likely.name() == name.name()) return message.likely;
  return message.zone->names().find(name.hash(), name.name());
}

PlainFinding findPlainly(const ParsedMessage& message, View view) noexcept {
  const Query& query = message.query;
  const Zone* zone = message.zone;
  if (zone == nullptr || zone->facts().cuts != 0 || zone->facts().dnames != 0) return {};
  const NodeView node = nodeFor(message);
  const RRsetView rrset = node ? node.find(query.type) : RRsetView();
  if (!rrset) {
    const NegativeSoa& soa = zone->negativeSoa();
    const bool isProven = query.edns.dnssecOk && (soa.isSigned() || zone->denial().isUsable());
    if (isProven || !soa.suits(query.hashed)) return {};
    if (!node) return {zone->facts().wildcards == 0 ? PlainKind::NxDomain : PlainKind::Else};
    return {node.isHidden() || node.has(RRType::CNAME) ? PlainKind::Else : PlainKind::NoData};
  }
  if (!isAddressType(query.type) || rrset.count() == 0) return {};
  if (query.edns.dnssecOk && node.hasSignatures()) return {};
  const bool isPicked =
      view != View::Stable && rrset.isEndpoint() && rrset.pick() > 0 && rrset.pick() < rrset.count();
  return {isPicked ? PlainKind::Else : PlainKind::Addresses, rrset};
}

/// The header and the question as it came: name, type and class.
std::uint8_t* putFront(std::uint8_t* at, const Query& query, Rcode rcode, unsigned answers,
                       unsigned authorities) noexcept {
  const unsigned flags = flag::kResponse | flag::kAuthoritative |
                         (query.flags & (flag::kOpcode | flag::kRecursionDesired)) |
                         static_cast<unsigned>(rcode);
  at = store16(store16(store16(at, query.id), flags), 1);
  at = store16(store16(store16(at, answers), authorities), query.edns.present ? 1 : 0);
  std::memcpy(at, query.received.data(), query.received.size() + kQuestionFixed);
  return at + query.received.size() + kQuestionFixed;
}

std::uint8_t* putAddresses(std::uint8_t* at, RRsetView rrset, View view, Random& random) noexcept {
  const unsigned count = rrset.count();
  const bool isStable = view == View::Stable || count < 2;
  const auto first = isStable ? 0u : static_cast<unsigned>(random.below(count));
  const AddressHead head{kHeaderOctets, kClassIn, rrset.ttl()};
  return rrset.type() == RRType::A ? putAddressRecords<4>(at, rrset, head, first)
                                   : putAddressRecords<16>(at, rrset, head, first);
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
  const PlainFinding found = findPlainly(message, request.view);
  if (found.kind == PlainKind::Else) return 0;
  const Query& query = message.query;
  const bool isFound = found.kind == PlainKind::Addresses;
  const NegativeSoa& soa = message.zone->negativeSoa();
  const unsigned count = isFound ? found.addresses.count() : 0;
  const std::size_t records = isFound ? count * (kFixedOctets + found.addresses.addressOctets()) : soa.size();
  const std::size_t size = kHeaderOctets + query.received.size() + kQuestionFixed + records +
                           (query.edns.present ? kOptOctets : 0);
  if (size > responseLimit(request, query, scratch)) return 0;

  const Rcode rcode = found.kind == PlainKind::NxDomain ? Rcode::NxDomain : Rcode::NoError;
  std::uint8_t* at = putFront(out.data(), query, rcode, count, isFound ? 0 : 1);
  at = isFound ? putAddresses(at, found.addresses, request.view, scratch.random)
               : soa.put(at, kHeaderOctets + query.received.size() - message.zone->apex().size());
  if (query.edns.present) putOpt(at, query, scratch.udpPayload);
  scratch.last = {};
  scratch.last.rcode = rcode;
  return size;
}

}  // namespace holdfast
