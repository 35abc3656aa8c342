#include "zone/plan_places.h"

#include <algorithm>
#include <iterator>

namespace holdfast {

std::string pointerTo(std::string_view parent, std::string_view key) {
  std::string pointer = std::string(parent) + '/';
  for (const char c : key) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

void PlanPlaces::join(PlanPlaces&& other) {
  std::ranges::move(other.records_, std::back_inserter(records_));
  keys_.merge(other.keys_);
}

std::string PlanPlaces::record(std::uint32_t number) const {
  const std::string text = std::to_string(number);
  return kind_ == Kind::Lines ? "line " + text : "/records/" + text;
}

void PlanPlaces::find(std::span<const Nth> wanted) const {
  std::unordered_multimap<std::uint64_t, Nth> open;
  for (const Nth& each : wanted) open.emplace(each.ownerHash, each);
  for (const Record& record : records_) {
    const auto [first, last] = open.equal_range(record.owner);
    for (auto at = first; at != last; ++at)
      if (at->second.type == record.type && at->second.n-- == 0)
        *at->second.where = this->record(record.number);
  }
}

std::string PlanPlaces::endpoint(NameView owner, NameView zone) const {
  const auto written = keys_.find(HashedName::of(owner));
  return pointerTo("/endpoints", written == keys_.end() ? toRelativeText(owner, zone) : written->second);
}

void PlanPlaces::find(std::span<const Wanted> wanted, const Zone* sets) const {
  std::unordered_multimap<std::uint64_t, const Wanted*> open;
  for (const Wanted& each : wanted) {
    const NodeView node = sets == nullptr ? NodeView() : sets->find(each.owner);
    if (node && node.isEndpoint() && (!each.type || isAddressType(*each.type)))
      *each.where = endpoint(each.owner, sets->apex());
    else
      open.emplace(HashedName::of(each.owner), &each);
  }
  if (!open.empty()) findRecords(open);
}

void PlanPlaces::findRecords(std::unordered_multimap<std::uint64_t, const Wanted*>& open) const {
  for (const bool orAny : {false, true}) {
    for (const Record& record : records_) {
      const auto [first, last] = open.equal_range(record.owner);
      for (auto at = first; at != last; ++at) {
        const Wanted& wanted = *at->second;
        const bool isIt = wanted.type ? *wanted.type == record.type : orAny || isAddressType(record.type);
        if (isIt && wanted.where->empty()) *wanted.where = this->record(record.number);
      }
    }
  }
}

}  // namespace holdfast
