// Zones that the store file does not have, and of which a fence or a last-known-good copy beside it tells.
#include <catch2/catch.hpp>

#include "tests/zone/sqlite_fault_vfs.h"
#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using holdfast::test::meddle;
using holdfast::test::name;
using Fixture = holdfast::test::MachineFixture;

namespace {

const Name kYounger = name("younger.");

std::string copyOf(const Machine& machine, Generation generation) {
  return machine.directory + "/good/younger." + std::to_string(generation);
}

TendReport tendLater(Machine& machine) {
  Keeping keeping;
  keeping.goodAfter = std::chrono::hours(1);
  return machine.publisher->tend(keeping);
}

/// example. at 4, and younger. at 1000, which a store that is put back does not have.
void fillAndPutBack(Machine& machine, bool isPromoted, bool isRemoved) {
  machine.fill(4);
  machine.publisher.reset();
  const std::string file = machine.directory + "/plans.db", older = machine.directory + "/older";
  std::filesystem::copy_file(file, older);
  REQUIRE(machine.start());
  REQUIRE(machine.publisher->addZone(kYounger));
  REQUIRE(machine.pushTo(kYounger, 1000) == "published");
  if (isRemoved) REQUIRE(machine.publisher->removeZone(kYounger, "moved", false));
  REQUIRE((isPromoted ? machine.tend() : tendLater(machine)).problems.empty());
  REQUIRE(std::filesystem::exists(copyOf(machine, 1000)) == (isPromoted && !isRemoved));
  machine.publisher.reset();
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(file + part);
  std::filesystem::rename(older, file);
}

Generation servedOfYounger(const Machine& machine) {
  const auto status = machine.publisher->status(kYounger);
  return status ? status->served : 0;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "I1: a zone that is younger than the store put back keeps its fence and its copy") {
  Machine machine(directory.path());
  const bool isPromoted = GENERATE(true, false);
  fillAndPutBack(machine, isPromoted, false);
  REQUIRE(machine.start());
  CHECK(machine.problems().find("younger.") != std::string::npos);
  REQUIRE(machine.publisher->hasZone(kYounger));
  const Generation served = isPromoted ? 1000 : 0;
  for (int round = 0; round < 2; ++round) {
    INFO("round " << round);
    CHECK(servedOfYounger(machine) == served);
    CHECK(machine.publisher->status(kYounger)->good.size() == (isPromoted ? 1 : 0));
    CHECK(machine.served() == 4);
    CHECK(machine.pushTo(kYounger, 7) == "refused");
    CHECK(machine.pushTo(kYounger, 1000) == "refused");
    (void)tendLater(machine);
    CHECK(std::filesystem::exists(copyOf(machine, 1000)) == isPromoted);
    CHECK(machine.publisher->verify(kYounger)->problem.empty());
    REQUIRE(machine.start());
    CHECK(machine.problems().empty());
  }
  CHECK(machine.publisher->storeStats().rebuilds == 0);
  CHECK(machine.pushTo(kYounger, 1001) == "published");
  REQUIRE(machine.start());
  CHECK(servedOfYounger(machine) == 1001);
  CHECK(machine.publisher->verify(kYounger)->problem.empty());
}

TEST_CASE_METHOD(Fixture, "I1: a removed zone that is younger than the store put back keeps its fence") {
  Machine machine(directory.path());
  fillAndPutBack(machine, false, true);
  for (int round = 0; round < 2; ++round) {
    REQUIRE(machine.start());
    CHECK(machine.publisher->wasRemoved(kYounger));
    (void)tendLater(machine);
  }
  REQUIRE(machine.publisher->addZone(kYounger));
  CHECK(machine.pushTo(kYounger, 7) == "refused");
  CHECK(machine.pushTo(kYounger, 1001) == "published");
  CHECK(machine.publisher->verify(kYounger)->problem.empty());
}

TEST_CASE_METHOD(Fixture, "I1: of a zone that only a copy tells of the copy's fence counts") {
  Machine machine(directory.path());
  fillAndPutBack(machine, true, false);
  std::filesystem::remove(directory.path() + "/fences");
  REQUIRE(machine.start());
  CHECK(servedOfYounger(machine) == 1000);
  CHECK(machine.pushTo(kYounger, 7) == "refused");
  CHECK(machine.pushTo(kYounger, 1001) == "published");
}

TEST_CASE_METHOD(Fixture,
                 "I8: on a full disk a zone that only its copy tells of is served, and written later") {
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  fillAndPutBack(machine, true, false);
  vfs.failAll(SQLITE_FULL);
  REQUIRE(machine.start());
  INFO(machine.problems());
  CHECK(servedOfYounger(machine) == 1000);
  CHECK(machine.problems().find("instead of") == std::string::npos);
  CHECK(machine.pushTo(kYounger, 7) == "refused");
  CHECK_FALSE(tendLater(machine).problems.empty());
  CHECK(std::filesystem::exists(copyOf(machine, 1000)));
  vfs.heal();
  (void)tendLater(machine);  // tells that the store can be written again
  CHECK(tendLater(machine).problems.empty());
  CHECK(machine.publisher->storeStats().rebuilds == 0);
  CHECK(machine.publisher->verify(kYounger)->problem.empty());
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(servedOfYounger(machine) == 1000);
}

TEST_CASE_METHOD(Fixture, "I5: a zone whose row and lines are gone has its copy and fence after any upkeep") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.publisher->addZone(kYounger));
  REQUIRE(machine.pushTo(kYounger, 1000) == "published");
  REQUIRE(machine.tend().problems.empty());
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(),
                 "DELETE FROM good WHERE zone = 2; DELETE FROM entries WHERE zone = 2; DELETE FROM zones "
                 "WHERE id = 2"));
  SECTION("and the store is else whole") {
    REQUIRE(machine.start());
  }
  SECTION("and the store is damaged besides") {
    REQUIRE(meddle(directory.path(), "PRAGMA wal_checkpoint(TRUNCATE)"));
    // A table that nothing of the zones needs shows to the check of all pages.
    REQUIRE(meddle(directory.path(),
                   "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM "
                   "sqlite_schema WHERE name = 'texts') WHERE name = 'checkpoints'"));
    REQUIRE(machine.start());
    CHECK(machine.problems().find("was set aside") != std::string::npos);
  }
  INFO(machine.problems());
  (void)tendLater(machine);
  CHECK(std::filesystem::exists(copyOf(machine, 1000)));
  CHECK(servedOfYounger(machine) == 1000);
  CHECK(machine.served() == 4);
  REQUIRE(machine.start());
  CHECK(servedOfYounger(machine) == 1000);
  CHECK(machine.pushTo(kYounger, 7) == "refused");
  CHECK(machine.pushTo(kYounger, 1001) == "published");
}

TEST_CASE_METHOD(Fixture, "I5: upkeep removes no copy of a zone that it knows nothing of") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  const test::TemporaryDirectory other;
  {
    Machine elsewhere(other.path());
    REQUIRE(elsewhere.publisher->addZone(kYounger));
    REQUIRE(elsewhere.pushTo(kYounger, 1000) == "published");
    REQUIRE(elsewhere.tend().promoted.size() == 1);
  }
  REQUIRE(machine.start());
  std::filesystem::copy_file(other.path() + "/good/younger.1000", copyOf(machine, 1000));
  REQUIRE(machine.publisher->removeZone(test::kZone, "moved", false));
  REQUIRE(tendLater(machine).problems.empty());
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/good/example.2"));
  CHECK(std::filesystem::exists(copyOf(machine, 1000)));
}

TEST_CASE_METHOD(Fixture, "a zone that was forgotten is taken from no copy, and its copies go with upkeep") {
  Machine machine(directory.path());
  machine.fill(4);
  const std::string copy = directory.path() + "/good/example.2";
  REQUIRE(machine.publisher->removeZone(test::kZone, "moved", true));
  const bool isAddedAnew = GENERATE(false, true), isLost = GENERATE(false, true);
  if (isAddedAnew) {
    REQUIRE(machine.publisher->addZone(test::kZone));
    REQUIRE(machine.push(1) == "published");
  }
  machine.publisher.reset();
  if (isLost)
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(directory.path() + "/plans.db" + part);
  REQUIRE(machine.start());
  CHECK(machine.publisher->hasZone(test::kZone) == (isAddedAnew && !isLost));
  CHECK(machine.served() == (isAddedAnew && !isLost ? 1 : 0));
  (void)tendLater(machine);
  CHECK_FALSE(std::filesystem::exists(copy));
  REQUIRE(machine.start());
  CHECK(machine.publisher->hasZone(test::kZone) == (isAddedAnew && !isLost));
}
