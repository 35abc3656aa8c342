// What responses may differ in: one entry for each, with the text that allows it.
#include "tests/differential/allowed_differences.h"

#include <algorithm>
#include <array>
#include <set>

namespace holdfast::differential {

namespace {

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

bool truncatedContent(const Circumstances&, Answer& answer) {
  if (!answer.tc) return false;
  bool any = answer.rcode == kNxDomain || answer.rcode == kYxDomain;
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
    if (rr.type == kTypeNs && !circumstances.zones.isApex(rr.owner) && rr.nameAt(0).isAtOrBelow(rr.owner))
      glue.insert(rr.nameAt(0));
  return removeIf(answer.at(Section::Additional), [&](const Rr& rr) {
    const bool isService = dataType(rr) == kTypeSvcb || dataType(rr) == kTypeHttps;
    return (isAddress(dataType(rr)) || isService) && hosts.contains(rr.owner) && !glue.contains(rr.owner);
  });
}

bool authorityNsOfPositiveAnswers(const Circumstances& circumstances, Answer& answer) {
  if (answer.at(Section::Answer).empty() || answer.has(Section::Authority, kTypeSoa)) return false;
  return removeIf(answer.at(Section::Authority), [&](const Rr& rr) {
    return dataType(rr) == kTypeNs && circumstances.zones.isApex(rr.owner);
  });
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
                       answer.rcode == kNotAuth || answer.rcode == kBadVers;
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

bool sameTwice(const Circumstances&, Answer& answer) {
  bool any = false;
  for (std::vector<Rr>& section : answer.sections) {
    std::vector<Rr> once;
    for (Rr& rr : section)
      if (std::find(once.begin(), once.end(), rr) == once.end()) once.push_back(std::move(rr));
    any = any || once.size() != section.size();
    section = std::move(once);
  }
  return any;
}

constexpr std::array kAllowed{
    AllowedDifference{
        "same-twice",
        "RFC 2181 section 5: a section is a set; Knot and NSD repeat what an alias that leads to "
        "itself gives",
        sameTwice},
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

}  // namespace

std::span<const AllowedDifference> allowedDifferences() {
  return kAllowed;
}

}  // namespace holdfast::differential
