// The file of an image alone: what it gives back, and that no damage is taken for a zone.
#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "tests/zone/fixtures.h"
#include "zone/name_table_image.h"
#include "zone/zone_image.h"
#include "zone/zone_image_format.h"

namespace holdfast::test {

namespace {

const std::string kSealOfTest(32, '\x42');

/// Endpoints with all that a zone can have beside: aliases, a wildcard, a cut, empty non-terminals.
std::string recordsOf(unsigned owners) {
  std::string text = "@ 60 IN SOA ns a 1 2 3 4 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";
  for (unsigned i = 0; i < owners; ++i) {
    const std::string owner = "ep" + std::to_string(i) + ".svc" + std::to_string(i % 7);
    text += owner + " 5 IN A 192.0.2." + std::to_string(i % 250) + "\n";
    if (i % 4 == 0) text += owner + " 5 IN AAAA 2001:db8::" + std::to_string(i % 1000) + "\n";
    if (i % 5 == 0) text += "alias" + std::to_string(i) + " 5 IN CNAME " + owner + "\n";
  }
  return text + "*.wild 5 IN A 192.0.2.9\nold 5 IN DNAME svc1\ncut 5 IN NS ns.elsewhere.\n";
}

std::string chainOf(unsigned owners) {
  std::string text;
  for (unsigned i = 0; i < owners; ++i)
    text += "ep" + std::to_string(i) + ".svc" + std::to_string(i % 7) + " 60 IN NSEC @ A NSEC\n";
  return text + "@ 60 IN NSEC ep0.svc0 SOA NS NSEC\n";
}

struct Fixture {
  TemporaryDirectory directory;
  std::string file = directory.path() + "/example.image";

  std::uint64_t write(const Zone& zone) const {
    const auto written = ZoneImage::write(file, zone, kSealOfTest, 0);
    REQUIRE(written);
    return *written;
  }
  /// None, or why not.
  Result<std::shared_ptr<const Zone>> read() const {
    const Result<ZoneImage> image = ZoneImage::open(file, name("example."));
    if (!image) return image.error();
    return image->load(WallTime(std::chrono::seconds(7)));
  }
  std::string octets() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& octets) const {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << octets;
  }
};

void checkSame(const Zone& before, const Zone& after) {
  CHECK(after.names().size() == before.names().size());
  CHECK(NameTable::differences(before.names(), after.names(), [](NodeView, NodeView) { return false; }));
  before.names().forEach([&](NodeView node) {
    CHECK(after.find(node.name()).bytes().size() == node.bytes().size());
    return true;
  });
  CHECK(after.generation() == before.generation());
  CHECK(after.serial() == before.serial());
  CHECK(after.committedAt() == before.committedAt());
  for (const auto fact :
       {&ZoneFacts::records, &ZoneFacts::endpoints, &ZoneFacts::cuts, &ZoneFacts::dnames, &ZoneFacts::cnames,
        &ZoneFacts::wildcards, &ZoneFacts::addressNames, &ZoneFacts::targets, &ZoneFacts::weight})
    CHECK(after.facts().*fact == before.facts().*fact);
  CHECK(keysIn(after.aliases().keys()) == keysIn(before.aliases().keys()));
  CHECK(keysIn(after.denial().keys()) == keysIn(before.denial().keys()));
  CHECK(after.denial().nsec3() == before.denial().nsec3());
}

}  // namespace

TEST_CASE_METHOD(Fixture, "image: a zone comes back as it was, of whatever size") {
  for (const unsigned owners : {0u, 1u, 100u, 3000u, 20000u}) {
    INFO(owners << " owners");
    const auto zone = zoneOf("example.", recordsOf(owners));
    const std::uint64_t octets = write(*zone);
    CHECK(octets == std::filesystem::file_size(file));
    CHECK_FALSE(std::filesystem::exists(file + ".new"));
    const auto again = read();
    REQUIRE(again);
    checkSame(*zone, **again);
    CHECK((*again)->firstCommittedAt() == WallTime(std::chrono::seconds(7)));
  }
}

TEST_CASE_METHOD(Fixture, "image: the chain of a signed zone comes back") {
  const auto nsec = zoneOf("example.", recordsOf(500) + chainOf(500));
  REQUIRE(nsec->denial().isUsable());
  write(*nsec);
  const auto again = read();
  REQUIRE(again);
  checkSame(*nsec, **again);
  const auto nsec3 = zoneOf("example.", recordsOf(10) +
                                            "@ 60 IN NSEC3PARAM 1 0 0 -\n"
                                            "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 0 - "
                                            "2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n");
  REQUIRE(nsec3->denial().nsec3());
  REQUIRE(nsec3->denial().isUsable());
  write(*nsec3);
  const auto same = read();
  REQUIRE(same);
  checkSame(*nsec3, **same);
}

TEST_CASE_METHOD(Fixture, "image: a table from one can be edited, and outlives it, as any other") {
  const auto zone = zoneOf("example.", recordsOf(3000));
  write(*zone);
  std::shared_ptr<const Zone> next;
  {
    auto read = Fixture::read();
    REQUIRE(read);
    ZoneEdit edit(**read);
    for (unsigned i = 0; i < 3000; i += 2)
      edit.removeName(name("ep" + std::to_string(i) + ".svc" + std::to_string(i % 7) + ".example."));
    next = edit.finish(2, 2, WallTime{});
  }
  CHECK_FALSE(next->find(name("ep2.svc2.example.")));
  CHECK(next->find(name("ep3.svc3.example.")));
  ZoneEdit back(*next);
  zone->names().forEach([&](NodeView node) {
    back.setRRsets(node.name(), ownedRRsets(node));
    return true;
  });
  const auto restored = back.finish(1, 1, WallTime{});
  CHECK(NameTable::differences(zone->names(), restored->names(), [](NodeView, NodeView) { return false; }));
}

TEST_CASE_METHOD(Fixture, "image: damage of any octet, and any cut, is an error") {
  write(*zoneOf("example.", recordsOf(60)));
  const std::string whole = octets();
  REQUIRE(read());
  std::size_t taken = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    put(damaged);
    taken += read() ? 1 : 0;
  }
  CHECK(taken == 0);
  for (std::size_t size = 0; size < whole.size(); size += size < 4000 ? 97 : 1) {
    put(whole.substr(0, size));
    taken += read() ? 1 : 0;
  }
  CHECK(taken == 0);
  put(whole + '\0');
  CHECK_FALSE(read());
  put(whole);
  CHECK(read());
  CHECK_FALSE(ZoneImage::open(file, name("other.")));
  const auto missing = ZoneImage::open(file + "s", name("example."));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::NotFound);
}

TEST_CASE_METHOD(Fixture, "image: one of another layout, or of other hashes, is refused though it is whole") {
  write(*zoneOf("example.", recordsOf(60)));
  const std::string whole = octets();
  constexpr std::size_t kMagic =
      4;  // behind it: the order of octets, the layout of buckets, the hash of names
  for (const std::size_t field : {0u, 1u, 9u}) {
    std::string head = whole.substr(0, image_format::kHead - image_format::kChecksum);
    head[kMagic + field] = static_cast<char>(head[kMagic + field] ^ 1);
    put(head + checksumOf(head) + whole.substr(image_format::kHead));
    const auto refused = ZoneImage::open(file, name("example."));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what == "is of a holdfastd or a machine that lays names out otherwise");
  }
  put(whole);
  CHECK(read());
}

TEST_CASE("image: names hash as they did when images were written") {
  CHECK(nameHashCheck() == 0x1b5075f6ad44b8dfu);  // another xxHash, or another way to use it, is to show here
}

TEST_CASE("image: no octets of a bucket let names be read outside of it") {
  const auto zone = zoneOf("example.", recordsOf(200));
  std::mt19937 random(7);
  std::size_t refused = 0, accepted = 0, octetsSeen = 0;
  NameTableBuckets(zone->names()).forEach([&](std::uint32_t, std::span<const std::uint8_t> octets) {
    for (int round = 0; round < 200; ++round) {
      // Of its own, so that a sanitizer sees what is read behind the end.
      std::vector<std::uint8_t> damaged(octets.begin(), octets.end());
      for (int i = 0; i < 3; ++i)
        damaged[random() % std::min<std::size_t>(damaged.size(), 200)] = static_cast<std::uint8_t>(random());
      if (round % 3 == 0) damaged.resize(random() % damaged.size());
      NameTableLoader loader(0);
      const std::size_t names = loader.put(0, damaged);
      ++(names == 0 ? refused : accepted);
      if (names == 0) continue;
      const NameTable table = loader.finish(names);
      std::size_t seen = 0;
      table.forEach([&](NodeView node) {
        octetsSeen += node.name().bytes().back() + node.bytes().back();
        ++seen;
        return true;
      });
      CHECK(seen == names);
      CHECK_FALSE(table.find(1, name("nowhere.example.")));
    }
    return true;
  });
  CHECK(refused > 1000);
  CHECK(accepted > 100);
  CHECK(octetsSeen > 0);
}

TEST_CASE_METHOD(Fixture, "image: a disk that is full, or would be, leaves what was there") {
  const auto zone = zoneOf("example.", recordsOf(60));
  write(*zone);
  const std::string whole = octets();
  const auto reserved = ZoneImage::write(file, *zone, kSealOfTest, 1ull << 62);
  REQUIRE_FALSE(reserved);
  CHECK(reserved.error().text().find("image.disk-reserve") != std::string::npos);
  CHECK(octets() == whole);
  CHECK_FALSE(std::filesystem::exists(file + ".new"));
  std::filesystem::create_symlink("/dev/full", file + ".new");
  const auto full = ZoneImage::write(file, *zone, kSealOfTest, 0);
  REQUIRE_FALSE(full);
  CHECK(full.error().text().find("No space left") != std::string::npos);
  CHECK(octets() == whole);
  CHECK(read());
}

}  // namespace holdfast::test
