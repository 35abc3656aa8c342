// What responses may differ in: one entry for each, with the text that allows it.
#include "tests/differential/allowed_differences.h"

#include <algorithm>
#include <array>
#include <set>

namespace holdfast::differential {

namespace {

bool isAddress(std::uint16_t type) { return type == kTypeA || type == kTypeAaaa; }
std::uint16_t dataType(const Rr& rr) { return rr.type == kTypeRrsig ? rr.covered() : rr.type; }

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
  bool any = false;
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
    return isAddress(dataType(rr)) && hosts.contains(rr.owner) && !glue.contains(rr.owner);
  });
}

bool authorityNsOfPositiveAnswers(const Circumstances& circumstances, Answer& answer) {
  if (answer.at(Section::Answer).empty() || has(answer, Section::Authority, kTypeSoa)) return false;
  return removeIf(answer.at(Section::Authority), [&](const Rr& rr) {
    return dataType(rr) == kTypeNs && isApex(circumstances, rr.owner);
  });
}

bool anyAnswer(const Circumstances& circumstances, Answer& answer) {
  if (circumstances.query.type != kTypeAny || answer.rcode != 0 || !answer.aa) return false;
  const Name name = circumstances.query.name.lower();
  const bool any = removeIf(answer.at(Section::Answer), [&](const Rr& rr) { return rr.owner == name; });
  if (any) answer.marks.insert("some RRsets of the name");
  return any;
}

constexpr std::array kAllowed{
    AllowedDifference{"truncated-content",
                      "RFC 2181 section 9: what a response with TC carries is not to be used; how much fits differs",
                      truncatedContent},
    AllowedDifference{"optional-addresses",
                      "RFC 1034 section 4.3.2 step 6 and RFC 2782, RFC 9460: addresses of hosts that NS, MX, SRV, SVCB "
                      "and HTTPS name are a service; glue in the domain of a referral is required (RFC 9471 "
                      "section 3.1) and stays",
                      optionalAddresses},
    AllowedDifference{"authority-ns",
                      "RFC 1034 section 4.3.2: the NS of the apex in a positive answer are a service that BIND and "
                      "NSD do",
                      authorityNsOfPositiveAnswers},
    AllowedDifference{"any-subset", "RFC 8482 section 4.1: any RRsets of the name may answer ANY", anyAnswer},
};

constexpr std::array<Abstention, 0> kAbstentions{};

}  // namespace

std::span<const AllowedDifference> allowedDifferences() { return kAllowed; }
std::span<const Abstention> abstentions() { return kAbstentions; }

}  // namespace holdfast::differential
