#include "tests/differential/zone_set.h"

#include <ldns/ldns.h>
#include <algorithm>

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>

namespace holdfast::differential {

namespace {

std::string taken(char* text) {
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  return owned ? std::string(owned.get()) : std::string();
}

/// ldns leaves "@" and "$" in names as they are, which parsers of zone files do not.
std::string textOf(const ldns_rdf* rdf) {
  if (ldns_rdf_get_type(rdf) != LDNS_RDF_TYPE_DNAME) return taken(ldns_rdf2str(rdf));
  std::vector<std::string> labels;
  const auto* octets = reinterpret_cast<const char*>(ldns_rdf_data(rdf));
  for (std::size_t at = 0; octets[at] != 0; at += static_cast<unsigned char>(octets[at]) + 1U)
    labels.emplace_back(octets + at + 1, static_cast<unsigned char>(octets[at]));
  return Name(std::move(labels)).text();
}

Record recordOf(const ldns_rr* rr) {
  Record record;
  record.owner = Name::parse(textOf(ldns_rr_owner(rr)));
  record.ttl = ldns_rr_ttl(rr);
  record.type = taken(ldns_rr_type2str(ldns_rr_get_type(rr)));
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    if (i > 0) record.rdata += ' ';
    record.rdata += textOf(ldns_rr_rdf(rr, i));
  }
  return record;
}

Result<ZoneSource> readZoneStream(std::FILE* stream, const std::string& where) {
  ldns_zone* raw = nullptr;
  int line = 0;
  const ldns_status status = ldns_zone_new_frm_fp_l(&raw, stream, nullptr, 3600, LDNS_RR_CLASS_IN, &line);
  if (status != LDNS_STATUS_OK)
    return Error{ErrorKind::Malformed, where + ":" + std::to_string(line), ldns_get_errorstr_by_id(status)};
  const std::unique_ptr<ldns_zone, decltype(&ldns_zone_deep_free)> zone(raw, &ldns_zone_deep_free);
  if (ldns_zone_soa(zone.get()) == nullptr) return Error{ErrorKind::Invalid, where, "the zone has no SOA"};
  ZoneSource source;
  source.records.push_back(recordOf(ldns_zone_soa(zone.get())));
  source.apex = source.records.front().owner;
  const ldns_rr_list* list = ldns_zone_rrs(zone.get());
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i)
    source.records.push_back(recordOf(ldns_rr_list_rr(list, i)));
  return source;
}

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

}  // namespace

std::string_view textOf(Signing signing) {
  switch (signing) {
    case Signing::None:
      return "unsigned";
    case Signing::Nsec:
      return "NSEC";
    case Signing::Nsec3:
      return "NSEC3";
    case Signing::OptOut:
      return "NSEC3 opt-out";
  }
  return "";
}

std::string Record::text() const {
  return owner.text() + " " + std::to_string(ttl) + " IN " + type + " " + rdata;
}

std::string ZoneSource::text() const {
  std::string out;
  for (const Record& record : records) out += record.text() + "\n";
  return out;
}

std::size_t ZoneSet::size() const {
  std::size_t sum = 0;
  for (const ZoneSource& zone : zones) sum += zone.records.size();
  return sum;
}

std::string ZoneSet::text() const {
  std::string out;
  for (const ZoneSource& zone : zones) out += "; zone " + zone.apex.text() + "\n" + zone.text();
  return out;
}

bool ZoneSet::isApex(const Name& name) const {
  return std::any_of(zones.begin(), zones.end(),
                     [&](const ZoneSource& zone) { return zone.apex.lower() == name; });
}

const Name* ZoneSet::closestApex(const Name& name) const {
  const Name* best = nullptr;
  for (const ZoneSource& zone : zones)
    if (name.isAtOrBelow(zone.apex) && (best == nullptr || zone.apex.labels().size() > best->labels().size()))
      best = &zone.apex;
  return best;
}

Result<Record> readRecord(const std::string& line) {
  std::array<std::string, 4> words;
  std::size_t begin = 0;
  for (std::string& word : words) {
    const std::size_t end = line.find(' ', begin);
    if (end == std::string::npos) return Error{ErrorKind::Malformed, line, "is not OWNER TTL IN TYPE RDATA"};
    word = line.substr(begin, end - begin);
    begin = end + 1;
  }
  Record record{Name::parse(words[0]), 0, words[3], line.substr(begin)};
  const auto [rest, problem] =
      std::from_chars(words[1].data(), words[1].data() + words[1].size(), record.ttl);
  if (problem != std::errc()) return Error{ErrorKind::Malformed, line, "has no TTL"};
  return record;
}

Result<ZoneSource> readZone(const std::string& path) {
  const File file(std::fopen(path.c_str(), "r"), &std::fclose);
  if (!file) return Error{ErrorKind::Unreadable, path, "cannot be opened"};
  return readZoneStream(file.get(), path);
}

Result<ZoneSource> readZoneText(const std::string& text, const std::string& where) {
  std::string copy = text;  // fmemopen() wants it writable
  const File file(fmemopen(copy.data(), copy.size(), "r"), &std::fclose);
  if (!file) return Error{ErrorKind::Unreadable, where, "cannot be read"};
  return readZoneStream(file.get(), where);
}

}  // namespace holdfast::differential
