// What responses may differ in: one entry for each, with the text that allows it.
#include "tests/differential/allowed_differences.h"

#include <algorithm>
#include <array>
#include <set>

namespace holdfast::differential {

namespace {

constexpr unsigned kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5, kBadVers = 16;

bool isAddress(std::uint16_t type) {
  return type == kTypeA || type == kTypeAaaa;
}
std::uint16_t dataType(const Rr& rr) {
  return rr.type == kTypeRrsig ? rr.covered() : rr.type;
}

template <class Predicate>
bool removeIf(std::vector<Rr>& rrs, Predicate predicate) {
  return std::erase_if(rrs, predicate) > 0;
}

bool has(const Answer& answer, Section section, std::uint16_t type) {
  return std::any_of(answer.at(section).begin(), answer.at(section).end(),
                     [&](const Rr& rr) { return rr.type == type; });
}

bool isApex(const Circumstances& circumstances, const Name& name) {
  return std::any_of(circumstances.zones.zones.begin(), circumstances.zones.zones.end(),
                     [&](const ZoneSource& zone) { return zone.apex.lower() == name; });
}

bool truncatedContent(const Circumstances&, Answer& answer) {
  if (!answer.tc) return false;
  bool any = answer.rcode == kNxDomain;
  if (any) answer.rcode = 0;
  for (std::vector<Rr>& section : answer.sections) {
    any = any || !section.empty();
    section.clear();
  }
  return any;
}

/// The hosts that RRs of a section name in a way that calls for their addresses.
void addHosts(const std::vector<Rr>& rrs, std::set<Name>& hosts) {
  for (const Rr& rr : rrs) {
    if (rr.type == kTypeNs) hosts.insert(rr.nameAt(0));
    if (rr.type == kTypeMx) hosts.insert(rr.nameAt(2));
    if (rr.type == kTypeSrv) hosts.insert(rr.nameAt(6));
    if (rr.type == kTypeSvcb || rr.type == kTypeHttps) hosts.insert(rr.nameAt(2));
  }
}

bool optionalAddresses(const Circumstances& circumstances, Answer& answer) {
  std::set<Name> hosts;
  addHosts(answer.at(Section::Answer), hosts);
  addHosts(answer.at(Section::Authority), hosts);
  std::set<Name> glue;
  for (const Rr& rr : answer.at(Section::Authority))
    if (rr.type == kTypeNs && !isApex(circumstances, rr.owner) && rr.nameAt(0).isAtOrBelow(rr.owner))
      glue.insert(rr.nameAt(0));
  return removeIf(answer.at(Section::Additional), [&](const Rr& rr) {
    const bool isService = dataType(rr) == kTypeSvcb || dataType(rr) == kTypeHttps;
    return (isAddress(dataType(rr)) || isService) && hosts.contains(rr.owner) && !glue.contains(rr.owner);
  });
}

bool authorityNsOfPositiveAnswers(const Circumstances& circumstances, Answer& answer) {
  if (answer.at(Section::Answer).empty() || has(answer, Section::Authority, kTypeSoa)) return false;
  return removeIf(answer.at(Section::Authority),
                  [&](const Rr& rr) { return dataType(rr) == kTypeNs && isApex(circumstances, rr.owner); });
}

bool anyAnswer(const Circumstances& circumstances, Answer& answer) {
  if (circumstances.query.type != kTypeAny || answer.rcode > kNxDomain) return false;
  const Name name = circumstances.query.name.lower();
  bool isAlias = false;
  const bool any = removeIf(answer.at(Section::Answer), [&](const Rr& rr) {
    isAlias = isAlias || (rr.owner == name && rr.type == kTypeCname);
    return rr.owner == name;
  });
  if (!any) return false;
  answer.marks.insert("some RRsets of the name");
  if (!isAlias) return true;
  // Whether an alias that answers ANY is followed as well is open too.
  answer.rcode = 0;
  for (std::vector<Rr>& section : answer.sections) section.clear();
  return true;
}

/// RFC 6895 section 3.1: types for queries and meta information, which no zone holds. ANY is not among them.
bool isMetaType(std::uint16_t type) {
  return type == 0 || type == kTypeOpt || (type >= 128 && type < kTypeAny);
}

bool metaTypes(const Circumstances& circumstances, Answer& answer) {
  if (circumstances.query.opcode != 0 || !isMetaType(circumstances.query.type)) return false;
  const bool isError = answer.rcode == kFormErr || answer.rcode == kNotImp || answer.rcode == kRefused;
  const auto& rrs = answer.at(Section::Answer);
  const bool isEmpty = (answer.rcode == 0 || answer.rcode == kNxDomain) &&
                       std::all_of(rrs.begin(), rrs.end(), [](const Rr& rr) {
                         return dataType(rr) == kTypeCname || dataType(rr) == kTypeDname;
                       });
  if (!isError && !isEmpty) return false;
  answer.rcode = 0;
  answer.aa = answer.tc = false;
  for (std::vector<Rr>& section : answer.sections) section.clear();
  answer.marks.insert("no data for a type that is none");
  return true;
}

bool otherClasses(const Circumstances& circumstances, Answer& answer) {
  if (circumstances.query.qclass == kClassIn || circumstances.query.opcode != 0) return false;
  const bool isError = answer.rcode == kFormErr || answer.rcode == kNotImp || answer.rcode == kRefused;
  if (!isError) return false;
  answer.rcode = kRefused;
  answer.echoes = true;
  answer.marks.insert("an error for the class");
  return true;
}

bool everyClass(const Circumstances& circumstances, Answer& answer) {
  if (circumstances.query.qclass != kClassAny || circumstances.query.opcode != 0) return false;
  answer.aa = false;
  answer.at(Section::Authority).clear();
  answer.at(Section::Additional).clear();
  return true;
}

bool otherOpcodes(const Circumstances& circumstances, Answer& answer) {
  if (circumstances.query.opcode == 0) return false;
  const bool isError = answer.rcode == kFormErr || answer.rcode == kNotImp || answer.rcode == kRefused ||
                       answer.rcode == 9 || answer.rcode == kBadVers;
  if (!isError) return false;
  answer.rcode = kNotImp;
  answer.echoes = true;
  answer.aa = answer.hasOpt = answer.isDo = answer.rd = answer.cd = answer.ad = false;
  answer.marks.insert("an error for the opcode");
  return true;
}

bool errorWithoutOpt(const Circumstances& circumstances, Answer& answer) {
  if (!circumstances.query.edns || answer.rcode != kFormErr) return false;
  answer.hasOpt = answer.isDo = false;
  return true;
}

bool copiedCd(const Circumstances& circumstances, Answer& answer) {
  if (!circumstances.query.cd || !answer.cd) return false;
  answer.cd = false;
  return true;
}

constexpr std::array kAllowed{
    AllowedDifference{
        "truncated-content",
        "RFC 2181 section 9: what a response with TC carries is not to be used; how much fits differs",
        truncatedContent},
    AllowedDifference{
        "optional-addresses",
        "RFC 1034 section 4.3.2 step 6, RFC 2782, RFC 9460: addresses of hosts that NS, MX, SRV, SVCB "
        "and HTTPS name are a service; glue in the domain of a referral is required (RFC 9471 "
        "section 3.1) and stays",
        optionalAddresses},
    AllowedDifference{
        "authority-ns",
        "RFC 1034 section 4.3.2: the NS of the apex beside an answer are a service that BIND and NSD do",
        authorityNsOfPositiveAnswers},
    AllowedDifference{"any-subset", "RFC 8482 section 4.1: any RRsets of the name may answer ANY", anyAnswer},
    AllowedDifference{
        "meta-type",
        "RFC 6895 section 3.1: no RRset has such a type; no text says whether a query for it is an "
        "error or finds nothing",
        metaTypes},
    AllowedDifference{"other-class",
                      "RFC 1035 section 4.1.1: which error tells that a class is not served is left open",
                      otherClasses},
    AllowedDifference{
        "every-class",
        "RFC 1035 section 6.2: class ANY is never authoritative; whether the rest is added is left open",
        everyClass},
    AllowedDifference{
        "other-opcode",
        "RFC 1035 section 4.1.1: an operation that is not supported gets an error; whether the question "
        "and OPT are repeated is left open",
        otherOpcodes},
    AllowedDifference{"formerr-opt",
                      "RFC 6891 section 7: only a server that understood OPT puts one into FORMERR",
                      errorWithoutOpt},
    AllowedDifference{
        "cd-copied",
        "RFC 4035 section 3.1.6: an authoritative server should clear CD; BIND copies it into errors",
        copiedCd},
};

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
  return chain.links > 0 && answer.rcode == 0 && !has(answer, Section::Authority, kTypeSoa) &&
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
  return chain.links > 0 && !has(answer, Section::Authority, kTypeSoa) &&
         std::any_of(
             answer.at(Section::Authority).begin(), answer.at(Section::Authority).end(), [&](const Rr& rr) {
               return rr.type == kTypeNs && isApex(circumstances, rr.owner) &&
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
  return answer.aa && answer.rcode != 0 && answer.rcode != kNxDomain && answer.rcode != 6;
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
  if (answer.tc || answer.aa || answer.rcode != 0) return false;
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

std::span<const AllowedDifference> allowedDifferences() {
  return kAllowed;
}
std::span<const Abstention> abstentions() {
  return kAbstentions;
}

}  // namespace holdfast::differential
