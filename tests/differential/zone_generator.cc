#include "tests/differential/zone_generator.h"

#include <fmt/format.h>

#include "tests/differential/random.h"
#include "tests/differential/rdata_generator.h"
#include "tests/differential/zone_builder.h"

namespace holdfast::differential {

namespace {

/// Makes one zone; `apexes` are those of all zones of the set, so that aliases and hosts lead into others
/// too.
class ZoneGenerator {
 public:
  ZoneGenerator(Random& random, const Name& apex, const std::vector<Name>& apexes, bool isSigned)
      : isSigned_(isSigned),
        random_(random),
        zone_(apex, static_cast<std::uint32_t>(1 + random.below(1000))),
        apexes_(apexes),
        rdata_(random) {}

  ZoneSource make(bool isDnameApex) {
    makeApex(isDnameApex);
    if (isDnameApex) return zone_.take();
    delegateNestedZones();
    for (unsigned i = 0; i < 4; ++i) makeDelegation();
    for (unsigned i = 0; i < 3; ++i) makeDname();
    for (unsigned i = 0; i < 5; ++i) makeWildcard();
    for (unsigned i = 0; i < 22; ++i) addAny(randomOwner());
    for (unsigned i = 0; i < 4; ++i) makeAliasChain();
    makeSpecials();
    return zone_.take();
  }

 private:
  Name label(std::string_view text) const { return zone_.apex().child(text); }
  std::uint32_t ttl() {
    static const std::vector<std::uint32_t> kTtls{0, 1, 60, 300, 3600, 86400, 604800, 2147483647};
    return random_.pick(kTtls);
  }

  std::string randomLabel() {
    static const std::vector<std::string> kLabels{"a",   "b", "c",   "www", "mail", "x1", "_tcp",
                                                  "ns1", "B", "wWw", "0",   "-",    "zz"};
    static const std::vector<std::string> kOdd{
        std::string("a.b"), std::string("\0", 1), "\xff\x80", "a b", "*a", "**", "a*"};
    // What ldns-signzone does not write as it must be read.
    static const std::vector<std::string> kUnsignable{"\\", "\x1b[31m", "\"q\"", "$", "(", ";"};
    if (random_.percent(4)) return random_.pick(kOdd);
    if (random_.percent(2) && !isSigned_) return random_.pick(kUnsignable);
    if (random_.percent(4)) return "*";
    return random_.pick(kLabels);
  }

  Name randomOwner() {
    Name name = zone_.apex();
    const auto depth = 1 + random_.below(3);
    for (unsigned i = 0; i < depth; ++i) name = name.child(randomLabel());
    return name;
  }

  /// Some host: often one of this zone, sometimes of another, sometimes of none.
  Name someName() {
    if (random_.percent(65) && !owners_.empty()) return random_.pick(owners_);
    if (random_.percent(50)) return random_.pick(apexes_).child(randomLabel());
    if (random_.percent(50)) return Name::parse("host.elsewhere.invalid.");
    return randomOwner();
  }

  bool add(const Name& owner, std::string_view type, const std::string& rdata) {
    const bool added = zone_.add(owner, ttl(), type, rdata);
    if (added) owners_.push_back(owner);
    return added;
  }

  void addAddress(const Name& owner) {
    add(owner, "A", rdata_.make("A", {}));
    if (random_.percent(50)) add(owner, "AAAA", rdata_.make("AAAA", {}));
  }

  void addAny(const Name& owner) {
    const std::string type = rdata_.someType();
    const auto count = 1 + random_.below(3);
    for (unsigned i = 0; i < count; ++i) add(owner, type, rdata_.make(type, someName()));
  }

  void makeApex(bool isDnameApex) {
    const Name& apex = zone_.apex();
    if (isDnameApex) {
      zone_.add(apex, 300, "NS", "ns.elsewhere.invalid.");
      zone_.add(apex, 300, "DNAME", random_.pick(apexes_).text());
      zone_.add(apex, 60, "TXT", "\"beside a DNAME\"");
      return;
    }
    zone_.add(apex, 3600, "NS", label("ns1").text());
    addAddress(label("ns1"));
    if (random_.percent(50)) zone_.add(apex, 3600, "NS", "ns.elsewhere.invalid.");
    // A server in a zone below this one has no address here, and BIND refuses the zone.
    const Name other = random_.pick(apexes_);
    if (random_.percent(50) && !other.isAtOrBelow(apex))
      zone_.add(apex, 3600, "NS", other.child("ns1").text());
    if (random_.percent(50)) add(apex, "MX", "10 " + label("mail").text());
    if (random_.percent(50)) add(apex, "A", rdata_.make("A", {}));
    if (random_.percent(50)) add(apex, "CAA", rdata_.make("CAA", {}));
  }

  /// The cut above each zone of the set that lies directly in this one, most of the time.
  void delegateNestedZones() {
    for (const Name& child : apexes_) {
      if (child == zone_.apex() || !child.isAtOrBelow(zone_.apex()) || random_.percent(10)) continue;
      add(child, "NS", child.child("ns1").text());
      add(child.child("ns1"), "A", "192.0.2.53");
      if (random_.percent(50)) add(child, "DS", rdata_.make("DS", {}));
    }
  }

  void makeDelegation() {
    const Name cut = random_.percent(60) ? label("sub" + std::to_string(cuts_.size())) : randomOwner();
    const auto servers = 1 + random_.below(3);
    for (unsigned i = 0; i < servers; ++i) {
      Name host = someName();
      if (random_.percent(45)) host = cut.child("ns" + std::to_string(i));
      if (random_.percent(20) && !cuts_.empty()) host = random_.pick(cuts_).child("ns0");  // sibling
      add(cut, "NS", host.text());
      if (random_.percent(80) && host.isAtOrBelow(zone_.apex())) addAddress(host);
    }
    if (random_.percent(50)) add(cut, "DS", rdata_.make("DS", {}));
    if (random_.percent(30)) addAny(cut);                                        // occluded at the cut
    if (random_.percent(30)) addAny(cut.child(randomLabel()));                   // and below it
    if (random_.percent(15)) add(cut.child("deeper"), "NS", someName().text());  // a cut below a cut
    cuts_.push_back(cut);
  }

  void makeDname() {
    const Name owner = label("d" + std::to_string(random_.below(5)));
    Name target = someName();
    if (random_.percent(20)) target = label("d" + std::to_string(random_.below(5)));
    if (random_.percent(15)) target = longName(target, 180 + static_cast<unsigned>(random_.below(60)));
    if (random_.percent(8)) target = owner.child("again");
    add(owner, "DNAME", target.text());
    if (random_.percent(40)) addAny(owner);
  }

  void makeWildcard() {
    Name above = random_.percent(70) ? label("w" + std::to_string(random_.below(3))) : randomOwner();
    if (random_.percent(15)) above = above.child("*");
    const Name wildcard = above.child("*");
    if (random_.percent(25)) {
      add(wildcard, "CNAME", someName().text());
    } else {
      addAny(wildcard);
      if (random_.percent(50)) addAny(wildcard);
    }
    if (random_.percent(30)) addAny(above.child("b").child("a"));  // an ENT that the wildcard must not cover
    if (random_.percent(20)) addAny(wildcard.child("below"));      // and one at a wildcard
    if (random_.percent(20)) add(above.child("cut"), "NS", someName().text());
    if (random_.percent(10)) add(wildcard.child("cut"), "NS", someName().text());
  }

  void makeAliasChain() {
    const std::string stem = "chain" + std::to_string(random_.below(3)) + "-";
    const auto length = 1 + random_.below(12);
    for (unsigned i = 0; i < length; ++i)
      add(label(stem + std::to_string(i)), "CNAME", label(stem + std::to_string(i + 1)).text());
    const Name last = label(stem + std::to_string(length));
    if (random_.percent(30)) {
      add(last, "CNAME", label(stem + "0").text());
    } else if (random_.percent(60)) {
      add(last, "CNAME", someName().text());
    } else {
      addAny(last);
    }
  }

  Name longName(const Name& suffix, unsigned octets) {
    Name name = suffix;
    while (name.octets() + 12 < octets)
      name = name.child(std::string(10, static_cast<char>('a' + octets % 26)));
    return name;
  }

  void makeSpecials() {
    // NSD 4.6.1 ends with a signal when it hashes the wildcard below a name that leaves no room for one.
    const unsigned most = isSigned_ ? 240 : 254;
    if (random_.percent(60)) {
      Name deep = zone_.apex();
      while (deep.octets() < most) deep = deep.child("x");
      add(deep, "TXT", "\"as many labels as there can be\"");
    }
    if (random_.percent(60)) {
      Name longest = zone_.apex();
      while (longest.octets() + 64 <= most + 1) longest = longest.child(std::string(63, 'L'));
      if (longest.octets() < most) longest = longest.child(std::string(most - longest.octets(), 'l'));
      addAddress(longest);
    }
    const Name large = label("large");
    const auto count = 5 + random_.below(60);
    for (unsigned i = 0; i < count; ++i)
      zone_.add(large, 60, "TXT", fmt::format("\"{:03}{}\"", i, std::string(80, 't')));
    for (unsigned i = 0; i < count; ++i) zone_.add(large, 60, "A", fmt::format("198.51.100.{}", i));
    for (unsigned i = 0; i < 13 && random_.percent(95); ++i)
      zone_.add(label("manyns"), 60, "NS", label("manyns").child(fmt::format("server-{}", i)).text());
    for (unsigned i = 0; i < 13; ++i)
      zone_.add(label("manyns").child(fmt::format("server-{}", i)), 60, "AAAA",
                fmt::format("2001:db8::{:x}", i));
    owners_.push_back(large);
    owners_.push_back(label("manyns"));
  }

  const bool isSigned_;
  Random& random_;
  ZoneBuilder zone_;
  const std::vector<Name>& apexes_;
  RdataGenerator rdata_;
  std::vector<Name> owners_, cuts_;
};

}  // namespace

ZoneSet generateZones(std::uint64_t seed, unsigned number, Signing signing) {
  Random random(seed * 1000003 + number);
  ZoneSet set;
  set.label = fmt::format("zone set {} of seed {}, {}", number, seed, textOf(signing));
  set.signing = signing;
  const Name top = Name::parse(fmt::format("set{}.example.", number));
  std::vector<Name> apexes{top, top.child("child"), Name::parse(fmt::format("other{}.test.", number)),
                           Name::parse(fmt::format("Mixed{}.Case.test.", number)),
                           Name::parse(fmt::format("dname{}.test.", number))};
  if (random.percent(50)) apexes.push_back(top.child("child").child("grand"));
  if (random.percent(30)) apexes.push_back(top.child("between").child("undelegated"));
  for (const Name& apex : apexes)
    set.zones.push_back(
        ZoneGenerator(random, apex, apexes, signing != Signing::None).make(apex == apexes[4]));
  return set;
}

}  // namespace holdfast::differential
