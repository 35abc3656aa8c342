// Rows of `zones` that somebody edited or lost: what the sealed history tells counts, and the other zones are
// served.
#include <catch2/catch.hpp>

#include "tests/zone/sqlite_fault_vfs.h"
#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using holdfast::test::meddle;
using holdfast::test::name;
using Fixture = holdfast::test::MachineFixture;

namespace {

const Name kOther = name("other.");

/// Two zones: example. at 4 with 2 last-known-good, other. at 7.
void fillTwo(Machine& machine) {
  machine.fill(4);
  REQUIRE(machine.publisher->addZone(kOther));
  REQUIRE(machine.pushTo(kOther, 7) == "published");
}

void checkOther(Machine& machine) {
  REQUIRE(machine.publisher->status(kOther));
  CHECK(machine.publisher->status(kOther)->served == 7);
  CHECK(machine.pushTo(kOther, 7) == "refused");
}

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "I8: a row that cannot be what was written is mended from the history, and told of") {
  Machine machine(directory.path());
  fillTwo(machine);
  REQUIRE(machine.publisher->setFrozen(test::kZone, "night"));
  REQUIRE(machine.publisher->setFrozen(test::kZone, std::nullopt));
  machine.publisher.reset();
  const char* sql = GENERATE("UPDATE zones SET fence = -5 WHERE apex = 'example.'",
                             "UPDATE zones SET fence = 1 WHERE apex = 'example.'",
                             "UPDATE zones SET fence = 'x' WHERE apex = 'example.'",
                             "UPDATE zones SET committed = -1 WHERE apex = 'example.'",
                             "UPDATE zones SET committed = 3 WHERE apex = 'example.'",
                             "UPDATE zones SET committed = 0, fence = 0 WHERE apex = 'example.'",
                             "UPDATE zones SET committed = 9223372036854775807 WHERE apex = 'example.'",
                             "UPDATE zones SET apex = '..' WHERE apex = 'example.'",
                             "UPDATE zones SET apex = 'EXAMPLE' WHERE apex = 'example.'",
                             "UPDATE zones SET apex = x'00ff' WHERE apex = 'example.'",
                             "DELETE FROM zones WHERE apex = 'example.'");
  INFO(sql);
  REQUIRE(meddle(directory.path(), sql));
  REQUIRE(machine.start());
  INFO(machine.problems());
  CHECK_FALSE(machine.problems().empty());
  CHECK(machine.served() == 4);
  CHECK(machine.publisher->status(test::kZone)->committed == 4);
  CHECK(machine.push(4) == "refused");
  checkOther(machine);
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  CHECK((*machine.publisher->history(test::kZone, 2, 0))[1].fate == Fate::Restored);
  (void)machine.tend();
  CHECK(machine.publisher->storeStats().rebuilds == 0);
  CHECK(machine.push(5) == "published");
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 5);
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
}

TEST_CASE_METHOD(Fixture, "I8: a lost row comes back frozen or removed, as the history tells") {
  Machine machine(directory.path());
  fillTwo(machine);
  const bool isRemoved = GENERATE(false, true);
  if (isRemoved)
    REQUIRE(machine.publisher->removeZone(kOther, "moved", false));
  else
    REQUIRE(machine.publisher->setFrozen(test::kZone, "night"));
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(), isRemoved ? "UPDATE zones SET apex = 'OTHER.' WHERE apex = 'other.'"
                                             : "DELETE FROM zones WHERE apex = 'example.'"));
  REQUIRE(machine.start());
  if (isRemoved) {
    CHECK(machine.publisher->wasRemoved(kOther));
    REQUIRE(machine.publisher->addZone(kOther));
    CHECK(machine.pushTo(kOther, 7) == "refused");
    CHECK(machine.publisher->verify(kOther)->problem.empty());
  } else {
    CHECK(machine.publisher->status(test::kZone)->frozen == "night");
    CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  }
}

TEST_CASE_METHOD(Fixture, "I8: a lost row that nothing names is left, and its number never used again") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.publisher->addZone(kOther));
  REQUIRE(machine.pushTo(kOther, 7) == "published");
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(), GENERATE("DELETE FROM zones WHERE apex = 'other.'",
                                            "UPDATE zones SET apex = '..' WHERE apex = 'other.'")));
  std::filesystem::remove(directory.path() + "/fences");
  REQUIRE(machine.start());
  CHECK(machine.problems().find("left as it is") != std::string::npos);
  CHECK(machine.served() == 4);
  CHECK_FALSE(machine.publisher->hasZone(kOther));
  REQUIRE(machine.publisher->addZone(kOther));
  CHECK(machine.pushTo(kOther, 7) == "published");  // the number of the lost row has this generation
  CHECK(machine.pushTo(kOther, 8) == "published");
  CHECK(machine.push(5) == "published");
  REQUIRE(machine.start());
  CHECK(machine.publisher->status(kOther)->served == 8);
  CHECK(machine.served() == 5);
  CHECK(machine.publisher->verify(kOther)->problem.empty());
}

TEST_CASE_METHOD(Fixture, "I8: on a full disk the start mends what it serves, and the row when it can") {
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  fillTwo(machine);
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(), GENERATE("UPDATE zones SET fence = -5 WHERE apex = 'example.'",
                                            "DELETE FROM zones WHERE apex = 'example.'")));
  vfs.failAll(SQLITE_FULL);
  REQUIRE(machine.start());
  INFO(machine.problems());
  CHECK(machine.served() == 4);
  checkOther(machine);
  CHECK_FALSE(machine.tend().problems.empty());
  vfs.heal();
  (void)machine.tend();
  CHECK(machine.publisher->storeStats().rebuilds == 0);
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  CHECK(machine.push(4) == "refused");
  CHECK(machine.push(5) == "published");
  REQUIRE(machine.start());
  CHECK(machine.served() == 5);
}

TEST_CASE_METHOD(Fixture, "I1: a fence below that of a last-known-good copy is raised to it") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.tend().promoted.size() == 1);  // 4
  machine.publisher.reset();
  std::filesystem::remove(directory.path() + "/fences");
  // An older history was put back, and only the name of the copy is still there.
  REQUIRE(meddle(directory.path(),
                 "DELETE FROM entries WHERE generation > 2; UPDATE zones SET fence = 2, committed = 2"));
  REQUIRE(machine.start());
  CHECK(machine.served() == 2);
  CHECK(machine.push(4) == "refused");
  CHECK(machine.push(5) == "published");
}

TEST_CASE_METHOD(Fixture, "I6: a row's fence above all that was committed is told of, and mended down") {
  Machine machine(directory.path());
  fillTwo(machine);
  REQUIRE(machine.tend().problems.empty());
  machine.publisher.reset();
  const std::string set = GENERATE("fence = fence | 1 << 62", "fence = 9223372036854775807", "fence = 2000",
                                   "fence = 2000, committed = 2000");
  INFO(set);
  const bool hasFences = GENERATE(true, false);
  if (!hasFences) std::filesystem::remove(directory.path() + "/fences");
  REQUIRE(meddle(directory.path(), "UPDATE zones SET " + set + " WHERE apex = 'example.'"));
  REQUIRE(machine.start());
  CHECK(machine.problems().find("lowered") != std::string::npos);
  CHECK(machine.served() == 4);
  CHECK(machine.publisher->status(test::kZone)->committed == 4);
  checkOther(machine);
  CHECK(machine.push(4) == "refused");
  CHECK(machine.push(5) == "published");
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 5);
}

TEST_CASE_METHOD(Fixture, "I1: a row's fence is told of and kept where lines that told of it can be lost") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.push(9) == "published");
  machine.publisher.reset();
  std::filesystem::remove(directory.path() + "/fences");
  // The newest line is lost, or what the row says was the newest.
  REQUIRE(meddle(directory.path(),
                 "UPDATE zones SET committed = 4; " +
                     std::string(GENERATE("DELETE FROM entries WHERE generation = 9",
                                          "DELETE FROM entries WHERE generation = 9; UPDATE zones SET head = "
                                          "(SELECT max(id) FROM entries)"))));
  REQUIRE(machine.start());
  CHECK(machine.problems().find("the fence 9") != std::string::npos);
  CHECK(machine.served() == 4);
  CHECK(machine.push(9) == "refused");
  CHECK_FALSE(machine.publisher->verify(test::kZone)->problem.empty());
  CHECK(machine.push(10) == "published");
}

TEST_CASE_METHOD(Fixture,
                 "I1: a row's fence that the file of fences confirms is kept, whatever the lines say") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.push(9) == "published");
  REQUIRE(machine.tend().problems.empty());
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(),
                 "DELETE FROM good WHERE generation = 9; DELETE FROM entries WHERE generation = 9; UPDATE "
                 "zones SET committed = 4, (entries, head, seal) = (SELECT count(*), max(id), (SELECT seal "
                 "FROM entries ORDER BY id DESC LIMIT 1) FROM entries)"));
  REQUIRE(machine.start());
  CHECK(machine.served() == 4);
  CHECK(machine.push(9) == "refused");
  CHECK(machine.push(10) == "published");
}

TEST_CASE_METHOD(Fixture, "verify: whoever edits the row of a zone is found, whatever he edits") {
  Machine machine(directory.path());
  fillTwo(machine);
  const bool isFrozen = GENERATE(false, true);
  if (isFrozen) REQUIRE(machine.publisher->setFrozen(test::kZone, "night"));
  const auto verify = [&] { return machine.publisher->verify(test::kZone)->problem; };
  REQUIRE(verify().empty());
  const auto [set, told] = GENERATE(table<std::string, std::string>(
      {{"fence = 3", "the fence is 3, and 4"},
       {"fence = 9", "the fence is 9, and 4"},
       {"fence = -1", "the fence is -1"},
       {"committed = 3", "committed is 3, and 4"},
       {"committed = 0", "committed is 0, and 4"},
       {"removed = 1", "it is removed"},
       {"frozen = CASE WHEN frozen IS NULL THEN 'forged' END", "frozen for \""},
       {"fence = 2, committed = 2", "the fence is 2, and 4 by line 5; committed is 2"}}));
  REQUIRE(meddle(directory.path(), "UPDATE zones SET " + set + " WHERE apex = 'example.'"));
  INFO(set << ": " << verify());
  CHECK(verify().find(told) != std::string::npos);
  CHECK(machine.publisher->verify(test::kZone)->broken > 0);
  CHECK(machine.publisher->verify(kOther)->problem.empty());
}

TEST_CASE_METHOD(Fixture,
                 "verify: a row agrees with a history that was cleaned up, restored and rolled back") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.publisher->setFrozen(test::kZone, "night"));
  for (int i = 0; i < 40; ++i) REQUIRE(machine.push(1) == "refused");
  Keeping keeping;
  keeping.history = {2, std::chrono::seconds(0), 5};
  keeping.goodAfter = std::chrono::hours(1);
  (void)machine.publisher->tend(keeping);
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  REQUIRE(meddle(directory.path(), "UPDATE zones SET frozen = NULL"));
  CHECK(machine.publisher->verify(test::kZone)->problem.find("frozen for \"night\"") != std::string::npos);
  REQUIRE(meddle(directory.path(), "UPDATE zones SET frozen = 'night'"));
  for (const char* part : {"", "-wal", "-shm"})
    std::filesystem::remove(directory.path() + "/plans.db" + part);
  REQUIRE(machine.publisher->addZone(kOther));  // made anew
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  REQUIRE(meddle(directory.path(), "UPDATE zones SET frozen = NULL WHERE apex = 'example.'"));
  CHECK_FALSE(machine.publisher->verify(test::kZone)->problem.empty());
}
