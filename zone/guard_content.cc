// The guard's rules about what a name holds: structure, vanished names, targets, TTLs and the apex.
#include <algorithm>
#include <array>
#include <cstring>

#include "zone/judge.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

/// Why no client elsewhere could use the address, or nullptr. RFC 6890 and the IANA special-purpose
/// registries.
const char* bogusness(std::span<const std::uint8_t> a) noexcept {
  if (a.size() == 4) {
    if (a[0] == 0) return "unspecified (0.0.0.0/8)";
    if (a[0] == 127) return "loopback (127.0.0.0/8)";
    if (a[0] == 169 && a[1] == 254) return "link-local (169.254.0.0/16)";
    if (a[0] >= 224 && a[0] < 240) return "multicast (224.0.0.0/4)";
    if (a[0] >= 240) return "reserved or broadcast (240.0.0.0/4)";
    return nullptr;
  }
  static constexpr std::array<std::uint8_t, 15> kZero{};
  if (a.size() != 16) return "not an address";
  if (a[0] == 0xff) return "multicast (ff00::/8)";
  if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) return "link-local (fe80::/10)";
  if (std::memcmp(a.data(), kZero.data(), 15) == 0 && a[15] == 0) return "unspecified (::)";
  if (std::memcmp(a.data(), kZero.data(), 15) == 0 && a[15] == 1) return "loopback (::1)";
  if (std::memcmp(a.data(), kZero.data(), 10) == 0 && a[10] == 0xff && a[11] == 0xff)
    return "IPv4-mapped (::ffff:0:0/96)";
  return nullptr;
}

}  // namespace

void Judge::judgeStructure() {
  std::vector<NameView> names;
  if (case_.plan.kind == PlanKind::Delta)
    for (const NodeChange& change : case_.changes) names.push_back(change.name());
  const std::function<bool()> inTime = [this] { return hasTime(); };
  Findings findings = checkZone({before_, after_, case_.plan, names, case_.now, case_.policy.maxReasons,
                                 case_.policy.maxWarnings, inTime});
  for (Finding& finding : findings.errors) {
    const CheckFacts& facts = factsOf(finding.check);
    keep({Rule::Invalid, finding.name.text(), finding.type ? toText(*finding.type) : "",
          std::move(finding.observed), std::string(facts.rule), std::string(facts.advice),
          std::string(facts.code), std::move(finding.where)},
         finding.name);
  }
  verdict_.unlisted += findings.unlistedErrors;
  verdict_.warnings = std::move(findings.warnings);
  verdict_.unlistedWarnings = findings.unlistedWarnings;
}

/// What is over the limit already may stay, and become less.
void Judge::judgeSize() {
  const std::size_t now = after_.names().size(), had = before_ == nullptr ? 0 : before_->names().size();
  if (now <= case_.policy.maxNames || now <= had) return;
  keep({Rule::Invalid, toText(after_.apex()), "", std::to_string(now) + " names in the zone",
        std::to_string(case_.policy.maxNames) + " names (guard.max-names)",
        "remove names that are not needed, or raise guard.max-names", "too-many-names", ""},
       Name(after_.apex()));
}

void Judge::judgeApex() {
  const NodeView apex = after_.apexNode();
  const RRsetView now = apex ? apex.find(RRType::NS) : RRsetView();
  if (before_ == nullptr || !now) return;
  const RRsetView old = before_->apexNode().find(RRType::NS);
  if (old && std::ranges::equal(old.bytes(), now.bytes())) return;  // as nearly always: no text is made
  const auto names = [](RRsetView rrset) {
    std::set<std::string> texts;
    if (rrset)
      for (const auto rdata : rrset) texts.insert(rdataText(RRType::NS, rdata));
    std::string joined;
    for (const std::string& text : texts) joined += (joined.empty() ? "" : " ") + text;
    return joined;
  };
  if (const std::string was = names(old), is = names(now); was != is)
    found(Rule::ApexChanged, case_.zone, RRType::NS, is, was,
          "the apex NS set changes: allow=apex-changed with a reason if that is meant");
}

void Judge::judgeVanished() {
  for (const Changed changed : changedNames()) {
    if (!hasTime()) return;
    if (changed.isPlain || !changed.before || !changed.before.hasAnswers()) continue;
    if (changed.after && changed.after.rrsetCount() > 0) {
      judgeGlue(changed);
      continue;
    }
    // An endpoint that the plan lists without targets is reported as that.
    const bool isEmptied = told_.contains(Name(changed.name()));
    const auto isUnnamed = [&](RRsetView rrset) {
      return !isDenialType(rrset.type()) && !(isEmptied && isAddressType(rrset.type())) &&
             !isNamed(changed.name(), rrset.type());
    };
    std::string types;
    for (const RRsetView rrset : changed.before)
      if (isUnnamed(rrset)) types += (types.empty() ? "" : " ") + toText(rrset.type());
    if (types.empty()) continue;
    told_.emplace(changed.name());
    found(Rule::Vanished, changed.name(), std::nullopt, "missing (had " + types + ")",
          "every served name is listed or in remove",
          "absence is not a removal: list the name, or name it in \"remove\"");
  }
}

/// Addresses below a zone cut are no answers of ours, but without them the referral leads nowhere.
void Judge::judgeGlue(const Changed& changed) {
  const auto isBelowCut = [&](const Zone& zone) {
    return lookup(zone, HashedName(changed.name()), RRType::A).found == Found::Delegation;
  };
  for (const RRType type : {RRType::A, RRType::AAAA}) {
    if (!changed.before.has(type) || changed.after.has(type) || isNamed(changed.name(), type)) continue;
    if (isBelowCut(*before_) && isBelowCut(after_))
      found(Rule::Vanished, changed.name(), type, "glue missing", "every served name is listed or in remove",
            "a referral needs it: list it, or name \"" + toText(changed.name()) + "/" + toText(type) +
                "\" in \"remove\"");
  }
}

void Judge::judgeEmptyEndpoints() {
  for (const EmptyEndpoint& endpoint : case_.plan.emptied) {
    if (isNamedWhole(endpoint.owner) || isKept(endpoint.owner)) continue;
    told_.insert(endpoint.owner);
    found(Rule::EmptyAnswer, endpoint.owner, std::nullopt, "0 targets", "at least 1 target",
          "an endpoint without targets; to take it away name it in \"remove\"");
  }
}

void Judge::judgeTargets() {
  for (const Changed changed : changedNames()) {
    if (!hasTime()) return;
    if (!changed.after) {
      judgeFloorOf(changed);
      continue;
    }
    const bool isGlue = after_.facts().cuts > 0 &&
                        lookup(after_, HashedName(changed.name()), RRType::A).found == Found::Delegation;
    judgeAddresses(changed);
    if (isGlue) continue;
    judgeTtl(changed.after);
    judgeFloorOf(changed);
  }
}

void Judge::judgeTtl(NodeView after) {
  for (const RRsetView rrset : after) {
    if (!isAddressType(rrset.type())) continue;
    if (rrset.ttl() >= case_.policy.ttlMin && rrset.ttl() <= case_.policy.ttlMax) continue;
    found(Rule::Ttl, after.name(), rrset.type(), std::to_string(rrset.ttl()) + " s",
          std::to_string(case_.policy.ttlMin) + " to " + std::to_string(case_.policy.ttlMax) + " s",
          "outside guard.ttl: allow=ttl:NAME with a reason if that is meant");
  }
}

void Judge::judgeAddresses(const Changed& changed) {
  for (const RRsetView rrset : changed.after) {
    if (!isAddressType(rrset.type())) continue;
    const RRsetView old = changed.before ? changed.before.find(rrset.type()) : RRsetView();
    for (const auto rdata : rrset) {
      const char* why = bogusness(rdata);
      if (why == nullptr) continue;
      bool served = false;
      if (old)
        for (const auto other : old) served = served || std::ranges::equal(other, rdata);
      if (served) continue;
      found(Rule::BogusTarget, changed.name(), rrset.type(), rdataText(rrset.type(), rdata),
            "an address that clients can reach",
            std::string("the new target is ") + why + ": allow=bogus-target:NAME with a reason if meant");
    }
  }
}

}  // namespace holdfast
