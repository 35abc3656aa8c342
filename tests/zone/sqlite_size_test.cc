// What a large zone takes in the store, and how long a start takes. Not run by default, for it takes a minute
// and some gigabytes: zone_tests '[large]'
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <random>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Four targets with an address out of a /8, a weight and an id as a cloud gives them.
RRset targets(std::mt19937& random) {
  RRset rrset;
  rrset.type = RRType::A;
  rrset.ttl = 5;
  for (int i = 0; i < 4; ++i) {
    std::string address("\x0a", 1);
    for (int octet = 0; octet < 3; ++octet) address += static_cast<char>(random() & 0xff);
    rrset.rdata.push_back(address);
    Target target;
    target.weight = static_cast<std::uint32_t>(1 + random() % 200);
    target.id = "lb-" + std::to_string(random() % 10'000'000);
    rrset.targets.push_back(target);
  }
  return rrset;
}

Name endpoint(std::size_t i) {
  return name("service-" + std::to_string(i) + ".us-east-1.example.");
}

RRset soa(Generation generation) {
  RRset rrset;
  rrset.type = RRType::SOA;
  rrset.ttl = 60;
  std::string rdata(
      "\x02ns\x07"
      "example\x00\x04host\x07"
      "example\x00",
      26);
  for (int shift = 24; shift >= 0; shift -= 8) rdata += static_cast<char>(generation >> shift & 0xff);
  rrset.rdata.push_back(rdata + std::string("\0\0\x0e\x10\0\0\x03\x84\0\x09\x3a\x80\0\0\0\x3c", 16));
  return rrset;
}

HistoryEntry line(Generation generation) {
  HistoryEntry entry;
  entry.fate = Fate::Committed;
  entry.generation = generation;
  entry.base = generation - 1;
  entry.serial = static_cast<std::uint32_t>(generation);
  entry.kind = generation == 1 ? PlanKind::Full : PlanKind::Delta;
  entry.source = "planner-a";
  entry.who = "enactor watch:/etc/holdfast/plans";
  entry.digest = std::string(60, 'a') + std::to_string(1000 + generation % 9000);
  for (char& c : entry.digest)
    c = "0123456789abcdef"[(static_cast<std::size_t>(c) * generation * 2654435761u >> 7) % 16];
  entry.at = WallTime(std::chrono::seconds(1'800'000'000 + generation));
  entry.namesChanged = 1;
  return entry;
}

std::uint64_t octetsOf(PlanStore& store) {
  REQUIRE(store.maintain());
  const StoreStats stats = store.stats();
  return stats.octets - stats.walOctets;
}

}  // namespace

TEST_CASE("1,000 one-endpoint changes to a zone of a million endpoints add less than 1 % to the store",
          "[.][large]") {
  constexpr std::size_t kEndpoints = 1'000'000;
  constexpr Generation kChanges = 1000;
  const test::TemporaryDirectory directory;
  const Name apex = name("us-east-1.example.");
  std::mt19937 random(1);
  auto store = openSqliteStore(directory.path());
  REQUIRE(store);
  StoredZone zone;
  zone.apex = apex;
  HistoryEntry added;
  added.fate = Fate::ZoneAdded;
  REQUIRE((*store)->putZone(zone, added));
  std::shared_ptr<const Zone> current = std::make_shared<Zone>(apex);
  const auto commit = [&](std::shared_ptr<const Zone> next) {
    const HistoryEntry entry = line(next->generation());
    const std::array<ZoneCommit, 1> commits{{{entry, *current, next}}};
    const Status done = (*store)->commit(commits);
    if (!done) FAIL(done.error().text());
    current = std::move(next);
  };
  {
    ZoneEdit edit(*current);
    edit.setRRset(apex, soa(1));
    for (std::size_t i = 0; i < kEndpoints; ++i) edit.setRRset(endpoint(i), targets(random));
    auto first = edit.finish(1, 1, WallTime{});
    const auto begun = Clock::now();
    commit(std::move(first));
    std::cout << "first commit of " << kEndpoints << " endpoints: " << secondsSince(begun) << " s\n";
  }
  const std::uint64_t before = octetsOf(**store);
  const auto begun = Clock::now();
  double slowest = 0;
  for (Generation generation = 2; generation <= kChanges + 1; ++generation) {
    ZoneEdit edit(*current);
    edit.setRRset(apex, soa(generation));
    const Name owner = endpoint(random() % kEndpoints);
    RRset changed;
    for (const RRsetView rrset : current->find(owner)) changed = rrset.toOwned();
    RRset other = targets(random);  // one target of four is another
    changed.rdata[0] = other.rdata[0];
    changed.targets[0] = other.targets[0];
    edit.setRRset(owner, changed);
    auto next = edit.finish(generation, static_cast<std::uint32_t>(generation), WallTime{});
    const auto one = Clock::now();
    commit(std::move(next));
    slowest = std::max(slowest, secondsSince(one));
  }
  std::cout << kChanges << " commits of one endpoint: " << secondsSince(begun) << " s, the slowest "
            << slowest << " s\n";
  const std::uint64_t after = octetsOf(**store);
  const double percent = 100.0 * static_cast<double>(after - before) / static_cast<double>(before);
  std::cout << "store: " << before << " octets, then " << after << ": " << (after - before) / kChanges
            << " octets a change, " << percent << " % for " << kChanges << "; log "
            << (*store)->stats().walOctets << " octets, 16 MiB at most once copied back\n";
  CHECK(percent < 1.0);
  const auto verified = Clock::now();
  CHECK((*store)->verify(apex)->whole());
  std::cout << "verify: " << secondsSince(verified) << " s\n";
  const auto promoted = Clock::now();
  CHECK((*store)->promote(current, 3));
  std::cout << "promote: " << secondsSince(promoted) << " s\n";
  current.reset();
  store = Error{};
  const auto opened = Clock::now();
  store = openSqliteStore(directory.path());
  REQUIRE(store);
  REQUIRE((*store)->zones());
  std::cout << "open, structure checked: " << secondsSince(opened) << " s\n";
  const auto checkpoint = Clock::now();
  REQUIRE((*store)->content(apex, 1));
  const double whole = secondsSince(checkpoint);
  const auto replayed = Clock::now();
  REQUIRE((*store)->content(apex, kChanges + 1));
  std::cout << "read: " << whole << " s for the whole content, " << secondsSince(replayed)
            << " s with the changes since\n";
}

namespace {

/// The line of a commit without content, as cheap to write as can be: how long a history is matters here.
void appendCommits(const std::string& directory, Generation from, Generation to) {
  sqlite3* raw = nullptr;
  REQUIRE(sqlite3_open((directory + "/plans.db").c_str(), &raw) == SQLITE_OK);
  const std::string sql =
      "BEGIN; WITH RECURSIVE n(g) AS (SELECT " + std::to_string(from) +
      " UNION ALL SELECT g + 1 FROM n WHERE g < " + std::to_string(to) +
      ") INSERT INTO entries SELECT g + 10, e.zone, 1, g, g - 1, g, 1, " +
      std::to_string(std::int64_t{1'800'000'000'000'000}) +
      " + g, 0, 0, 0, 1, g - 1, e.source, e.who, NULL, randomblob(32), NULL, NULL, NULL, randomblob(32), "
      "e.sha256, e.body FROM n, (SELECT * FROM entries WHERE generation = 2) e; "
      "UPDATE zones SET entries = (SELECT count(*) FROM entries), head = (SELECT max(id) FROM entries), "
      "fence = " +
      std::to_string(to) + ", committed = " + std::to_string(to) + "; COMMIT";
  CHECK(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(raw);
}

void print(const char* what, Clock::time_point begun) {
  std::cout << what << ": " << 1000 * secondsSince(begun) << " ms\n";
}

}  // namespace

TEST_CASE("what upkeep and a start take with a history of a million commits", "[.][large]") {
  constexpr Generation kCommits = 1'000'000;
  const test::TemporaryDirectory directory;
  const Name apex = name("example.");
  const WallTime now(std::chrono::microseconds(1'800'000'002'000'000));
  {
    auto store = openSqliteStore(directory.path());
    REQUIRE(store);
    StoredZone zone;
    zone.apex = apex;
    HistoryEntry added;
    added.fate = Fate::ZoneAdded;
    REQUIRE((*store)->putZone(zone, added));
    std::shared_ptr<const Zone> before = std::make_shared<Zone>(apex);
    for (Generation generation = 1; generation <= 2; ++generation) {
      ZoneEdit edit(*before);
      edit.setRRset(apex, soa(generation));
      auto after = edit.finish(generation, 1, WallTime{});
      const HistoryEntry entry = line(generation);
      const std::array<ZoneCommit, 1> commits{{{entry, *before, after}}};
      REQUIRE((*store)->commit(commits));
      before = after;
    }
  }
  appendCommits(directory.path(), 3, kCommits);
  auto begun = Clock::now();
  auto store = openSqliteStore(directory.path());
  REQUIRE(store);
  print("open", begun);
  begun = Clock::now();
  REQUIRE((*store)->zones());
  print("zones, with what the history tells of them", begun);
  begun = Clock::now();
  REQUIRE((*store)->replay(apex, now, [](auto&&...) {}));
  print("replay of a window without commits", begun);
  const Retention retention;  // all are rebuilt from the first
  begun = Clock::now();
  const auto chosen = (*store)->chooseCleanUp(apex, retention, {}, now);
  REQUIRE(chosen);
  print("clean-up with nothing to remove, outside of the section", begun);
  CHECK_FALSE(*chosen);
  const WallTime later = now + std::chrono::hours(24 * 365);
  const Retention shorter{1000, std::chrono::hours(1), 0};
  begun = Clock::now();
  REQUIRE((*store)->chooseCleanUp(apex, shorter, {}, later));
  print("choosing what to remove, outside of the section", begun);
  begun = Clock::now();
  REQUIRE((*store)->cleanUp(apex, shorter, {}, later));
  print("removing it, in the section", begun);
  begun = Clock::now();
  REQUIRE((*store)->maintain());
  print("upkeep with the check of all pages", begun);
}
