#include "zone/sqlite_database.h"

#include <catch2/catch.hpp>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "tests/zone/fixtures.h"
#include "zone/sqlite_store.h"

using namespace holdfast;

namespace {

constexpr const char* kInsert = "INSERT INTO t VALUES (?, ?)";

SqliteDatabase tableOfTwo() {
  Result<SqliteDatabase> database = SqliteDatabase::open(":memory:", SqliteDatabase::Mode::ReadWrite, "");
  REQUIRE(database);
  REQUIRE(database->run("CREATE TABLE t (a, b)"));
  return *std::move(database);
}

/// Prepared statements of that text; `runs` is set to how often the last was run.
int preparedOf(const SqliteDatabase& database, std::string_view sql, int* runs = nullptr) {
  int count = 0;
  for (sqlite3_stmt* each = nullptr; (each = sqlite3_next_stmt(database.handle(), each)) != nullptr;) {
    if (sqlite3_sql(each) != sql) continue;
    ++count;
    CHECK(sqlite3_stmt_busy(each) == 0);
    if (runs != nullptr) *runs = sqlite3_stmt_status(each, SQLITE_STMTSTATUS_RUN, 0);
  }
  return count;
}

}  // namespace

TEST_CASE("a statement is prepared once and has nothing of its last use") {
  SqliteDatabase database = tableOfTwo();
  for (int i = 0; i < 3; ++i) {
    SqliteStatement insert(database, kInsert);
    REQUIRE(insert.bind(i).bind("x").run("insert"));
  }
  int runs = 0;
  CHECK(preparedOf(database, kInsert, &runs) == 1);
  CHECK(runs == 3);
  {
    SqliteStatement insert(database, kInsert);
    REQUIRE(insert.bind(7).run("insert"));
  }
  CHECK(*database.number("SELECT count(*) FROM t WHERE b IS NULL") == 1);

  // Not even where it failed, or was left between two rows.
  REQUIRE(database.run("CREATE UNIQUE INDEX once ON t (a)"));
  {
    SqliteStatement insert(database, kInsert);
    CHECK_FALSE(insert.bind(7).bind("y").run("insert"));
  }
  {
    SqliteStatement rows(database, "SELECT a FROM t ORDER BY a");
    REQUIRE(*rows.step("read"));
  }
  CHECK(preparedOf(database, "SELECT a FROM t ORDER BY a") == 1);
  {
    SqliteStatement insert(database, kInsert);
    REQUIRE(insert.bind(8).bind("y").run("insert"));
  }
  SqliteStatement rows(database, "SELECT a FROM t ORDER BY a");
  REQUIRE(*rows.step("read"));
  CHECK(rows.integer(0) == 0);
}

TEST_CASE("two statements of one text are two, and one of them is kept") {
  SqliteDatabase database = tableOfTwo();
  {
    SqliteStatement one(database, kInsert);
    SqliteStatement other(database, kInsert);
    REQUIRE(one.bind(1).bind("x").run("insert"));
    REQUIRE(other.bind(2).bind("x").run("insert"));
    CHECK(preparedOf(database, kInsert) == 2);
  }
  CHECK(preparedOf(database, kInsert) == 1);
}

TEST_CASE("what changes the tables, moves the connection or works while it is prepared is no trouble") {
  SqliteDatabase first = tableOfTwo();
  const auto columns = [](SqliteDatabase& database) {
    SqliteStatement rows(database, "SELECT count(*) FROM pragma_table_info('t')");
    REQUIRE(*rows.step("read"));
    return rows.integer(0);
  };
  CHECK(columns(first) == 2);
  REQUIRE(first.run("ALTER TABLE t ADD COLUMN c"));
  CHECK(columns(first) == 3);
  SqliteDatabase second = std::move(first);
  CHECK(columns(second) == 3);
  REQUIRE(second.number("PRAGMA page_count"));
  CHECK(preparedOf(second, "PRAGMA page_count") == 0);
  // What cannot be prepared is told, and told again.
  for (int i = 0; i < 2; ++i) {
    SqliteStatement wrong(second, "SELECT a FROM nowhere");
    const Result<bool> row = wrong.step("look");
    REQUIRE_FALSE(row);
    CHECK_THAT(row.error().what, Catch::Matchers::Contains("no such table"));
  }
}

TEST_CASE("a transaction is begun and ended by statements that are kept") {
  SqliteDatabase database = tableOfTwo();
  for (int i = 0; i < 3; ++i) {
    SqliteTransaction transaction(database);
    REQUIRE(transaction.begin());
    REQUIRE(database.run("INSERT INTO t VALUES (1, 2)"));
    if (i < 2) REQUIRE(transaction.commit());  // the last is rolled back
  }
  CHECK(*database.number("SELECT count(*) FROM t") == 2);
  int begun = 0, committed = 0;
  CHECK(preparedOf(database, "BEGIN IMMEDIATE", &begun) == 1);
  CHECK(preparedOf(database, "COMMIT", &committed) == 1);
  CHECK(begun == 3);
  CHECK(committed == 2);
}

TEST_CASE("what is committed is synced as was asked for last, however often that changes") {
  using Sync = SqliteDatabase::Sync;
  SqliteDatabase database = tableOfTwo();
  for (const Sync sync : {Sync::Lazily, Sync::Full, Sync::Full, Sync::Lazily, Sync::Lazily, Sync::Full}) {
    REQUIRE(database.setSync(sync));
    CHECK(*database.number("PRAGMA synchronous") == (sync == Sync::Full ? 2 : 1));
  }
}

TEST_CASE("pages that there is no memory to look at are no damage") {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path() + "/pages.db";
  auto written = SqliteDatabase::open(file, SqliteDatabase::Mode::ReadWrite, "");
  REQUIRE(written);
  REQUIRE(written->run("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)"));
  REQUIRE(
      written->run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
                   "INSERT INTO t SELECT i, randomblob(900) FROM n"));
  struct Unlimited {
    ~Unlimited() { sqlite3_hard_heap_limit64(0); }
  } const unlimited;
  constexpr std::int64_t kStep = 8 << 10, kMost = 1 << 20;
  for (std::int64_t more = kStep; more <= kMost; more += kStep) {
    auto database = SqliteDatabase::open(file, SqliteDatabase::Mode::ReadOnly, "");
    REQUIRE(database);
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + more);
    std::string damage;
    try {
      damage = damageIn(*database);
    } catch (const std::bad_alloc&) {  // told as what it is
    }
    sqlite3_hard_heap_limit64(0);
    CAPTURE(more);
    REQUIRE(damage.empty());
  }
}
