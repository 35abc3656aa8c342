#include "zone/plan_builder.h"

#include <algorithm>

namespace holdfast {

namespace {

bool isMetaType(RRType type) noexcept {
  const auto number = static_cast<unsigned>(type);
  return number == 0 || type == RRType::OPT || (number >= 128 && number <= 255);  // RFC 6895 section 3.1
}

constexpr std::uint32_t kMaxTtl = 0x7fffffffu;  // RFC 2181 section 8
/// More are counted: no list that is shown is longer.
constexpr std::size_t kMaxNotes = 1000;

}  // namespace

Status PlanBuilder::countRecords(std::size_t more) {
  records_ += more;
  if (records_ <= limits_.records) return Done{};
  return Error{
      ErrorKind::TooLarge, "",
      "the plan has more than " + std::to_string(limits_.records) + " records (limits.plan-records)"};
}

Status PlanBuilder::add(TextRecord record, const std::string& where) {
  if (Status counted = countRecords(1); !counted) return counted;
  const std::string what = record.owner.text() + " " + toText(record.type);
  if (!record.owner.view().isAtOrBelow(plan_.zone))
    return Error{ErrorKind::Invalid, "", what + " is outside the zone " + plan_.zone.text()};
  if (isMetaType(record.type))
    return Error{ErrorKind::Invalid, "", what + " is a type that no zone may hold"};
  if (record.type == RRType::SOA) {
    if (record.owner != plan_.zone)
      return Error{ErrorKind::Invalid, "", what + " is not at the apex " + plan_.zone.text()};
    plan_.soaSerial =
        soaSerial({reinterpret_cast<const std::uint8_t*>(record.rdata.data()), record.rdata.size()});
  }
  const auto [at, isNew] = rrsets_.try_emplace(std::make_pair(record.owner, record.type));
  Gathered& gathered = at->second;
  if (isNew) gathered.firstTtl = record.ttl;
  noteTtl(record, gathered, where);
  if (record.ttl > kMaxTtl) record.ttl = 0;

  PlannedRRset& planned = gathered.planned;
  if (isNew) {
    planned.owner = std::move(record.owner);
    planned.rrset.type = record.type;
    planned.rrset.ttl = record.ttl;
    planned.where = where;
  }
  planned.rrset.ttl = std::min(planned.rrset.ttl, record.ttl);  // RFC 2181 section 5.2
  planned.rrset.rdata.push_back(std::move(record.rdata));
  return Done{};
}

void PlanBuilder::noteTtl(const TextRecord& record, Gathered& gathered, const std::string& where) {
  if (record.ttl > kMaxTtl)
    note(PlanNote::Kind::TtlTooLarge, record.owner, record.type, where, std::to_string(record.ttl) + " s");
  // Signatures over several RRsets share a type and have the TTLs of what they cover (RFC 4034 section 3).
  if (gathered.ttlDiffers || gathered.firstTtl == record.ttl || record.type == RRType::RRSIG) return;
  gathered.ttlDiffers = true;
  note(PlanNote::Kind::TtlDiffers, record.owner, record.type, where,
       std::to_string(record.ttl) + " s after " + std::to_string(gathered.firstTtl) + " s");
}

void PlanBuilder::finish() {
  for (auto& [key, gathered] : rrsets_) {
    PlannedRRset& planned = gathered.planned;
    const std::size_t records = planned.rrset.rdata.size();
    planned.rrset.canonicalise();
    if (const std::size_t left = planned.rrset.rdata.size(); left < records)
      note(PlanNote::Kind::Duplicate, planned.owner, planned.rrset.type, planned.where,
           std::to_string(records) + " records, of which " + std::to_string(left) + " differ");
    plan_.rrsets.push_back(std::move(planned));
  }
  rrsets_.clear();
}

void PlanBuilder::note(PlanNote::Kind kind, const Name& owner, RRType type, const std::string& where,
                       std::string observed) {
  if (plan_.notes.size() >= kMaxNotes) {
    ++plan_.unlistedNotes;
    return;
  }
  plan_.notes.push_back({kind, owner, type, where, std::move(observed)});
}

}  // namespace holdfast
