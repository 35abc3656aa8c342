#include "zone/velocity.h"

#include <algorithm>
#include <span>

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

std::string_view textOf(NameView name) noexcept {
  return {reinterpret_cast<const char*>(name.data()), name.size()};
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
  return key.append(textOf(endpoint));
}

/// "wire name, time": what the name tree's key of one loss begins with.
std::string namePrefix(NameView endpoint, LossWindow::Time at) {
  std::string key(textOf(endpoint));
  putOrdered(key, ticksOf(at));
  return key;
}

/// What the name tree holds of one loss.
std::string nameKey(NameView endpoint, const LossWindow::Entry& entry) {
  std::string key = namePrefix(endpoint, entry.at);
  for (const auto part : {&Loss::targets, &Loss::weight, &Loss::endpoints}) putOrdered(key, entry.loss.*part);
  return key;
}

bool startsWith(Octets key, Octets prefix) noexcept {
  return key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
}

Loss amountsAt(Octets octets) noexcept {
  return {orderedAt(octets), orderedAt(octets.subspan(8)), orderedAt(octets.subspan(16))};
}

/// Addresses that lose their weights keep the average of what they had.
std::uint64_t weightOf(RRsetView rrset, RRsetView before) noexcept {
  if (!rrset || rrset.isEndpoint() || !before || !before.isEndpoint()) return weightOf(rrset);
  return std::min(weightOf(before), weightOf(before) * rrset.count() / before.count());
}

}  // namespace

Loss lossBetween(NodeView before, NodeView after) noexcept {
  Loss had, has;
  for (const RRType type : {RRType::A, RRType::AAAA}) {
    const RRsetView old = before ? before.find(type) : RRsetView();
    const RRsetView now = after ? after.find(type) : RRsetView();
    had.targets += old ? old.count() : 0;
    has.targets += now ? now.count() : 0;
    had.weight += static_cast<std::int64_t>(weightOf(old));
    has.weight += static_cast<std::int64_t>(weightOf(now, old));
  }
  had.endpoints = had.targets > 0 ? 1 : 0;
  has.endpoints = has.targets > 0 ? 1 : 0;
  return had - has;
}

Losses lossesBetween(const Zone& before, const Zone& after) {
  Losses losses;
  NameTable::differences(before.names(), after.names(), [&](NodeView old, NodeView now) {
    const Loss loss = lossBetween(old, now);
    if (loss != Loss{}) losses.byEndpoint.emplace((old ? old : now).name(), loss);
    return true;
  });
  return losses;
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

Loss LossWindow::of(NameView endpoint) const {
  Loss sum;
  for (const Entry& entry : entriesOf(endpoint)) sum += entry.loss;
  return sum;
}

void LossWindow::forEach(const std::function<bool(Time, NameView, const Loss&)>& visit) const {
  byTime_.visitFrom({}, [&](Octets key) {
    const NameView endpoint(key.data() + 8, key.size() - 8);
    const std::string prefix = namePrefix(endpoint, timeAt(key));
    Loss loss;
    byName_.visitFrom(octetsOf(prefix), [&](Octets found) {
      loss = amountsAt(found.subspan(prefix.size()));
      return false;
    });
    return visit(timeAt(key), endpoint, loss);
  });
}

namespace {

/// Takes a gain off the newest losses first: those before it stay as far below what was had then.
template <class Entries>
void settle(Entries& entries, std::int64_t Loss::*part, std::int64_t gain) noexcept {
  for (auto entry = entries.rbegin(); entry != entries.rend() && gain > 0; ++entry) {
    const std::int64_t settled = std::min(gain, entry->loss.*part);
    entry->loss.*part -= settled;
    gain -= settled;
  }
}

template <class Entries>
void add(Entries& entries, const Loss& loss, LossWindow::Time at) {
  Loss lost;
  for (const auto part : {&Loss::targets, &Loss::weight, &Loss::endpoints}) {
    if (loss.*part > 0)
      lost.*part = loss.*part;
    else
      settle(entries, part, -(loss.*part));
  }
  std::erase_if(entries, [](const auto& entry) { return entry.loss == Loss{}; });
  if (lost == Loss{}) return;
  if (!entries.empty() && entries.back().at >= at)
    entries.back().loss += lost;
  else
    entries.push_back({at, lost});
  if (entries.size() <= kEntriesPerEndpoint) return;
  entries[1].loss += entries[0].loss;
  entries.erase(entries.begin());
}

}  // namespace

LossWindow LossWindow::with(const Losses& losses, Time at) const {
  std::vector<std::string> added, removed, addedTimes, removedTimes;
  LossWindow next;
  next.total_ = total_;
  for (const auto& [name, loss] : losses.byEndpoint) {
    const Name& endpoint = name;
    const std::vector<Entry> before = entriesOf(endpoint);
    std::vector<Entry> after = before;
    add(after, loss, at);
    if (before == after) continue;
    const auto keys = [&](const std::vector<Entry>& entries, auto& names, auto& times, auto count) {
      for (const Entry& entry : entries) {
        names.push_back(nameKey(endpoint, entry));
        times.push_back(timeKey(entry.at, endpoint));
        count(entry.loss);
      }
    };
    keys(before, removed, removedTimes, [&](const Loss& each) { next.total_ -= each; });
    keys(after, added, addedTimes, [&](const Loss& each) { next.total_ += each; });
  }
  next.byName_ = byName_.with(std::move(added), std::move(removed));
  next.byTime_ = byTime_.with(std::move(addedTimes), std::move(removedTimes));
  return next;
}

LossWindow LossWindow::since(Time oldest) const {
  std::vector<std::string> names, times;
  LossWindow next;
  next.total_ = total_;
  forEach([&](Time at, NameView endpoint, const Loss& loss) {
    if (at > oldest) return false;
    names.push_back(nameKey(endpoint, {at, loss}));
    times.push_back(timeKey(at, endpoint));
    next.total_ -= loss;
    return true;
  });
  if (times.empty()) return *this;
  next.byName_ = byName_.with({}, std::move(names));
  next.byTime_ = byTime_.with({}, std::move(times));
  return next;
}

void VelocityLedger::record(NameView zone, const Losses& losses, Time at) {
  LossWindow& window = zones_[std::string(textOf(zone))].window;
  window = window.with(losses, at);
}

LossWindow VelocityLedger::standing(NameView zone, Time now, std::chrono::milliseconds keep) {
  Kept& kept = zones_[std::string(textOf(zone))];
  kept.keep = keep;
  kept.window = kept.window.since(now - keep);
  return kept.window;
}

void VelocityLedger::put(NameView zone, LossWindow next) noexcept {
  const auto found = zones_.find(textOf(zone));
  if (found != zones_.end()) found->second.window = std::move(next);
}

Loss VelocityLedger::elsewhere(NameView zone, Time now, std::chrono::milliseconds window) {
  Loss sum;
  for (auto& [apex, kept] : zones_) {
    if (apex == textOf(zone)) continue;
    // Forgotten in place, so that an idle zone costs once what it lost.
    kept.window = kept.window.since(now - std::max(kept.keep, window));
    sum += kept.window.since(now - window).total();
  }
  return sum;
}

}  // namespace holdfast
