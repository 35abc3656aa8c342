#include "zone/past_answers.h"

#include <algorithm>

#include "zone/lookup.h"

namespace holdfast {

namespace {

/// Where the CNAME or DNAME of the node leads.
std::optional<Name> targetOf(NodeView node, RRType type) {
  const RRsetView rrset = node ? node.find(type) : RRsetView();
  if (!rrset) return std::nullopt;
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  return Name(canonicalName(rrset.front(), buffer));
}

std::array<std::uint16_t, kAddressTypes.size()> countsOf(NodeView node) {
  std::array<std::uint16_t, kAddressTypes.size()> addresses{};
  for (std::size_t i = 0; i < addresses.size(); ++i)
    if (const RRsetView rrset = node ? node.find(kAddressTypes[i]) : RRsetView())
      addresses[i] = rrset.count();
  return addresses;
}

std::array<std::int64_t, kAddressTypes.size()> widened(
    std::array<std::uint16_t, kAddressTypes.size()> addresses) {
  return {addresses[0], addresses[1]};
}

/// The name with `to` in place of its ancestor `from`; none where it would be too long.
std::optional<Name> movedTo(NameView name, NameView from, NameView to) {
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  const std::size_t size = substituteDname(name, from, to, buffer);
  if (size == 0) return std::nullopt;
  return Name(NameView(buffer.data(), size));
}

}  // namespace

void PastAnswers::note(NameView zone, WallTime at, NodeView before, NodeView after) {
  const Name owner((before ? before : after).name());
  const bool turns = turnsAlias(before, after);
  if (turns) aliases_.push_back({Name(zone), owner, at, owner, owner});
  const std::optional<Name> led = targetOf(before, RRType::DNAME), leads = targetOf(after, RRType::DNAME);
  if (led && led != leads) dnames_.push_back({Name(zone), owner, at, *led, leads.value_or(owner)});
  // Targets replaced one for one, most of what there is, tell nothing.
  Held held{HashedName::of(owner), at, countsOf(before)};
  if (!turns && held.addresses == countsOf(after)) return;
  if (std::optional<Name> alias = targetOf(before, RRType::CNAME)) {
    led_.push_back(*std::move(alias));
    held.alias = static_cast<std::uint32_t>(led_.size());
  }
  held_.push_back(held);
}

const PastAnswers::Held* PastAnswers::find(NameView name, WallTime at, Side side) const {
  const std::uint64_t hash = HashedName::of(name);
  const auto isEarlier = [&](const Held& held) {
    return held.hash != hash ? held.hash < hash : side == Side::Before ? held.until < at : held.until <= at;
  };
  const auto found = std::partition_point(held_.begin(), held_.end(), isEarlier);
  return found != held_.end() && found->hash == hash ? &*found : nullptr;
}

PastAnswers::Addresses PastAnswers::answersOf(const Snapshot& served, Name name, WallTime at,
                                              Side side) const {
  for (unsigned step = 0; step <= kMaxChain; ++step) {
    const Held* held = find(name, at, side);
    std::optional<Name> next;
    if (held == nullptr) {
      const HashedName hashed(name);
      const Zone* zone = served.findZone(hashed);
      if (zone == nullptr || !zone->hasContent()) return {};
      const Lookup found = lookup(*zone, hashed, RRType{0});
      if (found.wildcard) held = find(found.node.name(), at, side);
      if (found.found == Found::Dname)
        next = movedTo(name, found.node.name(), *targetOf(found.node, RRType::DNAME));
      else if (held == nullptr && found.found == Found::Cname)
        next = targetOf(found.node, RRType::CNAME);
      else if (held == nullptr)
        return found.found == Found::NoData ? widened(countsOf(found.node)) : Addresses{};
    }
    if (held != nullptr && held->alias == 0) return widened(held->addresses);
    if (held != nullptr) next = led_[held->alias - 1];
    if (!next) break;
    name = *std::move(next);
  }
  return {};
}

EndpointLoss PastAnswers::lossOf(const Snapshot& served, const Name& before, const Name& after,
                                 WallTime at) const {
  const Addresses had = answersOf(served, before, at, Side::Before);
  const Addresses has = answersOf(served, after, at, Side::After);
  EndpointLoss loss;
  for (std::size_t i = 0; i < kAddressTypes.size(); ++i) loss.of(kAddressTypes[i]).answered = had[i] - has[i];
  return loss;
}

void PastAnswers::forEachTurn(const Snapshot& served, const Visit& visit) {
  if (aliases_.empty() && dnames_.empty()) return;
  std::stable_sort(held_.begin(), held_.end(), [](const Held& a, const Held& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.until < b.until;
  });
  std::map<std::pair<Name, WallTime>, Losses> byCommit;
  const auto add = [&](const Turn& turn, const Name& name, const EndpointLoss& loss) {
    if (loss != EndpointLoss{}) byCommit[{turn.zone, turn.at}].byEndpoint.insert_or_assign(name, loss);
  };
  for (const Turn& turn : aliases_) add(turn, turn.owner, lossOf(served, turn.owner, turn.owner, turn.at));
  std::multimap<Name, const Turn*> byTarget;
  for (const Turn& turn : dnames_) byTarget.emplace(turn.before, &turn);
  const auto addBelow = [&](NodeView node) {
    for (NameView up = node.name(); !up.isRoot();) {
      up = up.parent();
      const auto [first, last] = byTarget.equal_range(Name(up));
      for (auto each = first; each != last; ++each) {
        const Turn& turn = *each->second;
        const std::optional<Name> seen = movedTo(node.name(), up, turn.owner);
        const std::optional<Name> after = movedTo(node.name(), up, turn.after);
        if (seen && after) add(turn, *seen, lossOf(served, Name(node.name()), *after, turn.at));
      }
    }
    return true;
  };
  if (!dnames_.empty())
    for (const auto& zone : served.zones()) zone->names().forEach(addBelow);
  for (const auto& [commit, losses] : byCommit) visit(commit.first, commit.second, losses);
}

}  // namespace holdfast
