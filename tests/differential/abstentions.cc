// Where a peer has no vote: one entry for each, with the text that it goes against.
#include <algorithm>
#include <array>
#include <set>

#include "tests/differential/allowed_differences.h"

namespace holdfast::differential {

namespace {

/// The last name that the CNAMEs of an answer lead to from the question; nothing without any.
struct Chain {
  Name end, lastOwner;
  unsigned links = 0;
};

Chain chainOf(const Circumstances& circumstances, const Answer& answer) {
  Chain chain;
  chain.end = circumstances.query.name.lower();
  for (;;) {
    const auto& rrs = answer.at(Section::Answer);
    const auto next = std::find_if(
        rrs.begin(), rrs.end(), [&](const Rr& rr) { return rr.type == kTypeCname && rr.owner == chain.end; });
    if (next == rrs.end() || chain.links > rrs.size()) return chain;
    chain.lastOwner = chain.end;
    chain.end = next->nameAt(0);
    ++chain.links;
  }
}

/// Nothing after the chain: neither data, nor a referral, nor why there is none.
bool endsWithChain(const Answer& answer, const Chain& chain) {
  const auto at = [&](const Rr& rr) { return rr.owner == chain.end; };
  return chain.links > 0 && answer.rcode == 0 && !answer.has(Section::Authority, kTypeSoa) &&
         std::none_of(answer.at(Section::Answer).begin(), answer.at(Section::Answer).end(), at) &&
         std::none_of(answer.at(Section::Authority).begin(), answer.at(Section::Authority).end(),
                      [&](const Rr& rr) { return rr.type == kTypeNs && chain.end.isAtOrBelow(rr.owner); });
}

bool stopsAtZone(const Circumstances& circumstances, const Answer& answer) {
  if (circumstances.query.type == kTypeCname) return false;
  const Chain chain = chainOf(circumstances, answer);
  if (!endsWithChain(answer, chain)) return false;
  const Name* const from = circumstances.zones.closestApex(chain.lastOwner);
  const Name* const to = circumstances.zones.closestApex(chain.end);
  return from != nullptr && to != nullptr && from != to;
}

/// The end is a cut whose other side is held as well, and was not looked into.
bool refersToHeldZone(const Circumstances& circumstances, const Answer& answer) {
  const Chain chain = chainOf(circumstances, answer);
  return chain.links > 0 && !answer.has(Section::Authority, kTypeSoa) &&
         std::any_of(
             answer.at(Section::Authority).begin(), answer.at(Section::Authority).end(), [&](const Rr& rr) {
               return rr.type == kTypeNs && circumstances.zones.isApex(rr.owner) &&
                      std::none_of(answer.at(Section::Answer).begin(), answer.at(Section::Answer).end(),
                                   [&](const Rr& data) { return data.owner == chain.end; });
             });
}

bool repeatsNoDname(const Circumstances& circumstances, const Answer& answer) {
  const Chain chain = chainOf(circumstances, answer);
  const auto& rrs = answer.at(Section::Answer);
  return endsWithChain(answer, chain) && std::any_of(rrs.begin(), rrs.end(), [&](const Rr& rr) {
           return rr.type == kTypeDname && chain.end.isAtOrBelow(rr.owner) && !(chain.end == rr.owner);
         });
}

/// Whether an alias may answer for the name: one of its own, of a wildcard above it, or of a DNAME.
bool mayBeAlias(const Circumstances& circumstances, const Name& name) {
  for (const ZoneSource& zone : circumstances.zones.zones) {
    for (const Record& record : zone.records) {
      if (record.type != "CNAME" && record.type != "DNAME") continue;
      const bool isWildcard = record.owner.labels().front() == "*";
      if (name.isAtOrBelow(isWildcard ? record.owner.parent() : record.owner)) return true;
    }
  }
  return false;
}

/// NODATA where the name has an alias, for the types that may stand beside one.
bool ignoresAlias(const Circumstances& circumstances, const Answer& answer) {
  const std::uint16_t type = circumstances.query.type;
  const auto& rrs = answer.at(Section::Answer);
  return (type == kTypeNsec || type == kTypeRrsig) && answer.aa && answer.rcode == 0 &&
         std::none_of(rrs.begin(), rrs.end(), [&](const Rr& rr) { return rr.type == type; }) &&
         mayBeAlias(circumstances, circumstances.query.name);
}

bool refusesRrsig(const Circumstances& circumstances, const Answer& answer) {
  return circumstances.query.type == kTypeRrsig && answer.rcode == kRefused;
}

bool isAuthoritativeError(const Circumstances&, const Answer& answer) {
  return answer.aa && answer.rcode != 0 && answer.rcode != kNxDomain && answer.rcode != kYxDomain;
}

bool forgetsDo(const Circumstances& circumstances, const Answer& answer) {
  return answer.rcode == kBadVers && circumstances.query.isDo() && !answer.isDo;
}

bool refusesEveryClass(const Circumstances& circumstances, const Answer& answer) {
  return circumstances.query.qclass == kClassAny && answer.rcode == kFormErr;
}

/// Knot follows no more than five aliases.
bool stopsAfterSome(const Circumstances& circumstances, const Answer& answer) {
  const Chain chain = chainOf(circumstances, answer);
  return chain.links >= 5 && endsWithChain(answer, chain);
}

bool failed(const Circumstances&, const Answer& answer) {
  return answer.rcode == kServFail;
}
bool isSilent(const Circumstances&, const Answer& answer) {
  return answer.kind == Answer::Kind::None;
}

/// A referral without TC that lacks addresses of a server in the delegated domain which the zone has.
bool lacksGlue(const Circumstances& circumstances, const Answer& answer) {
  // Behind an alias a referral has the AA of the alias.
  if (answer.tc || answer.rcode != 0 || (answer.aa && chainOf(circumstances, answer).links == 0))
    return false;
  std::set<Name> glue;
  for (const Rr& rr : answer.at(Section::Authority))
    if (rr.type == kTypeNs && rr.nameAt(0).isAtOrBelow(rr.owner)) glue.insert(rr.nameAt(0));
  if (glue.empty()) return false;
  std::set<std::pair<Name, std::string>> held;
  for (const ZoneSource& zone : circumstances.zones.zones)
    for (const Record& record : zone.records)
      if ((record.type == "A" || record.type == "AAAA") && glue.contains(record.owner.lower()))
        held.emplace(record.owner.lower(), record.type);
  for (const Rr& rr : answer.at(Section::Additional)) held.erase({rr.owner, textOfType(rr.type)});
  return !held.empty();
}

/// NODATA of a wildcard that is an empty non-terminal, without the NSEC that tells of its types.
bool isUnderEmptyWildcard(const Circumstances& circumstances, const Answer& answer) {
  if (answer.rcode != 0 || !answer.has(Section::Authority, kTypeNsec) ||
      !answer.has(Section::Authority, kTypeSoa))
    return false;
  const Name end = chainOf(circumstances, answer).end;
  for (const ZoneSource& zone : circumstances.zones.zones)
    for (const Record& record : zone.records)
      for (Name above = record.owner.lower(); !above.isRoot(); above = above.parent())
        if (above.labels().front() == "*" && end.isAtOrBelow(above.parent()) && !(end == above.parent()))
          return true;
  return false;
}

/// A response that fits where names are compressed better.
bool didNotFit(const Circumstances& circumstances, const Answer& answer) {
  return answer.tc && circumstances.fitsForSome;
}

/// An order of names that takes the octet 0 for the end of a label.
bool ordersZeroOctets(const Circumstances& circumstances, const Answer& answer) {
  const Name end = chainOf(circumstances, answer).end;
  const auto hasZero = [](const std::string& label) { return label.find('\0') != label.npos; };
  return answer.has(Section::Authority, kTypeNsec) &&
         std::any_of(end.labels().begin(), end.labels().end(), hasZero);
}

constexpr std::string_view kWildcardTypes =
    "RFC 4035 section 3.1.3.4: NODATA of a wildcard takes the NSEC that tells what the wildcard has as well";
/// NODATA from the child's side where an alias leads to the apex of a zone whose parent is held as well.
bool takesDsFromChild(const Circumstances& circumstances, const Answer& answer) {
  const Chain chain = chainOf(circumstances, answer);
  return circumstances.query.type == kTypeDs && chain.links > 0 && circumstances.zones.isApex(chain.end) &&
         answer.has(Section::Authority, kTypeSoa);
}

constexpr std::string_view kDsOfParent =
    "RFC 4035 section 3.1.4.1: the DS of an apex is the parent's to answer, also behind an alias";
constexpr std::string_view kFits =
    "RFC 2181 section 9: TC tells that something is missing; it says nothing of a response that fits";
constexpr std::string_view kOrder =
    "RFC 4034 section 6.1: 0 is an octet like any other in the order of names";

constexpr std::string_view kNextZone =
    "RFC 1034 section 4.3.2 step 3a: an alias is followed from step 1, so into the other zones of the server";

constexpr std::string_view kAliasAtNsec =
    "RFC 1034 section 4.3.2 step 3a: an alias answers every type but CNAME; the types that RFC 4035 section "
    "2.5 lets "
    "stand beside it do so only where they do";

constexpr std::array kAbstentions{
    Abstention{
        "servfail", Software::PowerDns,
        "RFC 1035 section 4.1.1: the server failed, so it says nothing about the answer (loops, out of zone)",
        failed},
    Abstention{"servfail", Software::Bind, "the same (more than 11 aliases)", failed},
    Abstention{"silence", Software::PowerDns,
               "RFC 1035 section 4.1.1 has NOTIMP for opcodes that are not known", isSilent},
    Abstention{"did-not-fit", Software::Knot, kFits, didNotFit},
    Abstention{"did-not-fit", Software::Nsd, kFits, didNotFit},
    Abstention{"did-not-fit", Software::Bind, kFits, didNotFit},
    Abstention{"did-not-fit", Software::PowerDns, kFits, didNotFit},
    Abstention{"wildcard-types", Software::Knot, kWildcardTypes, isUnderEmptyWildcard},
    Abstention{"wildcard-types", Software::Bind, kWildcardTypes, isUnderEmptyWildcard},
    Abstention{"ds-behind-alias", Software::Knot, kDsOfParent, takesDsFromChild},
    Abstention{"ds-behind-alias", Software::Bind, kDsOfParent, takesDsFromChild},
    Abstention{"zero-octet", Software::Knot, kOrder, ordersZeroOctets},
    Abstention{"zero-octet", Software::Nsd, kOrder, ordersZeroOctets},
    Abstention{"alias-leaves-zone", Software::Knot, kNextZone, stopsAtZone},
    Abstention{"alias-leaves-zone", Software::Bind, kNextZone, stopsAtZone},
    Abstention{"alias-leaves-zone", Software::Knot, kNextZone, refersToHeldZone},
    Abstention{"alias-at-nsec", Software::Knot, kAliasAtNsec, ignoresAlias},
    Abstention{"alias-at-nsec", Software::Bind, kAliasAtNsec, ignoresAlias},
    Abstention{"dname-once", Software::Nsd,
               "RFC 6672 section 3.2: a DNAME is followed as often as it matches; NSD does so once",
               repeatsNoDname},
    Abstention{"rrsig-refused", Software::PowerDns,
               "RFC 4035 section 3.1: RRSIG is a type that may be asked for", refusesRrsig},
    Abstention{"error-aa", Software::PowerDns, "RFC 1035 section 4.1.1: AA tells of data, so not of an error",
               isAuthoritativeError},
    Abstention{"badvers-do", Software::Nsd, "RFC 3225 section 3: DO is copied into the response", forgetsDo},
    Abstention{"every-class", Software::Bind,
               "RFC 1035 section 3.2.5: class ANY may be asked for; BIND has FORMERR", refusesEveryClass},
    Abstention{"silence", Software::Bind, "RFC 1035 section 4.1.1: class CH and odd opcodes get an error",
               isSilent},
    Abstention{"alias-limit", Software::Knot,
               "RFC 1034 section 4.3.2 step 3a sets no limit; Knot's is five aliases", stopsAfterSome},
    Abstention{"glue-without-tc", Software::Bind, "RFC 9471 section 3.1: glue that does not fit needs TC",
               lacksGlue},
    Abstention{"glue-without-tc", Software::Nsd, "RFC 9471 section 3.1: glue that does not fit needs TC",
               lacksGlue},
};

}  // namespace

std::span<const Abstention> abstentions() {
  return kAbstentions;
}

}  // namespace holdfast::differential
