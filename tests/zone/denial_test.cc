#include "zone/denial.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/zone/fixtures.h"

namespace holdfast::test {

namespace {

std::string keyText(std::string_view owner, std::string_view apex) {
  const Name ownerName = name(owner);
  const Name apexName = name(apex);
  const CanonicalKey key(ownerName, apexName);
  return {reinterpret_cast<const char*>(key.octets().data()), key.octets().size()};
}

std::string hashText(std::string_view owner, const Nsec3Parameters& parameters) {
  std::array<std::uint8_t, kNsec3LabelOctets> label;
  toBase32Hex(hashNsec3(name(owner), parameters), label);
  return {label.begin(), label.end()};
}

RRset nsecOf(std::string_view rdata) {
  return {RRType::NSEC, 60, 0, {std::string(rdata)}, {}};
}

std::string ownerOf(const DenialLink& link) {
  return link ? toText(link.node.name()) : "none";
}

}  // namespace

TEST_CASE("RFC 4034 section 6.1: keys order as names do") {
  // The list of the RFC, in its order.
  const char* const ordered[] = {"example.",         "a.example.",      "yljkjljk.a.example.",
                                 "z.a.example.",     "zabc.a.example.", "z.example.",
                                 "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
  for (std::size_t i = 0; i + 1 < std::size(ordered); ++i) {
    INFO(ordered[i] << " before " << ordered[i + 1]);
    CHECK(keyText(ordered[i], ".") < keyText(ordered[i + 1], "."));
    CHECK(keyText(ordered[i], "example.") < keyText(ordered[i + 1], "example."));
  }
}

TEST_CASE("a key of any octets orders as its name and gives it back") {
  std::mt19937 random(20261121);
  const Name apex = name("example.");
  std::vector<Name> names;
  for (int i = 0; i < 400; ++i) {
    Name owner = apex;
    for (unsigned labels = std::uniform_int_distribution<unsigned>(0, 5)(random); labels > 0; --labels) {
      std::string label(std::uniform_int_distribution<std::size_t>(1, 20)(random), ' ');
      // Mostly the octets that the key escapes or orders by.
      for (char& c : label)
        c = static_cast<char>("\0\1\2a\377"[std::uniform_int_distribution<unsigned>(0, 4)(random)]);
      owner = *owner.child(label);
    }
    names.push_back(owner);
  }
  for (const Name& a : names) {
    const CanonicalKey keyOfA(a, apex);
    std::array<std::uint8_t, kMaxNameOctets> buffer;
    const NameView back = CanonicalKey::toName(keyOfA.octets(), apex, buffer);
    REQUIRE(back);
    CHECK(back == a.view());
    for (const Name& b : names) {
      const CanonicalKey keyOfB(b, apex);
      const bool isBefore = std::ranges::lexicographical_compare(keyOfA.octets(), keyOfB.octets());
      if (isBefore != (a < b)) FAIL(a.text() + " against " + b.text());
    }
  }
}

TEST_CASE("RFC 5155 appendix A: hashes of names") {
  const Nsec3Parameters parameters{12, "\xaa\xbb\xcc\xdd"};
  CHECK(hashText("example", parameters) == "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
  CHECK(hashText("a.example", parameters) == "35mthgpgcu1qg68fab165klnsnk3dpvl");
  CHECK(hashText("ns1.example", parameters) == "2t7b4g4vsa5smi47k61mv5bv1a22bojr");
  CHECK(hashText("x.y.w.example", parameters) == "2vptu5timamqttgl4luu9kg21e0aor3s");
  CHECK(hashText("*.w.example", parameters) == "r53bq7cc2uvmubfu5ocmm6pers9tk9en");
  std::array<std::uint8_t, kNsec3HashOctets> hash;
  const std::string label = "r53bq7cc2uvmubfu5ocmm6pers9tk9en";
  REQUIRE(fromBase32Hex({reinterpret_cast<const std::uint8_t*>(label.data()), label.size()}, hash));
  CHECK(hash == hashNsec3(name("*.w.example"), parameters));
}

TEST_CASE("the chain follows deltas as if it had been made anew") {
  auto zone = zoneOf("example.", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n");
  CHECK_FALSE(zone->denial().isUsable());
  std::mt19937 random(7);
  std::set<Name> owners;
  for (int round = 0; round < 200; ++round) {
    ZoneEdit edit(*zone);
    for (int i = 0; i < (round % 40 == 0 ? 100 : 2); ++i) {
      const Name owner =
          name("n" + std::to_string(std::uniform_int_distribution<int>(0, 400)(random)) + ".example.");
      if (std::uniform_int_distribution<int>(0, 2)(random) == 0) {
        edit.removeRRset(owner, RRType::NSEC);
        owners.erase(owner);
      } else {
        edit.setRRset(owner, nsecOf(std::string("\0\0\1\x40", 4)));
        owners.insert(owner);
      }
    }
    zone = edit.finish(static_cast<Generation>(round) + 2, 1, {});
    REQUIRE(zone->denial().keys().size() == owners.size());
    const Name asked =
        name("n" + std::to_string(std::uniform_int_distribution<int>(0, 400)(random)) + "x.example.");
    if (owners.empty()) continue;
    const auto above = owners.upper_bound(asked);
    const Name& expected = above == owners.begin() ? *owners.rbegin() : *std::prev(above);
    REQUIRE(ownerOf(findNsec(*zone, asked)) == expected.text());
  }
}

TEST_CASE("a zone that changes from NSEC to NSEC3 denies by the new chain alone") {
  const std::string unsignedZone = "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";
  auto zone = zoneOf("example.", unsignedZone + "@ 60 IN NSEC ns NS SOA NSEC\nns 60 IN NSEC @ A NSEC\n");
  CHECK(ownerOf(findNsec(*zone, name("m.example."))) == "example.");
  CHECK(ownerOf(findNsec(*zone, name("z.example."))) == "ns.example.");
  CHECK(findNsec(*zone, name("ns.example.")).matches);
  CHECK_FALSE(findNsec(*zone, name("z.example.")).matches);

  // Two hashed names and one of another chain, which must not count.
  zone = zoneOf("example.", unsignedZone + R"(
@ 60 IN NSEC3PARAM 1 0 12 aabbccdd
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA
2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 IN NSEC3 1 0 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A
1t7b4g4vsa5smi47k61mv5bv1a22bojr 60 IN NSEC3 1 0 1 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A
)");
  REQUIRE(zone->denial().nsec3());
  CHECK(zone->denial().keys().size() == 2);
  CHECK_FALSE(findNsec(*zone, name("m.example.")));
  const DenialLink apex = findNsec3(*zone, name("example."));
  CHECK(apex.matches);
  CHECK(ownerOf(apex) == "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.");
  // Hashes to 35mthg…, above both: the ring closes at the last.
  const DenialLink covering = findNsec3(*zone, name("a.example."));
  CHECK_FALSE(covering.matches);
  CHECK(ownerOf(covering) == "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.");
}

TEST_CASE("RFC 5155 section 7.2.8: the owner of an NSEC3 alone does not exist as a name") {
  const auto zone = zoneOf("example.", R"(
@ 60 IN SOA ns a 1 2 3 4 5
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
@ 60 IN NSEC3PARAM 1 0 0 -
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA
2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 IN NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A
2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 IN A 192.0.2.2
)");
  const Name hidden = name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.");
  const Name real = name("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.");
  CHECK(lookup(*zone, HashedName(hidden), RRType::A).found == Found::NxDomain);
  CHECK(lookup(*zone, HashedName(hidden), RRType::NSEC3).found == Found::NxDomain);
  const Name below = *hidden.child("x");
  CHECK(lookup(*zone, HashedName(below), RRType::A).encloser.name() == name("example.").view());
  CHECK(lookup(*zone, HashedName(real), RRType::A).found == Found::Data);
}

}  // namespace holdfast::test
