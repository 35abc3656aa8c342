// What must not be lost with the store, or come back with it: contents, copies, zones that were forgotten.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/zone/sqlite_fault_vfs.h"
#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using holdfast::test::name;
using Fixture = holdfast::test::MachineFixture;

namespace {

void loseFile(const std::string& directory) {
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(directory + "/plans.db" + part);
}

std::string pushTo(Machine& machine, const std::string& zone, Generation generation) {
  const Name apex = name(zone);
  Document document;
  document.zone = apex;
  const std::string body = test::planOf(generation);
  document.body = body;
  const Result<Outcome> outcome = Intake(*machine.publisher, PlanLimits{}).submit(document);
  if (!outcome) return outcome.error().text();
  return outcome->kind == Outcome::Kind::Published ? "published" : "refused";
}

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "I5: clean-up of a store that is made anew under it removes nothing of the new one") {
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  REQUIRE(machine.publisher->addZone(test::kZone));
  REQUIRE(machine.publisher->addZone(name("other.")));
  REQUIRE(pushTo(machine, "other.", 7) == "published");
  for (Generation generation = 1; generation <= 15; ++generation)
    REQUIRE(machine.push(generation) == "published");
  REQUIRE(machine.publisher->removeZone(test::kZone, "moved", false));
  REQUIRE(machine.publisher->addZone(test::kZone));
  for (Generation generation = 16; generation <= 30; ++generation)
    REQUIRE(machine.push(generation) == "published");
  machine.now += std::int64_t{86'400} * 1'000'000;
  SECTION("the file is gone") {
    loseFile(directory.path());
  }
  SECTION("the first write finds it damaged") {
    vfs.failAt(0, SQLITE_CORRUPT);
  }
  Keeping keeping;
  keeping.history = {5, std::chrono::seconds(1), 0};
  keeping.goodAfter = std::chrono::hours(1);
  (void)machine.publisher->tend(keeping);
  CHECK(machine.publisher->storeStats().rebuilds == 1);
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 30);
  CHECK(machine.publisher->status(name("other."))->served == 7);
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
  CHECK(machine.publisher->verify(name("other."))->problem.empty());
}

TEST_CASE_METHOD(Fixture, "I4: copies that cannot be read are not taken for none") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  const std::string good = directory.path() + "/good";
  std::filesystem::rename(good, good + "-away");
  std::ofstream(good) << "no directory";
  SECTION("where the store is lost, there is no start without them") {
    loseFile(directory.path());
    CHECK_FALSE(machine.start());
    CHECK(machine.problem.find("good") != std::string::npos);
    std::filesystem::remove(good);
    std::filesystem::rename(good + "-away", good);
    REQUIRE(machine.start());
    CHECK(machine.served() == 2);
    CHECK(machine.push(3) == "published");
  }
  SECTION("where the store is whole, the start says so") {
    REQUIRE(machine.start());
    CHECK(machine.served() == 4);
    CHECK(machine.problems().find("good") != std::string::npos);
    CHECK(machine.push(5) == "published");
    loseFile(directory.path());
    CHECK(machine.push(6) == "published");  // made anew from what is served, without the copies
    REQUIRE(machine.start());
    CHECK(machine.served() == 6);
  }
}

TEST_CASE_METHOD(Fixture, "a removal that could not be written leaves the last-known-good copies") {
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  machine.fill(4);
  const bool forget = GENERATE(false, true);
  vfs.failAll(SQLITE_FULL);
  CHECK_FALSE(machine.publisher->removeZone(test::kZone, "moved", forget));
  vfs.heal();
  CHECK(std::filesystem::exists(directory.path() + "/good/example.2"));
  CHECK(machine.publisher->status(test::kZone)->good == std::vector<Generation>{2});
  REQUIRE(machine.publisher->removeZone(test::kZone, "moved", forget));
  REQUIRE(machine.tend().problems.empty());
  CHECK(std::filesystem::is_empty(directory.path() + "/good"));
}

TEST_CASE_METHOD(Fixture, "a zone that was forgotten does not come back") {
  Machine machine(directory.path());
  machine.fill(4);
  const std::string copy = directory.path() + "/good/example.2";
  const std::string kept = directory.path() + "/kept";
  std::filesystem::copy_file(copy, kept);
  SECTION("from a copy whose removal a power cut took back") {
    REQUIRE(machine.publisher->removeZone(test::kZone, "moved", true));
    machine.tend();
    std::filesystem::copy_file(kept, copy);
    REQUIRE(machine.start());
    CHECK_FALSE(machine.publisher->hasZone(test::kZone));
    machine.tend();
    CHECK_FALSE(std::filesystem::exists(copy));
  }
  SECTION("from a copy that no row named") {
    std::filesystem::copy_file(kept, directory.path() + "/good/example.1");
    REQUIRE(machine.publisher->addZone(name("1.example.")));
    std::ofstream(directory.path() + "/good/example.1.5") << "of another zone";
    REQUIRE(machine.publisher->removeZone(test::kZone, "moved", true));
    machine.tend();
    CHECK_FALSE(std::filesystem::exists(directory.path() + "/good/example.1"));
    CHECK_FALSE(std::filesystem::exists(copy));
    CHECK(std::filesystem::exists(directory.path() + "/good/example.1.5"));
  }
}

TEST_CASE_METHOD(Fixture,
                 "a store that was started from the copies alone takes plans when the disk does again") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  const std::string file = directory.path() + "/plans.db", away = directory.path() + "/away";
  std::filesystem::rename(file, away);
  std::filesystem::create_directory(file);  // cannot be opened
  REQUIRE(machine.start());
  CHECK(machine.served() == 2);
  CHECK(machine.push(5).find("is not written") != std::string::npos);
  std::filesystem::remove(file);
  SECTION("in a new file") {
    CHECK(machine.push(3) == "published");
    REQUIRE(machine.start());
    CHECK(machine.served() == 3);
  }
  SECTION("in the one that was there, above its fence") {
    std::filesystem::rename(away, file);
    CHECK(machine.push(4) != "published");
    CHECK(machine.push(5) == "published");
    CHECK(machine.served() == 5);
    REQUIRE(machine.start());
    CHECK(machine.served() == 5);
  }
  CHECK(machine.problems().empty());
  CHECK(machine.publisher->verify(test::kZone)->whole());
}

namespace {

/// Overwrites part of a file in place, as a stray program or a bad disk does.
void overwrite(const std::string& file, std::streamoff at, std::size_t octets) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(at);
  out << std::string(octets, '\x5a');
}

/// What a machine that stops now would come back with.
Generation servedAfterCrash(const std::string& directory) {
  const test::TemporaryDirectory copy;
  std::filesystem::remove_all(copy.path());
  std::filesystem::copy(directory, copy.path(), std::filesystem::copy_options::recursive);
  Machine machine(copy.path());
  return machine.served();
}

}  // namespace

TEST_CASE_METHOD(Fixture, "I7: a log that others take away or cut under a running server loses no plan") {
  const std::string file = directory.path() + "/plans.db";
  const auto [what, harm] = GENERATE(table<std::string, std::function<void(const std::string&)>>({
      {"removed", [](const std::string& path) { std::filesystem::remove(path + "-wal"); }},
      {"emptied", [](const std::string& path) { std::filesystem::resize_file(path + "-wal", 0); }},
      {"cut", [](const std::string& path) { std::filesystem::resize_file(path + "-wal", 5000); }},
  }));
  INFO(what);
  Machine machine(directory.path());
  machine.fill(4);
  harm(file);
  CHECK(machine.push(5) == "published");
  CHECK(machine.push(6) == "published");
  CHECK(servedAfterCrash(directory.path()) == 6);
  CHECK(machine.publisher->storeStats().rebuilds == 1);
}

TEST_CASE_METHOD(Fixture, "I7: a log that goes before the first write of a start loses no plan") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.start());
  std::filesystem::remove(directory.path() + "/plans.db-wal");
  CHECK(machine.push(5) == "published");
  CHECK(machine.push(6) == "published");
  CHECK(servedAfterCrash(directory.path()) == 6);
}

TEST_CASE_METHOD(Fixture, "I7: damage under a running server is found by upkeep, and the store made anew") {
  const std::string file = directory.path() + "/plans.db";
  Machine machine(directory.path());
  machine.fill(4);
  machine.tend();
  const auto [what, harm] = GENERATE(table<std::string, std::function<void(const std::string&)>>({
      {"header", [](const std::string& path) { overwrite(path, 0, 4096); }},
      {"second page", [](const std::string& path) { overwrite(path, 4096, 4096); }},
      {"all but the first page",
       [](const std::string& path) { overwrite(path, 4096, std::filesystem::file_size(path) - 4096); }},
      {"emptied", [](const std::string& path) { std::filesystem::resize_file(path, 0); }},
      {"cut", [](const std::string& path) { std::filesystem::resize_file(path, 8192); }},
      {"header of the log", [](const std::string& path) { overwrite(path + "-wal", 0, 3000); }},
  }));
  INFO(what);
  REQUIRE(machine.push(5) == "published");  // in the log alone
  harm(file);
  CHECK(machine.push(6) == "published");
  machine.tend();
  CHECK(servedAfterCrash(directory.path()) == 6);
  CHECK(machine.push(7) == "published");
  CHECK(machine.push(6) == "refused");
}

TEST_CASE_METHOD(Fixture, "upkeep takes no healthy store for a damaged one") {
  Machine machine(directory.path());
  machine.fill(4);
  for (Generation generation = 5; generation < 40; ++generation) {
    REQUIRE(machine.push(generation) == "published");
    machine.tend();
  }
  CHECK(machine.publisher->storeStats().rebuilds == 0);
}
