// In programs without a sanitizer only: those bring allocation functions of their own.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "tests/zone/concurrency_fixture.h"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t octets) {
  ++allocations;
  void* memory = std::malloc(octets == 0 ? 1 : octets);  // NOLINT(cppcoreguidelines-no-malloc)
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t octets) {
  return counted(octets);
}
void* operator new[](std::size_t octets) {
  return counted(octets);
}
void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete[](void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

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
  const std::size_t before = allocations;
  step();
  return allocations - before;
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
  REQUIRE(allocationsOf([] { (void)std::make_unique<int>(1); }) == 1);  // it counts
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
