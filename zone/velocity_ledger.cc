#include "zone/velocity_ledger.h"

#include <algorithm>

namespace holdfast {

void VelocityLedger::setServerWindow(std::chrono::milliseconds per) {
  if (per == per_) return;
  LossSums sums;
  for (auto& each : zones_) {
    LedgerZone& zone = each.second;
    zone.window.forEach([&](Time at, NameView, const EndpointLoss& loss) {
      sums[{at, &zone}] += loss.sum();
      return true;
    });
  }
  // All of it, as there is no time here: lately() forgets what is too old.
  sums_ = std::move(sums);
  total_ = {};
  for (auto& [apex, zone] : zones_) total_ += zone.lately = zone.window.total();
  per_ = per;
  forgotten_ = Time::min();
}

void VelocityLedger::record(NameView zone, const Losses& losses, Time at) {
  LossStep step = of(zone).step(losses, at);
  put(zone, step);
}

LossWindow VelocityLedger::of(NameView zone) {
  return zones_[std::string(wireText(zone))].window;
}

void VelocityLedger::put(NameView zone, LossStep& step) noexcept {
  const auto found = zones_.find(wireText(zone));
  if (found == zones_.end()) return;
  LedgerZone& kept = found->second;
  std::swap(kept.window, step.stands);
  while (!step.changed.empty()) {
    auto change = step.changed.extract(step.changed.begin());
    if (change.key().at <= forgotten_) continue;
    change.key().zone = &kept;
    kept.lately += change.mapped();
    total_ += change.mapped();
    const auto put = sums_.insert(std::move(change));
    if (put.inserted) continue;
    put.position->second += put.node.mapped();
    if (put.position->second == Loss{}) sums_.erase(put.position);
  }
}

void VelocityLedger::putTrimmed(NameView zone, LossWindow& window) noexcept {
  const auto found = zones_.find(wireText(zone));
  if (found != zones_.end()) std::swap(found->second.window, window);
}

void VelocityLedger::forget(NameView zone) noexcept {
  const auto found = zones_.find(wireText(zone));
  if (found == zones_.end()) return;
  std::erase_if(sums_, [&](const auto& each) { return each.first.zone == &found->second; });
  total_ -= found->second.lately;
  zones_.erase(found);
}

const LossWindow* VelocityLedger::find(NameView zone) const noexcept {
  const auto found = zones_.find(wireText(zone));
  return found == zones_.end() ? nullptr : &found->second.window;
}

VelocityLedger::Lately VelocityLedger::lately(NameView zone, Time now) {
  forgotten_ = std::max(forgotten_, now - per_);
  while (!sums_.empty() && sums_.begin()->first.at <= forgotten_) {
    const auto& [oldest, loss] = *sums_.begin();
    oldest.zone->lately -= loss;
    total_ -= loss;
    sums_.erase(sums_.begin());
  }
  const auto found = zones_.find(wireText(zone));
  const Loss here = found == zones_.end() ? Loss{} : found->second.lately;
  return {here, total_ - here};
}

}  // namespace holdfast
