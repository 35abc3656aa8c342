#include "zone/velocity.h"

#include <algorithm>
#include <span>

#include "zone/octets.h"

namespace holdfast {

namespace {

using Octets = std::span<const std::uint8_t>;

/// Losses of one endpoint that are told apart. More are merged from the oldest on, which then count until the
/// younger one would be forgotten: for an endpoint that gets smaller in very many steps.
constexpr std::size_t kEntriesPerEndpoint = 64;

/// Octets whose order is the order of the numbers.
void putOrdered(std::string& out, std::int64_t value) {
  const std::uint64_t ordered = static_cast<std::uint64_t>(value) ^ (1ull << 63);
  for (unsigned shift = 64; shift > 0; shift -= 8) out += static_cast<char>(ordered >> (shift - 8) & 0xff);
}

std::int64_t orderedAt(Octets octets) noexcept {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : octets.first(8)) value = value << 8 | octet;
  return static_cast<std::int64_t>(value ^ (1ull << 63));
}

Octets octetsOf(const std::string& key) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(key.data()), key.size()};
}

std::int64_t ticksOf(LossWindow::Time at) noexcept {
  return at.time_since_epoch().count();
}

LossWindow::Time timeAt(Octets octets) noexcept {
  return LossWindow::Time(LossWindow::Time::duration(orderedAt(octets)));
}

std::string timeKey(LossWindow::Time at, NameView endpoint) {
  std::string key;
  putOrdered(key, ticksOf(at));
  return key.append(wireText(endpoint));
}

/// "wire name, time": what the name tree's key of one loss begins with.
std::string namePrefix(NameView endpoint, LossWindow::Time at) {
  std::string key(wireText(endpoint));
  putOrdered(key, ticksOf(at));
  return key;
}

/// All that may be lost and come back, each by itself.
constexpr std::size_t kParts = 9;
std::array<std::int64_t*, kParts> partsOf(EndpointLoss& loss) noexcept {
  return {&loss.a.targets,   &loss.a.weight,      &loss.a.answered,   &loss.a.carried, &loss.aaaa.targets,
          &loss.aaaa.weight, &loss.aaaa.answered, &loss.aaaa.carried, &loss.endpoints};
}

/// What the name tree holds of one loss. What stands is positive and mostly small.
std::string nameKey(NameView endpoint, const LossWindow::Entry& entry) {
  std::string key = namePrefix(endpoint, entry.at);
  EndpointLoss loss = entry.loss;
  for (const std::int64_t* part : partsOf(loss)) OctetWriter(key).varint(static_cast<std::uint64_t>(*part));
  return key;
}

bool startsWith(Octets key, Octets prefix) noexcept {
  return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

EndpointLoss amountsAt(Octets octets) noexcept {
  OctetReader reader({reinterpret_cast<const char*>(octets.data()), octets.size()});
  EndpointLoss loss;
  for (std::int64_t* part : partsOf(loss)) *part = static_cast<std::int64_t>(reader.varint());
  return loss;
}

/// Addresses that lose their weights carry the average of what they had.
std::int64_t carriedBy(RRsetView rrset, RRsetView before) noexcept {
  if (!rrset || rrset.isEndpoint() || !before || !before.isEndpoint()) return 0;
  return static_cast<std::int64_t>(
      std::min(weightOf(before), weightOf(before) * rrset.count() / before.count()));
}

void addTo(EndpointLoss& sum, EndpointLoss loss) noexcept {
  const auto sums = partsOf(sum), losses = partsOf(loss);
  for (std::size_t i = 0; i < kParts; ++i) *sums[i] += *losses[i];
}

}  // namespace

EndpointLoss lossBetween(NodeView before, NodeView after) noexcept {
  EndpointLoss loss;
  bool had = false, has = false;
  for (const RRType type : kAddressTypes) {
    const RRsetView old = before ? before.find(type) : RRsetView();
    const RRsetView now = after ? after.find(type) : RRsetView();
    had = had || old;
    has = has || now;
    RRsetLoss& part = loss.of(type);
    part.targets = (old ? old.count() : 0) - (now ? now.count() : 0);
    part.carried = carriedBy(now, old);
    part.weight =
        static_cast<std::int64_t>(weightOf(old)) - static_cast<std::int64_t>(weightOf(now)) - part.carried;
    part.answered = part.targets;
    // Also of an endpoint that is new: a zone that was removed may have had plain records there.
    part.endsPlain = (old || now) && !(old && old.isEndpoint()) && !(now && !now.isEndpoint());
  }
  loss.endpoints = (had ? 1 : 0) - (has ? 1 : 0);
  return loss;
}

bool turnsAlias(NodeView before, NodeView after) noexcept {
  const RRsetView old = before ? before.find(RRType::CNAME) : RRsetView();
  const RRsetView now = after ? after.find(RRType::CNAME) : RRsetView();
  if (!old || !now) return static_cast<bool>(old) != static_cast<bool>(now);
  return !std::ranges::equal(old.front(), now.front());
}

Loss capacityOf(const ZoneFacts& facts) noexcept {
  return {static_cast<std::int64_t>(facts.targets), static_cast<std::int64_t>(facts.weight),
          static_cast<std::int64_t>(facts.addressNames)};
}

Loss capacityOf(NodeView node) noexcept {
  Loss has;
  if (!node) return has;
  for (const RRsetView rrset : node) {
    if (!isAddressType(rrset.type())) continue;
    has.targets += rrset.count();
    has.weight += static_cast<std::int64_t>(weightOf(rrset));
  }
  has.endpoints = has.targets > 0 ? 1 : 0;
  return has;
}

std::vector<LossWindow::Entry> LossWindow::entriesOf(NameView endpoint) const {
  std::vector<Entry> entries;
  byName_.visitFrom(endpoint.bytes(), [&](Octets key) {
    if (!startsWith(key, endpoint.bytes())) return false;
    const Octets rest = key.subspan(endpoint.size());
    entries.push_back({timeAt(rest), amountsAt(rest.subspan(8))});
    return true;
  });
  return entries;
}

EndpointLoss LossWindow::of(NameView endpoint) const {
  EndpointLoss sum;
  for (const Entry& entry : entriesOf(endpoint)) addTo(sum, entry.loss);
  return sum;
}

bool LossWindow::hasUntil(Time oldest) const {
  bool found = false;
  byTime_.visitFrom({}, [&](Octets key) {
    found = timeAt(key) <= oldest;
    return false;
  });
  return found;
}

void LossWindow::forEach(const std::function<bool(Time, NameView, const EndpointLoss&)>& visit) const {
  byTime_.visitFrom({}, [&](Octets key) {
    const NameView endpoint(key.data() + 8, key.size() - 8);
    const std::string prefix = namePrefix(endpoint, timeAt(key));
    EndpointLoss loss;
    byName_.visitFrom(octetsOf(prefix), [&](Octets found) {
      loss = amountsAt(found.subspan(prefix.size()));
      return false;
    });
    return visit(timeAt(key), endpoint, loss);
  });
}

namespace {

/// Takes a gain off the newest losses first: those before it stay as far below what was had then.
void settle(std::vector<LossWindow::Entry>& entries, std::size_t part, std::int64_t gain) noexcept {
  for (auto entry = entries.rbegin(); entry != entries.rend() && gain > 0; ++entry) {
    std::int64_t& stands = *partsOf(entry->loss)[part];
    const std::int64_t settled = std::min(gain, stands);
    stands -= settled;
    gain -= settled;
  }
}

/// What plain records carried is no longer kept apart: it has come back, or is lost.
void endPlain(const std::vector<LossWindow::Entry>& entries, EndpointLoss& loss) noexcept {
  for (const RRType type : kAddressTypes) {
    RRsetLoss& change = loss.of(type);
    if (!change.endsPlain) continue;
    std::int64_t carried = 0;
    for (const LossWindow::Entry& entry : entries) carried += entry.loss.of(type).carried;
    change.weight += carried;
    change.carried = -carried;
  }
}

void add(std::vector<LossWindow::Entry>& entries, EndpointLoss loss, LossWindow::Time at) {
  endPlain(entries, loss);
  EndpointLoss lost;
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::int64_t amount = *partsOf(loss)[part];
    if (amount > 0)
      *partsOf(lost)[part] = amount;
    else
      settle(entries, part, -amount);
  }
  std::erase_if(entries, [](const auto& entry) { return entry.loss == EndpointLoss{}; });
  if (lost == EndpointLoss{}) return;
  if (!entries.empty() && entries.back().at >= at)
    addTo(entries.back().loss, lost);
  else
    entries.push_back({at, lost});
  if (entries.size() <= kEntriesPerEndpoint) return;
  addTo(entries[1].loss, entries[0].loss);
  entries.erase(entries.begin());
}

}  // namespace

LossStep LossWindow::step(const Losses& losses, Time at) const {
  std::vector<std::string> added, removed, addedTimes, removedTimes;
  LossStep step;
  for (const auto& [name, loss] : losses.byEndpoint) {
    const Name& endpoint = name;
    const std::vector<Entry> before = entriesOf(endpoint);
    std::vector<Entry> after = before;
    add(after, loss, at);
    auto [old, now] = std::ranges::mismatch(before, after);  // mostly the newest alone
    for (; old != before.end(); ++old) {
      removed.push_back(nameKey(endpoint, *old));
      removedTimes.push_back(timeKey(old->at, endpoint));
      step.changed[{old->at}] -= old->loss.sum();
    }
    for (; now != after.end(); ++now) {
      added.push_back(nameKey(endpoint, *now));
      addedTimes.push_back(timeKey(now->at, endpoint));
      step.changed[{now->at}] += now->loss.sum();
    }
  }
  std::erase_if(step.changed, [](const auto& each) { return each.second == Loss{}; });
  step.stands.byName_ = byName_.with(std::move(added), std::move(removed));
  step.stands.byTime_ = byTime_.with(std::move(addedTimes), std::move(removedTimes));
  step.stands.total_ = total_;
  for (const auto& [moment, change] : step.changed) step.stands.total_ += change;
  return step;
}

LossWindow LossWindow::since(Time oldest) const {
  std::vector<std::string> names, times;
  LossWindow next;
  next.total_ = total_;
  forEach([&](Time at, NameView endpoint, const EndpointLoss& loss) {
    if (at > oldest) return false;
    names.push_back(nameKey(endpoint, {at, loss}));
    times.push_back(timeKey(at, endpoint));
    next.total_ -= loss.sum();
    return true;
  });
  if (times.empty()) return *this;
  next.byName_ = byName_.with({}, std::move(names));
  next.byTime_ = byTime_.with({}, std::move(times));
  return next;
}

}  // namespace holdfast
