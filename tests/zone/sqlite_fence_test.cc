// Fences outlive the store, and a large store starts without being read whole.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using holdfast::test::name;
using Fixture = holdfast::test::MachineFixture;

namespace {

const Name kOther = name("other.");

void loseStore(const std::string& directory) {
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(directory + "/plans.db" + part);
}

TendReport tendWithoutPromotion(Machine& machine) {
  Keeping keeping;
  keeping.goodAfter = std::chrono::hours(1);
  return machine.publisher->tend(keeping);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "I1: where the store is lost the fences are not") {
  Machine machine(directory.path());
  machine.fill(4);  // 2 is the last-known-good one
  const Name gone = name("gone.");
  for (const Name& zone : {kOther, gone}) {
    REQUIRE(machine.publisher->addZone(zone));
    REQUIRE(machine.pushTo(zone, 7) == "published");
  }
  REQUIRE(machine.publisher->removeZone(gone, "moved", false));
  REQUIRE(tendWithoutPromotion(machine).problems.empty());
  machine.publisher.reset();
  loseStore(directory.path());
  REQUIRE(machine.start());
  CHECK(machine.served() == 2);
  CHECK(machine.push(4) == "refused");
  CHECK(machine.push(5) == "published");
  CHECK(machine.publisher->status(kOther)->served == 0);
  CHECK(machine.pushTo(kOther, 7) == "refused");
  CHECK(machine.pushTo(kOther, 8) == "published");
  CHECK(machine.publisher->wasRemoved(gone));
  REQUIRE(machine.publisher->addZone(gone));
  CHECK(machine.pushTo(gone, 7) == "refused");
  for (const Name& zone : {test::kZone, kOther, gone})
    CHECK(machine.publisher->verify(zone)->problem.empty());
}

TEST_CASE_METHOD(Fixture, "I1: an older store that was put back takes no plan that was committed since") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  std::filesystem::copy_file(directory.path() + "/plans.db", directory.path() + "/older");
  REQUIRE(machine.start());
  for (Generation generation = 5; generation <= 8; ++generation)
    REQUIRE(machine.push(generation) == "published");
  (void)tendWithoutPromotion(machine);
  machine.publisher.reset();
  loseStore(directory.path());
  std::filesystem::rename(directory.path() + "/older", directory.path() + "/plans.db");
  REQUIRE(machine.start());
  CHECK(machine.problems().find("raised") != std::string::npos);
  CHECK(machine.served() == 4);
  CHECK(machine.push(8) == "refused");
  CHECK(machine.push(9) == "published");
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
}

TEST_CASE_METHOD(Fixture, "a zone that was forgotten begins anew, whatever its fence was") {
  Machine machine(directory.path());
  machine.fill(4);
  (void)tendWithoutPromotion(machine);
  REQUIRE(machine.publisher->removeZone(test::kZone, "moved", true));
  REQUIRE(machine.publisher->addZone(test::kZone));
  REQUIRE(machine.push(1) == "published");
  REQUIRE(machine.start());  // before upkeep
  CHECK(machine.served() == 1);
  CHECK(machine.push(2) == "published");
}

TEST_CASE_METHOD(Fixture,
                 "I4: a file of fences that is damaged is told of, and one that cannot be read stops") {
  Machine machine(directory.path());
  machine.fill(4);
  (void)tendWithoutPromotion(machine);
  machine.publisher.reset();
  const std::string file = directory.path() + "/fences";
  REQUIRE(std::filesystem::exists(file));
  SECTION("damaged") {
    std::ofstream(file) << "HFF1 and more than thirty-two octets that are no digest of it";
    REQUIRE(machine.start());
    CHECK(machine.problems().find("tells no fences") != std::string::npos);
    CHECK(machine.served() == 4);
    (void)tendWithoutPromotion(machine);
    REQUIRE(machine.start());
    CHECK(machine.problems().empty());
  }
  SECTION("unreadable, and the store is lost") {
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    loseStore(directory.path());
    CHECK_FALSE(machine.start());
    CHECK(machine.problem.find("fences") != std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture, "I6: a large store is checked after the start, whatever part of it is damaged") {
  Machine machine(directory.path());
  machine.fill(4);
  machine.publisher.reset();
  const auto pages = std::filesystem::file_size(directory.path() + "/plans.db") / 4096;
  const test::TemporaryDirectory copy;
  std::size_t rebuilt = 0;
  for (std::size_t page = 0; page < pages; ++page) {
    INFO("page " << page);
    std::filesystem::remove_all(copy.path());
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    {
      std::fstream out(copy.path() + "/plans.db", std::ios::in | std::ios::out | std::ios::binary);
      out.seekp(static_cast<std::streamoff>(page * 4096));
      out << std::string(4096, '\x5a');
    }
    StoreOptions options;
    options.octetsCheckedAtStart = 0;
    Machine damaged(copy.path(), "", options);
    REQUIRE(damaged.publisher != nullptr);
    CHECK(damaged.served() >= 2);
    CHECK(damaged.push(2) == "refused");
    (void)tendWithoutPromotion(damaged);
    rebuilt += damaged.publisher->storeStats().rebuilds;
    CHECK(damaged.push(5) == "published");
    CHECK(damaged.served() == 5);
    damaged.options.octetsCheckedAtStart = 64 << 20;
    REQUIRE(damaged.start());
    CHECK(damaged.served() == 5);
  }
  CHECK(rebuilt > 0);
}

TEST_CASE_METHOD(Fixture, "explain says where it stops to look, and holds nobody up") {
  Machine machine(directory.path());
  machine.options.searchedOctets = 300;
  REQUIRE(machine.start());
  REQUIRE(machine.publisher->addZone(test::kZone));
  const auto withB = [](Generation generation) {
    return R"({"plan": 1, "generation": )" + std::to_string(generation) +
           R"(, "endpoints": {"a": {"targets": [{"address": "192.0.2.)" + std::to_string(generation) +
           R"("}]}, "b": {"targets": [{"address": "192.0.2.1"}]}}, "records": ["@ 60 IN NS ns."]})";
  };
  for (Generation generation = 1; generation <= 40; ++generation)
    REQUIRE(machine.push(withB(generation)) == "published");
  const auto a = machine.publisher->lastChangeOf(test::kZone, name("a.example."));
  REQUIRE(a);
  CHECK((*a)->generation == 40);
  const auto b = machine.publisher->lastChangeOf(test::kZone, name("b.example."));
  REQUIRE_FALSE(b);
  CHECK(b.error().what.find("was not changed by the newest") != std::string::npos);
  machine.options.searchedOctets = 1 << 20;
  REQUIRE(machine.start());
  CHECK((*machine.publisher->lastChangeOf(test::kZone, name("b.example.")))->generation == 1);
}
