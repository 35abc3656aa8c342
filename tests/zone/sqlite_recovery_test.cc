// What becomes of answers and of the next plan when the store, the disk or the clock fails.
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/zone/sqlite_fault_vfs.h"
#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using holdfast::test::meddle;
using holdfast::test::name;
using Fixture = holdfast::test::MachineFixture;

namespace {

void overwrite(const std::string& file, std::size_t from, std::size_t size) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(from));
  out << std::string(size, '\x5a');
}

std::size_t setAside(const std::string& directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().filename().string().starts_with("plans.db.corrupt-")) ++count;
  return count;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "I6: a store with a damaged header is set aside; last-known-good is served") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  overwrite(directory.path() + "/plans.db", 0, 100);
  REQUIRE(machine.start());
  CHECK(setAside(directory.path()) == 1);
  CHECK(machine.problems().find("set aside") != std::string::npos);
  CHECK(machine.served() == 2);
  CHECK(machine.publisher->status(test::kZone)->good == std::vector<Generation>{2});
  CHECK(machine.push(2) == "refused");  // the fence of the copy
  CHECK(machine.push(5) == "published");
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 5);
  CHECK(machine.publisher->verify(test::kZone)->whole());
}

TEST_CASE_METHOD(Fixture,
                 "I6: whatever part of the store is damaged, the zone is served and the next plan applies") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  const auto pages = std::filesystem::file_size(directory.path() + "/plans.db") / 4096;
  const test::TemporaryDirectory copy;
  for (std::size_t page = 0; page < pages; ++page) {
    INFO("page " << page);
    std::filesystem::remove_all(copy.path());
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    overwrite(copy.path() + "/plans.db", page * 4096, 4096);
    Machine damaged(copy.path());
    REQUIRE(damaged.publisher != nullptr);
    CHECK(damaged.served() >= 2);
    CHECK(damaged.push(5) == "published");
    CHECK(damaged.served() == 5);
    REQUIRE(damaged.start());
    CHECK(damaged.served() == 5);
  }
}

TEST_CASE_METHOD(Fixture, "I6: a damaged log, and a log without its file, leave the zone served") {
  Machine machine(directory.path());
  machine.fill(4);
  const test::TemporaryDirectory copy;
  std::filesystem::remove_all(copy.path());
  std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
  SECTION("damaged") {
    overwrite(copy.path() + "/plans.db-wal", 64, 2000);
  }
  SECTION("alone") {
    std::filesystem::remove(copy.path() + "/plans.db");
  }
  SECTION("gone") {
    std::filesystem::remove(copy.path() + "/plans.db-wal");
  }
  std::filesystem::remove(copy.path() + "/plans.db-shm");
  Machine damaged(copy.path());
  REQUIRE(damaged.publisher != nullptr);
  CHECK(damaged.served() >= 2);
  CHECK(damaged.push(5) == "published");
}

TEST_CASE_METHOD(Fixture, "I6: without its file the store is made anew from the last-known-good copies") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  for (const char* part : {"", "-wal", "-shm"})
    std::filesystem::remove(directory.path() + "/plans.db" + part);
  REQUIRE(machine.start());
  CHECK(machine.problems().find("was not there") != std::string::npos);
  CHECK(machine.served() == 2);
  CHECK(machine.push(3) == "published");
  const auto history = machine.publisher->history(test::kZone, 10, 0);
  REQUIRE(history);
  CHECK((*history)[1].fate == Fate::Restored);
  // A copy that is damaged is not believed.
  machine.publisher.reset();
  for (const char* part : {"", "-wal", "-shm"})
    std::filesystem::remove(directory.path() + "/plans.db" + part);
  overwrite(directory.path() + "/good/example.2", 60, 10);
  REQUIRE(machine.start());
  CHECK(machine.problems().find("SHA-256") != std::string::npos);
  CHECK(machine.served() == 0);
  CHECK(machine.push(2) == "refused");  // the fence is known without content
  CHECK(machine.push(4) == "published");
}

TEST_CASE_METHOD(Fixture,
                 "I6: missing or damaged rows: the newest last-known-good is served, a full plan heals") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  const char* sql = GENERATE("DELETE FROM entries WHERE generation IN (3, 4)",
                             "DELETE FROM entries WHERE sha256 IS NOT NULL",
                             "UPDATE entries SET body = x'00' WHERE sha256 IS NOT NULL",
                             "UPDATE entries SET body = zeroblob(length(body)) WHERE generation = 4");
  INFO(sql);
  REQUIRE(meddle(directory.path(), sql));
  REQUIRE(machine.start());
  const auto status = machine.publisher->status(test::kZone);
  CHECK(status->committed == 4);
  CHECK(status->served == 2);
  CHECK(machine.problems().find("is served with generation 2 instead of 4") != std::string::npos);
  CHECK(machine.push(4) == "refused");
  CHECK(machine.push(R"({"plan": 1, "kind": "delta", "base": 4, "records": ["x 60 IN TXT x"]})") ==
        "refused");
  CHECK(machine.push(5) == "published");
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 5);
}

TEST_CASE_METHOD(Fixture,
                 "I7: a store that is lost under a running server is made anew from what is served") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.publisher->setFrozen(test::kZone, "night"));
  SECTION("the file was deleted") {
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(directory.path() + "/plans.db" + part);
  }
  SECTION("the directory was deleted") {
    std::filesystem::remove_all(directory.path());
  }
  SECTION("another file took its place") {
    std::ofstream(directory.path() + "/other") << "not a store";
    std::filesystem::rename(directory.path() + "/other", directory.path() + "/plans.db");
  }
  CHECK(machine.served() == 4);
  CHECK(machine.push(5) == "published");
  CHECK(machine.publisher->storeStats().rebuilds == 1);
  const TendReport report = machine.tend();
  REQUIRE_FALSE(report.problems.empty());
  CHECK(report.problems.back().text().find("made anew from what is served") != std::string::npos);
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 5);
  CHECK(machine.publisher->status(test::kZone)->frozen == "night");
  CHECK(machine.push(5) == "refused");
  CHECK(machine.publisher->verify(test::kZone)->whole());
}

TEST_CASE_METHOD(Fixture, "I7: damage that a commit meets costs the history, and not the plan") {
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  machine.fill(4);
  vfs.failAt(0, SQLITE_CORRUPT);
  CHECK(machine.push(5) == "published");
  CHECK(setAside(directory.path()) >= 1);
  CHECK(machine.publisher->storeStats().rebuilds == 1);
  REQUIRE(machine.start());
  CHECK(machine.served() == 5);
}

TEST_CASE_METHOD(Fixture,
                 "I8: on a disk that is full or takes no writing answers go on, and outcomes are true") {
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  machine.fill(4);
  const int code = GENERATE(SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR_WRITE);
  vfs.failAll(code);
  CHECK(machine.push(5) != "published");
  CHECK(machine.served() == 4);
  CHECK(machine.push(4).starts_with("unrecorded"));  // refused all the same
  CHECK(machine.publisher->setFrozen(test::kZone, "night").operator bool() == false);
  CHECK_FALSE(machine.publisher->status(test::kZone)->frozen);
  CHECK_FALSE(machine.tend().problems.empty());
  CHECK(machine.publisher->storeStats().readOnly == (code == SQLITE_READONLY));
  REQUIRE(machine.start());  // a start on such a disk
  CHECK(machine.served() == 4);
  CHECK(machine.push(5) != "published");
  vfs.heal();
  CHECK(machine.push(5) == "published");
  CHECK(machine.served() == 5);
  REQUIRE(machine.start());
  CHECK(machine.served() == 5);
  CHECK(machine.publisher->verify(test::kZone)->whole());
}

TEST_CASE_METHOD(Fixture, "I8: a state directory that may only be read is served from, and takes no plan") {
  const bool cleanStop = GENERATE(true, false);
  test::TemporaryDirectory copy;
  {
    Machine machine(directory.path());
    machine.fill(4);
    if (cleanStop) machine.publisher.reset();
    std::filesystem::remove_all(copy.path());
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
  }
  const auto setMode = [&](std::filesystem::perms directories, std::filesystem::perms files) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(copy.path()))
      std::filesystem::permissions(entry.path(), entry.is_directory() ? directories : files);
    std::filesystem::permissions(copy.path(), directories);
  };
  setMode(static_cast<std::filesystem::perms>(0555), static_cast<std::filesystem::perms>(0444));
  const pid_t child = fork();
  if (child == 0) {  // as somebody whom the modes bind
    if (geteuid() == 0 && setuid(65534) != 0) _exit(9);
    Machine machine(copy.path());
    if (machine.publisher == nullptr) _exit(1);
    if (machine.served() != 4) _exit(2);
    if (machine.push(5).find("is not written") == std::string::npos) _exit(3);
    if (machine.problems().find("served from without being written") == std::string::npos) _exit(4);
    if (!machine.publisher->history(test::kZone, 10, 0)) _exit(5);
    if (!machine.publisher->storeStats().readOnly) _exit(6);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  setMode(std::filesystem::perms::all, std::filesystem::perms::all);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE_METHOD(Fixture, "I8: a store of schema 1 that may only be read is served all the same") {
  std::ostringstream dump;
  dump << std::ifstream(std::string(HOLDFAST_SOURCE_DIR) + "/tests/data/plans-schema-1.sql").rdbuf();
  REQUIRE(meddle(directory.path(), dump.str()));
  std::filesystem::permissions(directory.path() + "/plans.db", static_cast<std::filesystem::perms>(0444));
  std::filesystem::permissions(directory.path(), static_cast<std::filesystem::perms>(0555));
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(9);
    Machine machine(directory.path());
    if (machine.publisher == nullptr) _exit(1);
    const auto status = machine.publisher->status(name("example.net."));
    _exit(status && status->served == 8 ? 0 : 2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE_METHOD(Fixture,
                 "I8: a store of a newer holdfastd is never written; what can be read of it is served") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  SECTION("that says it can be read") {
    REQUIRE(meddle(directory.path(), "PRAGMA user_version = 3"));
    REQUIRE(machine.start());
    CHECK(machine.served() == 4);
  }
  SECTION("that cannot: the copies are served") {
    REQUIRE(meddle(directory.path(), "PRAGMA user_version = 3; UPDATE format SET value = 3"));
    REQUIRE(machine.start());
    CHECK(machine.served() == 2);
  }
  SECTION("that cannot, without copies: it does not start, and says what to do") {
    REQUIRE(meddle(directory.path(), "PRAGMA user_version = 3; UPDATE format SET value = 3"));
    std::filesystem::remove_all(directory.path() + "/good");
    CHECK_FALSE(machine.start());
    CHECK(machine.problem.find("newer holdfastd") != std::string::npos);
    return;
  }
  CHECK(machine.problems().find("newer holdfastd") != std::string::npos);
  CHECK(machine.push(5).find("newer holdfastd") != std::string::npos);
  machine.publisher.reset();
  CHECK(meddle(directory.path(), "CREATE TABLE untouched (x)"));
}
