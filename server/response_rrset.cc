// RRsets on their way into a message: which records, from where on, whole or not at all.
#include "server/response.h"

namespace holdfast {

bool Response::require(Section section, Owner& owner, RRsetView rrset, std::uint32_t ttl) noexcept {
  if (addRRset(section, owner, rrset, ttl)) return true;
  truncated_ = true;
  return false;
}

bool Response::addRRset(Section section, Owner& owner, RRsetView rrset, std::uint32_t ttl) noexcept {
  const MessageWriter::Mark mark = writer_.mark();
  const bool picks = rrset.isEndpoint() && rrset.pick() > 0 && rrset.pick() < rrset.count();
  if (picks ? addPicked(section, owner, rrset, ttl) : addAll(section, owner, rrset, ttl)) return true;
  writer_.rollback(mark);
  return false;
}

/// From a random record on, so that clients which take the first spread over all.
bool Response::addAll(Section section, Owner& owner, RRsetView rrset, std::uint32_t ttl) noexcept {
  if (rrset.count() == 0) return true;
  auto start = rrset.begin();
  if (rrset.count() > 1)
    for (std::uint64_t skip = scratch_.random.below(rrset.count()); skip > 0; --skip) ++start;
  auto at = start;
  do {
    if (!writer_.add(section, owner, rrset.type(), ttl, *at)) return false;
    if (++at == rrset.end()) at = rrset.begin();
  } while (!(at == start));
  return true;
}

bool Response::addPicked(Section section, Owner& owner, RRsetView rrset, std::uint32_t ttl) noexcept {
  TargetPicker::Picked picked;
  scratch_.picker.pick(rrset, scratch_.random, picked);
  // Targets are addresses, so every record takes the same room and the i-th is found by counting.
  const std::uint8_t* first = rrset.front().data();
  const std::size_t octets = rrset.front().size();
  for (unsigned i = 0; i < picked.count; ++i) {
    const std::uint8_t* rdata = first + picked.index[i] * (octets + 2);
    if (!writer_.add(section, owner, rrset.type(), ttl, {rdata, octets})) return false;
  }
  return true;
}

}  // namespace holdfast
