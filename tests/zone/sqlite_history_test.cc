// The history: sealed, kept as long as configured, readable by older and newer stores.
#include <sqlite3.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/zone/fixtures.h"
#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::meddle;
using holdfast::test::name;

namespace {

const Name kApex = name("example.");

std::string plan(Generation generation, const std::string& more = "") {
  return R"({"plan": 1, "generation": )" + std::to_string(generation) + more +
         R"(, "endpoints": {"a": {"targets": [{"address": "192.0.2.)" + std::to_string(generation % 250) +
         R"("}]}, "b": {"targets": [{"address": "198.51.100.1"}]}}, "records": ["@ 60 IN NS ns."]})";
}

std::int64_t numberIn(const std::string& directory, const std::string& sql) {
  sqlite3* raw = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::int64_t number = -1;
  if (sqlite3_open((directory + "/plans.db").c_str(), &raw) == SQLITE_OK &&
      sqlite3_prepare_v2(raw, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    number = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(raw);
  return number;
}

struct Fixture {
  test::TemporaryDirectory directory;
  test::Server server{directory.path()};
  Fixture() { REQUIRE(server.publisher().addZone(kApex, {"tester"})); }
  void publish(Generation from, Generation to) {
    for (Generation generation = from; generation <= to; ++generation) {
      server.now += 1'000'000;
      REQUIRE(server.push("example.", plan(generation)).kind == Outcome::Kind::Published);
    }
  }
  SealReport verify() {
    const Result<SealReport> report = server.publisher().verify(kApex);
    REQUIRE(report);
    return *report;
  }
  TendReport tend(std::uint64_t commits, std::chrono::seconds age, std::uint64_t others = 10'000) {
    Keeping keeping;
    keeping.history = {commits, age, others};
    TendReport report = server.publisher().tend(keeping);
    for (const Error& problem : report.problems) FAIL_CHECK(problem.text());
    return report;
  }
  bool has(Generation generation) { return static_cast<bool>(server.publisher().content(kApex, generation)); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "seals: a history as it was written verifies, across restarts") {
  publish(1, 5);
  server.push("example.", plan(2));
  REQUIRE(server.publisher().setFrozen(kApex, "night", {"uid 7"}));
  REQUIRE(server.publisher().setFrozen(kApex, std::nullopt, {"uid 8"}, "morning"));
  server.restart();
  publish(6, 7);
  const SealReport report = verify();
  CHECK(report.whole());
  CHECK(report.entries == 11);
  CHECK(report.head.size() == 32);
  CHECK(server.publisher().status(kApex)->seal == report.head);
  const auto history = server.publisher().history(kApex, 20, 0);
  REQUIRE(history);
  CHECK((*history)[0].seal == report.head);
  CHECK((*history)[2].fate == Fate::Thawed);
  CHECK((*history)[2].who == "uid 8");
  CHECK((*history)[2].reason == "morning");
  CHECK((*history)[3].fate == Fate::Frozen);
  CHECK((*history)[3].reason == "night");
  CHECK(history->back().fate == Fate::ZoneAdded);
  CHECK(history->back().who == "tester");
}

TEST_CASE_METHOD(Fixture, "seals: every way of meddling shows, with the line") {
  publish(1, 6);
  server.push("example.", plan(2));
  REQUIRE(verify().whole());
  struct Meddling {
    const char* sql;
    std::int64_t broken;
  };
  const auto [sql, broken] = GENERATE(
      Meddling{"UPDATE entries SET reason = 'harmless' WHERE id = 4", 4},
      Meddling{"UPDATE entries SET at = at + 1 WHERE id = 3", 3},
      Meddling{"UPDATE entries SET who = (SELECT id FROM texts WHERE text = 'tester') WHERE id = 4", 4},
      Meddling{"UPDATE texts SET text = 'somebody' WHERE text = 'tester'", 1},
      Meddling{"UPDATE entries SET reasons = NULL WHERE id = 8", 8},
      Meddling{"UPDATE entries SET body = (SELECT body FROM entries WHERE id = 3) WHERE id = 4", 4},
      Meddling{"UPDATE entries SET body = (SELECT body FROM entries WHERE id = 3), "
               "sha256 = (SELECT sha256 FROM entries WHERE id = 3) WHERE id = 4",
               4},
      Meddling{"DELETE FROM entries WHERE id = 5", 6}, Meddling{"DELETE FROM entries WHERE id = 1", 2},
      Meddling{"DELETE FROM entries WHERE id = 8", 7}, Meddling{"DELETE FROM entries WHERE id > 4", 4},
      Meddling{"DELETE FROM entries WHERE id > 4; UPDATE zones SET entries = 4", 4},
      Meddling{"UPDATE entries SET id = 100 WHERE id = 4; UPDATE entries SET id = 4 WHERE id = 5; "
               "UPDATE entries SET id = 5 WHERE id = 100",
               4},
      Meddling{
          "INSERT INTO entries SELECT 50, zone, fate, 50, base, serial, kind, at, restored, added, removed, "
          "changed, previous, source, who, reason, digest, reasons, overridden, quarantined, seal, NULL, "
          "NULL FROM entries WHERE id = 7",
          50},
      Meddling{"DELETE FROM entries WHERE id = 5; INSERT INTO anchors SELECT zone, 5, 1, seal FROM entries "
               "WHERE id = 4",
               6},
      Meddling{"INSERT INTO anchors SELECT zone, 5, 1, seal FROM entries WHERE id = 5; "
               "DELETE FROM entries WHERE id = 5; UPDATE zones SET entries = entries - 1",
               0});
  INFO(sql);
  REQUIRE(meddle(directory.path(), sql));
  const SealReport report = verify();
  CHECK_FALSE(report.whole());
  CHECK(report.broken == broken);
}

TEST_CASE_METHOD(Fixture, "I5: retention goes by count and age together, and what stays can be read") {
  // A zone that was added anew begins with a whole content: nothing after it needs what was before.
  publish(1, 15);
  REQUIRE(server.publisher().removeZone(kApex, "moved", false));
  REQUIRE(server.publisher().addZone(kApex));
  publish(16, 30);
  // Young: nothing goes, however many there are.
  CHECK(tend(5, std::chrono::hours(1)).commits == 0);
  // A clock that jumps ahead deletes nothing within the count.
  server.now += std::int64_t{365 * 86'400} * 1'000'000;
  CHECK(tend(30, std::chrono::hours(1)).commits == 0);
  CHECK(tend(20, std::chrono::hours(1)).commits == 0);  // 11 to 15 need 1, and what is between
  // And one that jumps back deletes nothing at all.
  server.now -= std::int64_t{2 * 365 * 86'400} * 1'000'000;
  CHECK(tend(5, std::chrono::hours(1)).commits == 0);
  server.now += std::int64_t{2 * 365 * 86'400} * 1'000'000;
  for (Generation generation = 1; generation <= 30; ++generation) CHECK(has(generation));
  CHECK(tend(5, std::chrono::hours(1)).commits == 15);
  CHECK_FALSE(has(15));
  for (Generation generation = 16; generation <= 30; ++generation) CHECK(has(generation));
  CHECK(verify().whole());
  server.restart();
  CHECK(server.served("example.") == 30);
}

TEST_CASE_METHOD(Fixture,
                 "I5: nothing that is reachable goes: bases, last-known-good, what they are made from") {
  // A full plan in between, after a removal, is a whole content that later ones are rebuilt from.
  publish(1, 10);
  REQUIRE(server.publisher().removeZone(kApex, "moved", false));
  REQUIRE(server.publisher().addZone(kApex));
  publish(11, 12);
  Keeping keeping;
  keeping.history = {1000, std::chrono::seconds(0), 10'000};
  keeping.goodAfter = std::chrono::milliseconds(0);
  REQUIRE(server.publisher().tend(keeping).promoted.size() == 1);  // 12
  publish(13, 20);
  REQUIRE(server.publisher().removeZone(kApex, "moved", false));  // forgets what was good of it
  REQUIRE(server.publisher().addZone(kApex));
  publish(21, 23);
  REQUIRE(server.publisher().tend(keeping).promoted.size() == 1);  // 23
  publish(24, 30);
  REQUIRE(server.publisher().removeZone(kApex, "moved", false));
  REQUIRE(server.publisher().addZone(kApex));
  publish(31, 40);
  const TendReport report = tend(3, std::chrono::seconds(0));
  CHECK(report.commits == 30);  // those before the third removal; 31 to 40 hang together
  for (Generation generation = 1; generation <= 30; ++generation) CHECK_FALSE(has(generation));
  for (Generation generation = 31; generation <= 40; ++generation) CHECK(has(generation));
  const SealReport seals = verify();
  CHECK(seals.whole());
  CHECK(seals.cleanedUp == 30);
  // The anchors are vouched for: another one does not pass.
  REQUIRE(meddle(directory.path(), "UPDATE anchors SET entries = entries + 1"));
  CHECK_FALSE(verify().whole());
}

TEST_CASE_METHOD(Fixture, "retention: refusals are bounded by count, and the chain holds") {
  publish(1, 2);
  for (int i = 0; i < 100; ++i) server.push("example.", plan(1));
  publish(3, 3);
  for (int i = 0; i < 30; ++i) server.push("example.", plan(1));
  const TendReport report = tend(1000, std::chrono::hours(1), 20);
  CHECK(report.others >= 110);
  CHECK(report.commits == 0);
  CHECK(numberIn(directory.path(), "SELECT count(*) FROM entries WHERE sha256 IS NULL") <= 23);
  const SealReport seals = verify();
  CHECK(seals.whole());
  CHECK(seals.cleanedUp == report.others);
  CHECK(has(1));
  server.restart();
  publish(4, 4);
  CHECK(verify().whole());
}

TEST_CASE_METHOD(Fixture, "I5: a checkpoint bounds what a start replays; last-known-good stays behind it") {
  // More changes than what makes a checkpoint.
  std::mt19937 random(4);
  std::string padding;
  for (Generation generation = 1; generation <= 120; ++generation) {
    padding.clear();
    for (int i = 0; i < 1600; ++i) padding += static_cast<char>('a' + random() % 26);
    std::string text;
    for (std::size_t at = 0; at < padding.size(); at += 200)
      text += " \\\"" + padding.substr(at, 200) + "\\\"";
    const std::string body = R"({"plan": 1, "generation": )" + std::to_string(generation) +
                             R"(, "records": ["@ 60 IN NS ns.", "t 60 IN TXT)" + text + R"("]})";
    REQUIRE(server.push("example.", body).kind == Outcome::Kind::Published);
    if (generation == 3) {
      Keeping keeping;
      keeping.goodAfter = std::chrono::milliseconds(0);
      REQUIRE(server.publisher().tend(keeping).promoted.size() == 1);
    }
    if (generation % 10 == 0) tend(1000, std::chrono::hours(1));
  }
  CHECK(numberIn(directory.path(), "SELECT count(*) FROM contents WHERE checkpoint") >= 1);
  const std::int64_t checkpoint =
      numberIn(directory.path(), "SELECT max(generation) FROM contents WHERE checkpoint");
  CHECK(checkpoint > 1);
  CHECK(has(static_cast<Generation>(checkpoint)));
  tend(2, std::chrono::seconds(0));
  CHECK(has(3));  // last-known-good, with what it is rebuilt from
  CHECK_FALSE(has(4));
  CHECK_FALSE(has(static_cast<Generation>(checkpoint) - 1));
  CHECK(has(120));
  CHECK(has(119));
  CHECK(numberIn(directory.path(),
                 "SELECT count(*) FROM checkpoints WHERE generation < " + std::to_string(checkpoint)) == 0);
  server.restart();
  CHECK(server.publisher().loadProblems().empty());
  CHECK(server.served("example.") == 120);
  CHECK(verify().whole());
}

TEST_CASE_METHOD(Fixture, "who last changed an owner, and what changed since when") {
  publish(1, 5);  // a changes each time, b never again
  const auto last = [&](const char* owner) {
    const auto entry = server.publisher().lastChangeOf(kApex, name(owner));
    REQUIRE(entry);
    return *entry ? (*entry)->generation : 0;
  };
  CHECK(last("a.example.") == 5);
  CHECK(last("b.example.") == 1);
  CHECK(last("nothing.example.") == 0);
  // A whole content in between changes what differs, not what it lists.
  REQUIRE(server.publisher().removeZone(kApex, "x", false));
  REQUIRE(server.publisher().addZone(kApex));
  publish(6, 6);
  CHECK(last("a.example.") == 6);
  CHECK(last("b.example.") == 1);
}

TEST_CASE("I5: what a submission in flight was made from stays, with what it is rebuilt from") {
  const test::TemporaryDirectory directory;
  {
    test::Server server(directory.path());
    REQUIRE(server.publisher().addZone(kApex));
    for (Generation generation = 1; generation <= 10; ++generation) {
      if (generation == 4) {
        REQUIRE(server.publisher().removeZone(kApex, "moved", false));
        REQUIRE(server.publisher().addZone(kApex));
      }
      REQUIRE(server.push("example.", plan(generation)).kind == Outcome::Kind::Published);
    }
  }
  auto store = openSqliteStore(directory.path());
  REQUIRE(store);
  REQUIRE((*store)->zones());
  const Retention retention{2, std::chrono::seconds(0), 10'000};
  const std::array<Generation, 1> inUse{2};
  const auto cleaned = (*store)->cleanUp(kApex, retention, inUse, WallTime::max() - std::chrono::hours(1));
  REQUIRE(cleaned);
  CHECK(cleaned->commits == 1);
  CHECK((*store)->content(kApex, 2));
  CHECK_FALSE((*store)->content(kApex, 3));
  const auto after = (*store)->cleanUp(kApex, retention, {}, WallTime::max() - std::chrono::hours(1));
  REQUIRE(after);
  CHECK(after->commits == 2);
  CHECK_FALSE((*store)->content(kApex, 2));
  CHECK((*store)->verify(kApex)->whole());
}

TEST_CASE("a store that the code before schema 2 wrote is migrated in place, with its history") {
  const test::TemporaryDirectory directory;
  std::ostringstream dump;
  dump << std::ifstream(std::string(HOLDFAST_SOURCE_DIR) + "/tests/data/plans-schema-1.sql").rdbuf();
  REQUIRE(meddle(directory.path(), dump.str()));
  test::Server server(directory.path());
  const Name apex = name("example.net.");
  CHECK(server.publisher().loadProblems().empty());
  CHECK(server.served("example.net.") == 8);
  CHECK(server.publisher().wasRemoved(name("gone.example.")));
  CHECK(server.publisher().status(apex)->frozen == "night");
  for (Generation generation = 5; generation <= 8; ++generation)
    CHECK(server.publisher().content(apex, generation));
  const auto history = server.publisher().history(apex, 20, 0);
  REQUIRE(history);
  REQUIRE(history->size() == 6);
  CHECK((*history)[5].source == "planner-a");
  CHECK((*history)[5].digest == "ada1d3c9c330d86c2c34b2f180bb50c6444dbce42160c84e37e788c375bf7f9f");
  CHECK((*history)[1].reasons[0].rule == Rule::StaleGeneration);
  const Result<SealReport> seals = server.publisher().verify(apex);
  REQUIRE(seals);
  CHECK(seals->whole());
  CHECK(seals->entries == 6);
  // And goes on: the next change builds on what was migrated.
  REQUIRE(server.publisher().setFrozen(apex, std::nullopt));
  Document document;
  document.zone = apex;
  const std::string body =
      R"({"plan": 1, "kind": "delta", "base": 8, "endpoints": {"b": {"targets": [{"address": "2001:db8::2"}]}}})";
  document.body = body;
  const Result<Outcome> outcome = server.intake().submit(document);
  REQUIRE(outcome);
  CHECK(outcome->kind == Outcome::Kind::Published);
  server.restart();
  CHECK(server.served("example.net.") == 9);
  CHECK(numberIn(directory.path(), "SELECT count(*) FROM history WHERE outcome = 'published'") == 5);
}
