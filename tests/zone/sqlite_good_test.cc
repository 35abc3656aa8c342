// What becomes last-known-good.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/zone/sqlite_machine.h"
#include "zone/sqlite_database.h"

using namespace holdfast;
using holdfast::test::Machine;
using Fixture = holdfast::test::MachineFixture;

TEST_CASE_METHOD(Fixture,
                 "last-known-good: only what has served long enough, and nothing that was rolled back from") {
  Machine machine(directory.path());
  REQUIRE(machine.publisher->addZone(test::kZone));
  Keeping keeping;
  keeping.goodAfter = std::chrono::minutes(5);
  keeping.goodKept = 2;
  auto now = std::chrono::steady_clock::now();
  const auto tendIn = [&](std::chrono::seconds later) {
    now += later;
    machine.now += 86'400'000'000;  // the wall clock has no say
    return machine.publisher->tend(keeping, now).promoted.size();
  };
  REQUIRE(machine.push(1) == "published");
  CHECK(tendIn(std::chrono::seconds(0)) == 0);
  CHECK(tendIn(std::chrono::seconds(299)) == 0);
  CHECK(tendIn(std::chrono::seconds(1)) == 1);
  CHECK(tendIn(std::chrono::seconds(1000)) == 0);
  for (Generation generation = 2; generation <= 4; ++generation) {
    REQUIRE(machine.push(generation) == "published");
    CHECK(tendIn(std::chrono::seconds(0)) == 0);
    CHECK(tendIn(std::chrono::seconds(300)) == 1);
  }
  CHECK(machine.publisher->status(test::kZone)->good == std::vector<Generation>{4, 3});
  CHECK(std::filesystem::exists(directory.path() + "/good/example.4"));
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/good/example.2"));
  Rollback wish;
  wish.zone = test::kZone;
  wish.to = 3;
  wish.reason = "4 is bad";
  const Result<Outcome> back = machine.publisher->rollback(wish);
  REQUIRE(back);
  REQUIRE(back->kind == Outcome::Kind::Published);
  CHECK(machine.publisher->status(test::kZone)->good == std::vector<Generation>{3});
  CHECK(tendIn(std::chrono::seconds(0)) == 0);
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/good/example.4"));
  REQUIRE(machine.start());
  CHECK(machine.publisher->status(test::kZone)->good == std::vector<Generation>{3});
}

TEST_CASE_METHOD(Fixture,
                 "I6: a rollback below all last-known-goods leaves them for when nothing else reads") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.tend().promoted.size() == 1);  // 4, beside 2
  REQUIRE(machine.rollback(1) == "published");   // as 5
  const auto good = [&] { return machine.publisher->status(test::kZone)->good; };
  CHECK(good().empty());
  Keeping keeping;
  keeping.goodAfter = std::chrono::hours(1);
  (void)machine.publisher->tend(keeping);
  const std::string copies = directory.path() + "/good/example.";
  CHECK(std::filesystem::exists(copies + "4"));
  CHECK(std::filesystem::exists(copies + "2"));
  SECTION("the content that came back is better") {
    machine.publisher.reset();
    REQUIRE(test::meddle(directory.path(), "UPDATE entries SET body = x'00' WHERE generation = 5"));
    REQUIRE(machine.start());
    CHECK(machine.served() == 1);
    CHECK(machine.push(5) == "refused");
  }
  SECTION("any other generation that was not left behind is better") {
    REQUIRE(machine.push(6) == "published");
    machine.publisher.reset();
    REQUIRE(test::meddle(directory.path(), "UPDATE entries SET body = x'00' WHERE generation = 6"));
    REQUIRE(machine.start());
    CHECK(machine.served() == 5);
  }
  SECTION("nothing else reads") {
    machine.publisher.reset();
    REQUIRE(test::meddle(directory.path(), "UPDATE entries SET body = x'00' WHERE sha256 IS NOT NULL"));
    REQUIRE(machine.start());
    CHECK(machine.served() == 4);
    CHECK(good().empty());
    CHECK(machine.publisher->status(test::kZone)->committed == 5);
    CHECK(machine.push(5) == "refused");
    CHECK(machine.push(6) == "published");
  }
  SECTION("the store is lost under the running server") {
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(directory.path() + "/plans.db" + part);
    REQUIRE(machine.push(6) == "published");
    REQUIRE(machine.start());
    CHECK(good().empty());
    CHECK(machine.served() == 6);
  }
  REQUIRE(machine.push(7) == "published");
  REQUIRE(machine.tend().promoted.size() == 1);
  CHECK(good() == std::vector<Generation>{7});
  CHECK_FALSE(std::filesystem::exists(copies + "4"));
  CHECK_FALSE(std::filesystem::exists(copies + "2"));
  REQUIRE(machine.start());
  CHECK(good() == std::vector<Generation>{7});
}

TEST_CASE("what is too large for a row is a clear error") {
  Result<SqliteDatabase> database = SqliteDatabase::open(":memory:", SqliteDatabase::Mode::ReadWrite, "");
  REQUIRE(database);
  REQUIRE(database->run("CREATE TABLE t (x)"));
  sqlite3_limit(database->handle(), SQLITE_LIMIT_LENGTH, 1000);
  SqliteStatement insert(*database, "INSERT INTO t VALUES (?)");
  const std::string large(2000, 'x');
  const Status done = insert.bindBlob(large).run("write it");
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::TooLarge);
}
