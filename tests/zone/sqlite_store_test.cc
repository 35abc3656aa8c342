#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;

TEST_CASE("I7: a commit that failed for the caller but reached the disk breaks no later one") {
  const test::TemporaryDirectory directory;
  test::Server server(directory.path());
  REQUIRE(server.publisher().addZone(name("example.")));
  const auto push = [&](int generation) {
    return server.push("example.", R"({"plan": 1, "generation": )" + std::to_string(generation) +
                                       R"(, "records": ["@ 60 IN NS ns.", "@ 60 IN TXT \"x\""]})");
  };
  REQUIRE(push(1).kind == Outcome::Kind::Published);
  {
    // What is left of a commit whose last fsync was reported as failed: the row is there, nobody was told.
    sqlite3* raw = nullptr;
    REQUIRE(sqlite3_open((directory.path() + "/plans.db").c_str(), &raw) == SQLITE_OK);
    const char* sql =
        "INSERT INTO entries SELECT 99, zone, fate, 2, base, 2, kind, at, restored, added, removed, changed, "
        "1, "
        "source, who, reason, digest, reasons, overridden, quarantined, seal, sha256, body FROM entries "
        "WHERE "
        "generation = 1";
    CHECK(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(raw);
  }
  CHECK(push(3).kind == Outcome::Kind::Published);
  server.restart();
  CHECK(server.publisher().loadProblems().empty());
  CHECK(server.served("example.") == 3);
}
