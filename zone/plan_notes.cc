#include "zone/plan_notes.h"

namespace holdfast {

namespace {

/// More are counted: no list that is shown is longer.
constexpr std::size_t kMaxNotes = 1000;
constexpr std::uint32_t kMaxTtl = 0x7fffffffu;

std::uint64_t keyOf(NameView owner, RRType type) noexcept {
  const auto number = static_cast<std::uint64_t>(type) + 1;
  return HashedName(owner).hash() ^ number * 0x9e3779b97f4a7c15u;
}

}  // namespace

void RecordNotes::see(const TextRecord& record, const std::string& where) {
  ++records_;
  if (record.ttl > kMaxTtl)
    note(PlanNote::Kind::TtlTooLarge, record.owner, record.type, where, std::to_string(record.ttl) + " s");
  Seen& seen = seen_[keyOf(record.owner, record.type)];
  if (seen.records++ == 0) {
    seen.ttl = record.ttl;
    return;
  }
  // Signatures over several RRsets share a type and have the TTLs of what they cover (RFC 4034 section 3).
  if (seen.differs || seen.ttl == record.ttl || record.type == RRType::RRSIG) return;
  seen.differs = true;
  note(PlanNote::Kind::TtlDiffers, record.owner, record.type, where,
       std::to_string(record.ttl) + " s after " + std::to_string(seen.ttl) + " s");
}

void RecordNotes::finish() {
  std::uint64_t kept = 0;
  for (const PlannedRRset& planned : plan_.rrsets) kept += planned.rrset.rdata.size();
  if (kept == records_) return;
  for (const PlannedRRset& planned : plan_.rrsets) {
    const auto found = seen_.find(keyOf(planned.owner, planned.rrset.type));
    if (found == seen_.end() || found->second.records <= planned.rrset.rdata.size()) continue;
    note(PlanNote::Kind::Duplicate, planned.owner, planned.rrset.type, planned.where,
         std::to_string(found->second.records) + " records, of which " +
             std::to_string(planned.rrset.rdata.size()) + " differ");
  }
}

void RecordNotes::note(PlanNote::Kind kind, const Name& owner, RRType type, const std::string& where,
                       std::string observed) {
  if (plan_.notes.size() >= kMaxNotes) {
    ++plan_.unlistedNotes;
    return;
  }
  plan_.notes.push_back({kind, owner, type, where, std::move(observed)});
}

}  // namespace holdfast
