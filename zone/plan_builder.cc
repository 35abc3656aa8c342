#include "zone/plan_builder.h"

#include <algorithm>

namespace holdfast {

namespace {

bool isMetaType(RRType type) noexcept {
  const auto number = static_cast<unsigned>(type);
  return number == 0 || type == RRType::OPT || (number >= 128 && number <= 255);  // RFC 6895 section 3.1
}

std::uint32_t soaSerial(const std::string& rdata) noexcept {
  std::uint32_t serial = 0;
  for (std::size_t i = rdata.size() - 20; i < rdata.size() - 16; ++i)
    serial = serial << 8 | static_cast<std::uint8_t>(rdata[i]);
  return serial;
}

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
    plan_.soaSerial = soaSerial(record.rdata);
  }
  if (record.ttl > 0x7fffffffu) record.ttl = 0;  // RFC 2181 section 8

  const auto key = std::make_pair(record.owner, record.type);
  const auto [at, isNew] = rrsets_.try_emplace(key);
  PlannedRRset& planned = at->second;
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

void PlanBuilder::finish() {
  for (auto& [key, planned] : rrsets_) {
    planned.rrset.canonicalise();
    plan_.rrsets.push_back(std::move(planned));
  }
  rrsets_.clear();
}

}  // namespace holdfast
