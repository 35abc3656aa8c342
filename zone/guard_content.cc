// The guard's rules about what a name holds: structure, vanished names, targets, TTLs and the apex.
#include <algorithm>
#include <array>
#include <cstring>

#include "zone/judge.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

std::uint64_t capacityOf(RRsetView rrset, bool byWeight) noexcept {
  return byWeight ? weightOf(rrset) : rrset.count();
}

/// The weight that records without one would carry: what they had, or the average for a new address.
std::uint64_t capacityByOldWeights(RRsetView old, RRsetView now) noexcept {
  const std::uint64_t average = capacityOf(old, true) / old.count();
  std::uint64_t sum = 0;
  for (const auto rdata : now) {
    std::uint64_t weight = average;
    unsigned i = 0;
    for (const auto other : old) {
      if (std::ranges::equal(other, rdata)) weight = old.weight(i);
      ++i;
    }
    sum += weight;
  }
  return sum;
}

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

std::uint32_t addressesOf(NodeView node) noexcept {
  std::uint32_t count = 0;
  for (const RRType type : {RRType::A, RRType::AAAA})
    if (const RRsetView rrset = node.find(type)) count += rrset.count();
  return count;
}

void Judge::judgeStructure() {
  std::vector<NameView> names;
  names.reserve(changed_.size());
  for (const Changed& changed : changed_) names.push_back(changed.name());
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

void Judge::judgeApex() {
  const NodeView apex = after_.apexNode();
  const RRsetView now = apex ? apex.find(RRType::NS) : RRsetView();
  if (before_ == nullptr || !now) return;
  const RRsetView old = before_->apexNode().find(RRType::NS);
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
  for (const Changed& changed : changed_) {
    if (!hasTime()) return;
    if (!changed.before || !changed.before.hasAnswers()) continue;
    if (changed.after && changed.after.rrsetCount() > 0) {
      judgeGlue(changed);
      continue;
    }
    const auto isUnnamed = [&](RRsetView rrset) {
      return !isDenialType(rrset.type()) && !isNamed(changed.name(), rrset.type());
    };
    std::string types;
    for (const RRsetView rrset : changed.before)
      if (isUnnamed(rrset)) types += (types.empty() ? "" : " ") + toText(rrset.type());
    if (!types.empty())
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
  for (const PlannedEndpoint& endpoint : case_.plan.endpoints) {
    if (endpoint.a || endpoint.aaaa || isNamedWhole(endpoint.owner)) continue;
    found(Rule::EmptyAnswer, endpoint.owner, std::nullopt, "0 targets", "at least 1 target",
          endpoint.where + ": an endpoint without targets; to take it away name it in \"remove\"");
  }
}

void Judge::judgeTargets() {
  for (const Changed& changed : changed_) {
    if (!hasTime()) return;
    if (!changed.after) continue;
    const HashedName name(changed.name());
    const bool isGlue = lookup(after_, name, RRType::A).found == Found::Delegation;
    judgeAddresses(changed);
    if (isGlue) continue;
    judgeTtl(changed.after);
    judgeFloor(changed);
  }
}

void Judge::judgeFloor(const Changed& changed) {
  const EndpointFloor* own = case_.policy.endpoints.find(changed.name());
  const std::uint32_t least = own != nullptr && own->minTargets ? *own->minTargets : case_.policy.minTargets;
  const std::uint32_t percent =
      own != nullptr && own->minCapacityPercent ? *own->minCapacityPercent : case_.policy.minCapacityPercent;
  const std::uint32_t now = addressesOf(changed.after);
  const std::uint32_t was = changed.before ? addressesOf(changed.before) : 0;
  // Where less is served than the floor wants, what is no worse passes: it may be mended step by step. Plain
  // address records (name servers, say) that are new may be fewer, too.
  const bool isWorse = was > 0 ? now < was : changed.after.isEndpoint() || own != nullptr;
  if (now > 0 && now < least && isWorse)
    foundFloor(changed.name(), std::nullopt, std::to_string(now) + " targets",
               "at least " + std::to_string(least) + " targets",
               "below min-targets: allow=floor:NAME with a reason if that is meant");
  judgeWeights(changed);
  if (!changed.before) return;
  judgeCapacity(changed, RRType::A, percent);
  judgeCapacity(changed, RRType::AAAA, percent);
}

/// Weight 0 is for when nothing else is left: an endpoint of nothing else has no capacity.
void Judge::judgeWeights(const Changed& changed) {
  const Loss has = capacityOf(changed.after);
  if (!changed.after.isEndpoint() || has.weight > 0) return;
  const bool wasSo = changed.before && changed.before.isEndpoint() && capacityOf(changed.before).weight == 0;
  if (!wasSo)
    foundFloor(changed.name(), std::nullopt, std::to_string(has.targets) + " targets, all of weight 0",
               "at least 1 target with a weight",
               "without a weight there is no capacity: give one, or allow=floor:NAME with a reason");
}

void Judge::judgeCapacity(const Changed& changed, RRType type, std::uint32_t percent) {
  const RRsetView old = changed.before.find(type);
  RRsetView now = changed.after.find(type);
  if (!now) {
    // A name that becomes an alias has the capacity of what it leads to.
    const NodeView end = endOfChain(case_.candidate, changed.name());
    now = end ? end.find(type) : RRsetView();
  }
  if (!old || !now) return;  // all gone is judged as an empty answer
  const bool byWeight = old.isEndpoint() && capacityOf(old, true) > 0;
  const std::uint64_t was = capacityOf(old, byWeight);
  const std::uint64_t is =
      byWeight && !now.isEndpoint() ? capacityByOldWeights(old, now) : capacityOf(now, byWeight);
  if (is * 100 >= was * percent) return;
  const char* unit = byWeight ? " weight" : " records";
  foundFloor(
      changed.name(), type,
      std::to_string(is) + " of " + std::to_string(was) + unit + " (" + std::to_string(is * 100 / was) + "%)",
      "at least " + std::to_string(percent) + "% of the capacity served",
      "below min-capacity: go in smaller steps, or allow=floor:NAME with a reason");
}

void Judge::foundFloor(NameView name, std::optional<RRType> type, std::string observed, std::string limit,
                       std::string detail) {
  floored_.emplace(name);
  found(Rule::Floor, name, type, std::move(observed), std::move(limit), std::move(detail));
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
