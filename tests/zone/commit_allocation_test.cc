// In programs without a sanitizer only: those bring allocation functions of their own.
#include <catch2/catch.hpp>

#include "tests/zone/allocations.h"
#include "tests/zone/concurrency_fixture.h"
#include "tests/zone/sqlite_fault_vfs.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

Submission planOf(const std::string& zone, Generation generation) {
  Submission submission;
  submission.plan = *parseJsonPlan(fullPlan(generation), name(zone), PlanLimits{});
  return submission;
}

/// Counts what a step asks of the heap.
template <class Step>
std::size_t allocationsOf(const Step& step) {
  const std::size_t before = allocationsSoFar();
  step();
  return allocationsSoFar() - before;
}

}  // namespace

TEST_CASE("I11: between the commit and the end of the swap nothing is allocated") {
  const RcuThread thread;
  Disk disk;
  StoreModel store(disk);
  CommitPath path(store, [] { return WallTime(std::chrono::seconds(1'800'000'000)); });
  for (const char* zone : {"one.", "two.", "three."}) {
    Result<ZoneChange> change = path.stageAdd(name(zone), {});
    REQUIRE(change);
    REQUIRE(path.write(*change));
    CHECK(allocationsOf([&] { path.apply(*change); }) == 0);
  }
  REQUIRE(allocationsOf([] { ::operator delete(::operator new(1)); }) == 1);  // it counts
  for (Generation generation = 3; generation < 6; generation += 2) {
    const Submission one = planOf("one.", generation), two = planOf("two.", generation),
                     three = planOf("three.", generation), older = planOf("one.", generation - 1);
    Attempt a(one), b(two), c(three), waiting(older);
    for (Attempt* attempt : {&a, &b, &c}) {
      path.admit(*attempt, {});
      path.prepare(*attempt);
      path.conclude(*attempt);
    }
    path.admit(waiting, {});
    REQUIRE(waiting.step == Attempt::Step::Waiting);
    Batch batch = path.choose({});
    REQUIRE(batch.parts.size() == 3);
    Result<Durable> durable = path.commit(batch);
    REQUIRE(durable);
    CHECK(allocationsOf([&] { path.publish(*std::move(durable)); }) == 0);
    CHECK(a.outcome.kind == Outcome::Kind::Published);
    CHECK(waiting.outcome.kind == Outcome::Kind::Superseded);
    (void)path.takeRecords();
  }
  for (const bool forget : {false, true}) {
    Result<ZoneChange> change = path.stageRemoval(name("one."), "test", forget, {});
    REQUIRE(change);
    REQUIRE(path.write(*change));
    CHECK(allocationsOf([&] { path.apply(*change); }) == 0);
  }
  RcuRetired::drain();
}

TEST_CASE("I11: once a commit is on the disk the real store allocates nothing") {
  const RcuThread thread;
  const TemporaryDirectory directory;
  FaultVfs vfs;
  std::size_t written = 0;  // up to the last write and sync of the commit, by this thread
  vfs.afterEach([&] { written = allocationsSoFar(); });
  StoreOptions options;
  options.vfs = vfs.name();
  Result<std::unique_ptr<PlanStore>> store = openSqliteStore(directory.path(), options);
  REQUIRE(store);
  // As long as names are: none fits into a string without allocating.
  const std::string zone = "a-zone-with-a-long-name.us-east-1.example.";
  HistoryEntry added;
  added.fate = Fate::ZoneAdded;
  StoredZone stored;
  stored.apex = name(zone);
  const Status put = (*store)->putZone(stored, added);
  const std::size_t afterPut = allocationsSoFar();
  REQUIRE(put);
  CHECK(afterPut == written);
  const bool isForgottenInMemory = GENERATE(false, true);
  if (isForgottenInMemory) {  // the first commit to a zone that nothing was told of
    *store = nullptr;
    store = openSqliteStore(directory.path(), options);
    REQUIRE(store);
  }
  std::shared_ptr<const Zone> before = std::make_shared<Zone>(stored.apex);
  for (Generation generation = 1; generation <= 4; ++generation) {
    auto after = zoneOf(zone, "@ 60 IN SOA ns host 1 1 1 1 1\n@ 60 IN NS ns." + zone + "\n@ 60 IN TXT " +
                                  std::to_string(generation) + "\n");
    HistoryEntry entry;
    entry.fate = Fate::Committed;
    entry.generation = generation;
    if (generation == 4) entry.restored = 2;
    const std::array<ZoneCommit, 1> commits{{{entry, *before, after}}};
    const std::size_t begun = allocationsSoFar();
    const Status done = (*store)->commit(commits);
    const std::size_t ended = allocationsSoFar();
    REQUIRE(done);
    CHECK(written > begun);
    CHECK(ended == written);
    before = after;
  }
}

TEST_CASE("I11: once a removal is on the disk the real store allocates nothing, and touches no copy") {
  const RcuThread thread;
  const TemporaryDirectory directory;
  FaultVfs vfs;
  std::size_t written = 0;  // up to the last write and sync of the store, by this thread
  vfs.afterEach([&] { written = allocationsSoFar(); });
  StoreOptions options;
  options.vfs = vfs.name();
  Result<std::unique_ptr<PlanStore>> store = openSqliteStore(directory.path(), options);
  REQUIRE(store);
  const std::string zone = "a-zone-with-a-long-name.us-east-1.example.";
  const std::string copy = directory.path() + "/good/a-zone-with-a-long-name.us-east-1.example.1";
  StoredZone stored;
  stored.apex = name(zone);
  HistoryEntry added, removed, entry;
  added.fate = Fate::ZoneAdded;
  removed.fate = Fate::ZoneRemoved;
  entry.fate = Fate::Committed;
  entry.generation = 1;
  REQUIRE((*store)->putZone(stored, added));
  const Zone before(stored.apex);
  const auto after =
      zoneOf(zone, "@ 60 IN SOA ns host 1 1 1 1 1\n@ 60 IN NS ns." + zone + "\n@ 60 IN TXT 1\n");
  const std::array<ZoneCommit, 1> commits{{{entry, before, after}}};
  REQUIRE((*store)->commit(commits));
  REQUIRE((*store)->promote(after, 1));
  REQUIRE(std::filesystem::exists(copy));
  stored.fence = 1;
  stored.removed = true;
  const bool forget = GENERATE(false, true);
  const std::size_t begun = allocationsSoFar();
  const Status done = forget ? (*store)->forgetZone(stored.apex) : (*store)->putZone(stored, removed);
  const std::size_t ended = allocationsSoFar();
  REQUIRE(done);
  CHECK(written > begun);
  CHECK(ended == written);
  CHECK(std::filesystem::exists(copy));
  REQUIRE((*store)->maintain());
  CHECK_FALSE(std::filesystem::exists(copy));
}
