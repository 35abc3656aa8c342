#include "zone/stored_rrsets.h"

#include <algorithm>

namespace holdfast {

namespace {

// Flags of an RRset in the third form.
constexpr std::uint8_t kStoredTargets = 1;
constexpr std::uint8_t kStoredOneWeight = 2;
constexpr std::uint8_t kStoredIds = 4;

bool hasIds(RRsetView rrset) noexcept {
  RRsetView::IdIterator id = rrset.ids();
  for (unsigned i = 0; i < rrset.count(); ++i, ++id)
    if (!(*id).empty()) return true;
  return false;
}

bool hasOneWeight(RRsetView rrset) noexcept {
  for (unsigned i = 1; i < rrset.count(); ++i)
    if (rrset.weight(i) != rrset.weight(0)) return false;
  return true;
}

/// The octets of each record where all have as many, else 0.
std::size_t octetsOfEach(RRsetView rrset) noexcept {
  const std::size_t first = rrset.count() == 0 ? 0 : rrset.front().size();
  for (const auto rdata : rrset)
    if (rdata.size() != first) return 0;
  return first;
}

std::uint8_t flagsOf(RRsetView rrset) noexcept {
  if (!rrset.isEndpoint()) return 0;
  return static_cast<std::uint8_t>(kStoredTargets | (hasOneWeight(rrset) ? kStoredOneWeight : 0) |
                                   (hasIds(rrset) ? kStoredIds : 0));
}

void putThird(OctetWriter& out, RRsetView rrset) {
  const std::uint8_t flags = flagsOf(rrset);
  const std::size_t each = octetsOfEach(rrset);
  out.varint(static_cast<std::uint16_t>(rrset.type())).varint(rrset.ttl()).varint(rrset.pick());
  out.number(flags).varint(rrset.count()).varint(each);
  for (const auto rdata : rrset) {
    if (each == 0) out.varint(rdata.size());
    out.octets(charsOf(rdata));
  }
  if (flags == 0) return;
  const unsigned weights = (flags & kStoredOneWeight) != 0 ? 1 : rrset.count();
  for (unsigned i = 0; i < weights; ++i) out.varint(rrset.weight(i));
  if ((flags & kStoredIds) == 0) return;
  RRsetView::IdIterator id = rrset.ids();
  for (unsigned i = 0; i < rrset.count(); ++i, ++id) out.counted<std::uint8_t>(charsOf(*id));
}

void putSecond(OctetWriter& out, RRsetView rrset) {
  out.number(static_cast<std::uint16_t>(rrset.type())).number(rrset.ttl()).number(rrset.pick());
  out.number(static_cast<std::uint8_t>(rrset.isEndpoint() ? 1 : 0)).number(rrset.count());
  for (const auto rdata : rrset) out.counted<std::uint16_t>(charsOf(rdata));
  if (!rrset.isEndpoint()) return;
  RRsetView::IdIterator id = rrset.ids();
  for (unsigned i = 0; i < rrset.count(); ++i, ++id)
    out.number(rrset.weight(i)).counted<std::uint8_t>(charsOf(*id));
}

RRset takeSecond(OctetReader& reader) {
  RRset rrset;
  rrset.type = static_cast<RRType>(reader.number<std::uint16_t>());
  rrset.ttl = reader.number<std::uint32_t>();
  rrset.pick = reader.number<std::uint16_t>();
  const bool hasTargets = reader.number<std::uint8_t>() != 0;
  const auto count = reader.number<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    rrset.rdata.emplace_back(reader.counted<std::uint16_t>());
  for (unsigned i = 0; hasTargets && i < count && reader.ok(); ++i) {
    Target target;
    target.weight = reader.number<std::uint32_t>();
    target.id = reader.counted<std::uint8_t>();
    rrset.targets.push_back(std::move(target));
  }
  return rrset;
}

RRset takeThird(OctetReader& reader) {
  RRset rrset;
  rrset.type = static_cast<RRType>(reader.varint<std::uint16_t>());
  rrset.ttl = reader.varint<std::uint32_t>();
  rrset.pick = reader.varint<std::uint16_t>();
  const auto flags = reader.number<std::uint8_t>();
  const auto count = reader.varint<std::uint16_t>();
  const auto each = reader.varint<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    rrset.rdata.emplace_back(reader.octets(each != 0 ? each : reader.varint<std::uint16_t>()));
  if ((flags & kStoredTargets) == 0 || !reader.ok()) return rrset;
  rrset.targets.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool isAsBefore = i > 0 && (flags & kStoredOneWeight) != 0;
    rrset.targets[i].weight = isAsBefore ? rrset.targets[0].weight : reader.varint<std::uint32_t>();
  }
  for (std::size_t i = 0; i < count && (flags & kStoredIds) != 0; ++i)
    rrset.targets[i].id = reader.counted<std::uint8_t>();
  return rrset;
}

void skipSecond(OctetReader& reader) noexcept {
  reader.octets(sizeof(std::uint16_t) + sizeof(std::uint32_t) + sizeof(std::uint16_t));
  const bool hasTargets = reader.number<std::uint8_t>() != 0;
  const auto count = reader.number<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i) reader.counted<std::uint16_t>();
  for (unsigned i = 0; hasTargets && i < count && reader.ok(); ++i) {
    reader.octets(sizeof(std::uint32_t));
    reader.counted<std::uint8_t>();
  }
}

void skipThird(OctetReader& reader) noexcept {
  for (int i = 0; i < 3; ++i) reader.varint();  // type, TTL, pick
  const auto flags = reader.number<std::uint8_t>();
  const auto count = reader.varint<std::uint16_t>();
  const auto each = reader.varint<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    reader.octets(each != 0 ? each : reader.varint<std::uint16_t>());
  if ((flags & kStoredTargets) == 0) return;
  const unsigned weights = (flags & kStoredOneWeight) != 0 ? std::min<unsigned>(count, 1) : count;
  for (unsigned i = 0; i < weights && reader.ok(); ++i) reader.varint();
  if ((flags & kStoredIds) == 0) return;
  for (unsigned i = 0; i < count && reader.ok(); ++i) reader.counted<std::uint8_t>();
}

std::uint16_t countOf(OctetReader& reader, RRsetForm form) noexcept {
  return form == RRsetForm::Third ? reader.varint<std::uint16_t>() : reader.number<std::uint16_t>();
}

}  // namespace

void putRRsets(OctetWriter& out, NodeView node, RRsetForm form) {
  const std::uint16_t count = node ? node.rrsetCount() : std::uint16_t{0};
  if (form == RRsetForm::Third)
    out.varint(count);
  else
    out.number(count);
  if (!node) return;
  for (const RRsetView rrset : node) form == RRsetForm::Third ? putThird(out, rrset) : putSecond(out, rrset);
}

std::vector<RRset> takeRRsets(OctetReader& reader, RRsetForm form) {
  std::vector<RRset> rrsets;
  const auto count = countOf(reader, form);
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    rrsets.push_back(form == RRsetForm::Third ? takeThird(reader) : takeSecond(reader));
  return rrsets;
}

void skipRRsets(OctetReader& reader, RRsetForm form) noexcept {
  const auto count = countOf(reader, form);
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    form == RRsetForm::Third ? skipThird(reader) : skipSecond(reader);
}

}  // namespace holdfast
