#include "tests/differential/query_generator.h"

#include <algorithm>
#include <set>

namespace holdfast::differential {

namespace {

/// Names in RDATA are interesting as well: where aliases lead to. Any word with a final dot may be one.
void addNamesIn(const std::string& rdata, std::set<Name>& names) {
  std::size_t begin = 0;
  while (begin < rdata.size()) {
    const std::size_t end = std::min(rdata.find(' ', begin), rdata.size());
    const std::string word = rdata.substr(begin, end - begin);
    if (word.size() > 1 && word.back() == '.') names.insert(Name::parse(word).lower());
    begin = end + 1;
  }
}

/// A label that sorts right after, or right before, this one: next to the boundaries of NSEC.
std::string neighbour(std::string label, bool after) {
  if (after || label.empty()) return label + std::string(1, '\0');
  label.back() = static_cast<char>(static_cast<unsigned char>(label.back()) - 1);
  return label;
}

}  // namespace

QueryGenerator::QueryGenerator(const ZoneSet& zones, std::uint64_t seed)
    : random_(seed), isSigned_(zones.signing != Signing::None) {
  gatherNames(zones);
}

void QueryGenerator::gatherNames(const ZoneSet& zones) {
  std::set<Name> names;
  for (const ZoneSource& zone : zones.zones) {
    for (const Record& record : zone.records) {
      for (Name name = record.owner.lower(); names.insert(name).second && !name.isRoot();)
        name = name.parent();
      if (record.type != "TXT") addNamesIn(record.rdata, names);
    }
  }
  names_.assign(names.begin(), names.end());
}

Name QueryGenerator::someName() {
  static const std::vector<std::string> kLabels{"a", "b",  "*",    "nonexistent", "www",    "ns1", "ns0",
                                                "0", "zz", "\x7f", "_tcp",        "deeper", "cut", "x"};
  Name name = random_.pick(names_);
  switch (random_.below(10)) {
    case 0:
    case 1:
      name = name.child(random_.pick(kLabels));
      break;
    case 2:
      name = name.child(random_.pick(kLabels)).child(random_.pick(kLabels));
      break;
    case 3:
      if (!name.isRoot()) name = name.parent().child(random_.pick(kLabels));
      break;
    case 4:
      if (!name.isRoot()) name = name.parent().child(neighbour(name.labels().front(), random_.percent(50)));
      break;
    case 5:
      if (random_.percent(20))
        while (name.octets() + 40 <= 255) name = name.child(std::string(30, 'q'));
      break;
    default:
      break;
  }
  if (!name.fits() || (!name.isRoot() && name.labels().front().empty())) name = random_.pick(names_);
  if (random_.percent(25)) {
    std::vector<std::string> labels = name.labels();
    for (std::string& label : labels)
      for (char& c : label)
        if (c >= 'a' && c <= 'z' && random_.percent(50)) c = static_cast<char>(c - ('a' - 'A'));
    name = Name(std::move(labels));
  }
  return name;
}

std::uint16_t QueryGenerator::someType() {
  static const std::vector<std::uint16_t> kOrdinary{
      kTypeA,   kTypeA,      kTypeA,     kTypeAaaa,       kTypeAaaa,  kTypeNs,  kTypeNs,
      kTypeSoa, kTypeCname,  kTypeDname, kTypeMx,         kTypeSrv,   kTypeTxt, kTypeTxt,
      kTypeDs,  kTypeDs,     kTypePtr,   kTypeSvcb,       kTypeHttps, 257,      kTypeNaptr,
      65280,    kTypeDnskey, kTypeNsec,  kTypeNsec3Param, kTypeAny};
  // Types that are no data: zero, OPT, NSEC3 and RRSIG, which have no RRset of their own, meta types, unknown
  // ones.
  static const std::vector<std::uint16_t> kOdd{0,   kTypeOpt, kTypeNsec3, kTypeRrsig, 254, 253,
                                               250, 249,      128,        65535,      1000};
  return random_.percent(4) ? random_.pick(kOdd) : random_.pick(kOrdinary);
}

void QueryGenerator::setEdns(Query& query) {
  if (random_.percent(isSigned_ ? 15 : 35)) return;
  static const std::vector<std::uint16_t> kPayloads{512, 1232, 4096, 4096, 0, 65535, 700};
  Edns edns;
  edns.payload = random_.pick(kPayloads);
  if (random_.percent(isSigned_ ? 80 : 25)) edns.flags = 0x8000;
  if (random_.percent(3)) edns.flags |= static_cast<std::uint16_t>(random_.below(0x8000));
  if (random_.percent(2)) edns.version = static_cast<std::uint8_t>(1 + random_.below(255));
  if (random_.percent(5)) edns.options = std::string("\xfd\xe9\0\3abc", 7);  // 65001, for experiments
  query.edns = edns;
}

void QueryGenerator::setOddities(Query& query) {
  if (!random_.percent(2)) return;
  static const std::vector<std::uint16_t> kClasses{3, 4, 254, 255, 0, 2};
  if (random_.percent(60)) {
    query.qclass = random_.pick(kClasses);
  } else {
    static const std::vector<std::uint8_t> kOpcodes{1, 2, 3, 6, 7, 15};
    query.opcode = random_.pick(kOpcodes);
  }
}

Query QueryGenerator::next() {
  Query query;
  query.name = someName();
  query.type = someType();
  query.rd = random_.percent(30);
  query.cd = random_.percent(10);
  query.ad = random_.percent(10);
  setEdns(query);
  setOddities(query);
  query.tcp = random_.percent(4);
  return query;
}

}  // namespace holdfast::differential
