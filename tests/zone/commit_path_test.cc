// The steps of the commit path one by one: what makes a verdict void, whose turn it is, what a step may do.
#include <catch2/catch.hpp>
#include <thread>

#include "tests/zone/concurrency_fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using Step = Attempt::Step;

namespace {

constexpr Monotonic kNow{std::chrono::hours(1)};

struct Path {
  RcuThread thread;
  Disk disk;
  StoreModel store{disk};
  CommitPath path{store, [] { return WallTime(std::chrono::seconds(1'800'000'000)); }};

  ~Path() { RcuRetired::drain(); }
  void add(const std::string& zone) {
    Result<ZoneChange> change = path.stageAdd(name(zone), {});
    REQUIRE(change);
    REQUIRE(path.write(*change));
    path.apply(*change);
  }
  static Submission plan(const std::string& zone, const std::string& body) {
    Submission submission;
    submission.plan = *parseJsonPlan(body, name(zone), PlanLimits{});
    return submission;
  }
  void prepare(Attempt& attempt) {
    path.admit(attempt, kNow);
    REQUIRE(attempt.step == Step::Prepare);
    path.prepare(attempt);
  }
  Status settle() {
    Batch batch = path.choose(kNow);
    if (batch.isEmpty()) return Done{};
    Result<Durable> durable = path.commit(batch);
    if (!durable) {
      path.fail(batch, durable.error());
      return durable.error();
    }
    path.publish(*std::move(durable));
    return Done{};
  }
  void publish(const std::string& zone, const std::string& body) {
    const Submission submission = plan(zone, body);
    Attempt attempt(submission);
    prepare(attempt);
    path.conclude(attempt);
    REQUIRE(attempt.step == Step::Ready);
    REQUIRE(settle());
    REQUIRE(attempt.outcome.kind == Outcome::Kind::Published);
  }
};

std::string withRecord(Generation generation, const std::string& record) {
  return numbered("\"generation\": " + std::to_string(generation), 1,
                  R"(, "records": ["@ 60 IN NS ns.", ")" + record + "\"]");
}

}  // namespace

TEST_CASE_METHOD(Path, "a verdict is made anew when what it depends on changed, and only then") {
  for (const char* zone : {"z.", "below.z.", "other.", "aliases."}) add(zone);
  for (const char* zone : {"z.", "below.z.", "other."}) publish(zone, fullPlan(1));
  publish("aliases.", withRecord(1, "x 60 IN CNAME a.z."));
  const Submission submission = plan("z.", fullPlan(9));
  const auto isVoidAfter = [&](const auto& change) {
    Attempt attempt(submission);
    prepare(attempt);
    change();
    path.conclude(attempt);
    const bool isVoid = attempt.step == Step::Admit;
    path.withdraw(attempt);
    return isVoid;
  };
  CHECK_FALSE(isVoidAfter([] {}));
  CHECK_FALSE(isVoidAfter([&] { publish("other.", fullPlan(2)); }));
  CHECK(isVoidAfter([&] { publish("below.z.", fullPlan(2)); }));
  CHECK(isVoidAfter([&] { publish("aliases.", withRecord(2, "x 60 IN CNAME b.z.")); }));
  CHECK(isVoidAfter([&] { publish("z.", deltaPlan(1, 3)); }));
}

TEST_CASE_METHOD(Path, "a policy or a freeze makes a verdict void, and so does the end of a zone beside it") {
  for (const char* zone : {"z.", "other."}) add(zone);
  publish("z.", fullPlan(1));
  const Submission submission = plan("z.", fullPlan(9));
  const auto isVoidAfter = [&](const auto& change) {
    Attempt attempt(submission);
    prepare(attempt);
    change();
    path.conclude(attempt);
    const bool isVoid = attempt.step == Step::Admit;
    path.withdraw(attempt);
    return isVoid;
  };
  CHECK(isVoidAfter([&] {
    GuardPolicy policy;
    policy.minTargets = 0;
    path.setPolicy(name("z."), policy);
  }));
  CHECK(isVoidAfter([&] {
    Result<ZoneChange> change = path.stageFreeze(name("z."), "test", {}, "");
    REQUIRE(path.write(*change));
    path.apply(*change);
  }));
  CHECK(isVoidAfter([&] {
    Result<ZoneChange> change = path.stageRemoval(name("other."), "test", true, {});
    REQUIRE(path.write(*change));
    path.apply(*change);
  }));
}

TEST_CASE_METHOD(Path,
                 "I10: who was overtaken twice gets a turn, and only who could matter waits, for a time") {
  for (const char* zone : {"slow.", "busy.", "apart."}) add(zone);
  publish("slow.", withRecord(1, "x 60 IN CNAME a.busy."));
  for (const char* zone : {"busy.", "apart."}) publish(zone, fullPlan(1));
  const Submission submission = plan("slow.", withRecord(2, "x 60 IN CNAME b.busy."));
  Attempt attempt(submission);
  for (Generation generation = 2; generation < 4; ++generation) {
    prepare(attempt);
    publish("busy.", fullPlan(generation));
    path.conclude(attempt);
    REQUIRE(attempt.step == Step::Admit);
  }
  prepare(attempt);  // it has its turn
  const Submission busy = plan("busy.", fullPlan(9)), apart = plan("apart.", fullPlan(9));
  Attempt later(busy), free(apart);
  path.admit(later, kNow);
  CHECK(later.step == Step::Waiting);
  REQUIRE(later.wakeAt);
  CHECK(*later.wakeAt == kNow + GuardPolicy().timeout);
  path.admit(free, kNow);
  // "apart" has no alias, but the slow zone has: anything could matter to it.
  CHECK(free.step == Step::Waiting);
  path.admit(free, kNow + GuardPolicy().timeout);
  CHECK(free.step == Step::Prepare);
  path.withdraw(free);
  path.conclude(attempt);
  CHECK(attempt.step == Step::Ready);
  REQUIRE(settle());
  CHECK(attempt.outcome.kind == Outcome::Kind::Published);
  path.admit(later, kNow);
  CHECK(later.step == Step::Prepare);
  path.withdraw(later);
}

TEST_CASE_METHOD(Path, "I10: a turn of a zone without aliases leaves the others alone") {
  for (const char* zone : {"z.", "sub.z.", "other."}) add(zone);
  for (const char* zone : {"z.", "sub.z.", "other."}) publish(zone, fullPlan(1));
  const Submission submission = plan("z.", fullPlan(2));
  Attempt attempt(submission);
  for (Generation generation = 2; generation < 4; ++generation) {
    prepare(attempt);
    publish("sub.z.", fullPlan(generation));
    path.conclude(attempt);
  }
  prepare(attempt);
  const Submission other = plan("other.", fullPlan(2)), sub = plan("sub.z.", fullPlan(9));
  Attempt free(other), nested(sub);
  path.admit(free, kNow);
  CHECK(free.step == Step::Prepare);
  path.admit(nested, kNow);
  CHECK(nested.step == Step::Waiting);
  for (Attempt* each : {&attempt, &free, &nested}) path.withdraw(*each);
}

TEST_CASE_METHOD(Path, "I10: all compiles of a plan share one time limit") {
  add("z.");
  publish("z.", fullPlan(1));
  const Submission submission = plan("z.", fullPlan(2));
  Attempt attempt(submission);
  path.admit(attempt, kNow);
  attempt.outcome.judged = GuardPolicy().timeout;  // spent by the tries before
  path.prepare(attempt);
  path.conclude(attempt);
  CHECK(attempt.step == Step::Done);
  CHECK(attempt.outcome.is(Rule::Timeout));
  (void)path.takeRecords();
}

TEST_CASE_METHOD(Path, "a batch takes one plan per zone, and none that depends on another of it") {
  for (const char* zone : {"z.", "sub.z.", "one.", "two."}) add(zone);
  for (const char* zone : {"z.", "sub.z.", "one.", "two."}) publish(zone, fullPlan(1));
  const Submission plans[] = {plan("z.", fullPlan(2)), plan("sub.z.", fullPlan(2)), plan("one.", fullPlan(2)),
                              plan("one.", deltaPlan(1, 9)), plan("two.", fullPlan(2))};
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (const Submission& submission : plans) {
    attempts.push_back(std::make_unique<Attempt>(submission));
    prepare(*attempts.back());
    path.conclude(*attempts.back());
    REQUIRE(attempts.back()->step == Step::Ready);
  }
  const std::size_t before = store.commits;
  REQUIRE(settle());
  CHECK(store.commits == before + 1);
  CHECK(attempts[0]->outcome.kind == Outcome::Kind::Published);
  CHECK(attempts[1]->step == Step::Ready);  // nothing is said of it while the commit could fail
  CHECK(attempts[3]->step == Step::Ready);
  CHECK(attempts[4]->outcome.kind == Outcome::Kind::Published);
  REQUIRE(settle());
  CHECK(attempts[1]->step == Step::Admit);
  CHECK(attempts[3]->outcome.is(Rule::BaseMismatch));
  path.withdraw(*attempts[1]);
  (void)path.takeRecords();
}

TEST_CASE_METHOD(Path, "a zone whose write failed goes alone, and holds up no other") {
  for (const char* zone : {"bad.", "good."}) add(zone);
  const Submission first = plan("bad.", fullPlan(1));
  {
    Attempt attempt(first);
    prepare(attempt);
    path.conclude(attempt);
    store.next = Fault::FailsDurably;
    CHECK_FALSE(settle());
    REQUIRE(attempt.error);
    CHECK(attempt.error->kind == ErrorKind::Store);
    CHECK(disk[name("bad.")].contents.contains(1));
  }
  const Submission bad = plan("bad.", fullPlan(1)), good = plan("good.", fullPlan(1));
  Attempt again(bad), other(good);
  for (Attempt* attempt : {&again, &other}) {
    prepare(*attempt);
    path.conclude(*attempt);
  }
  store.next = Fault::Fails;  // of what the failed write is taken back by
  CHECK_FALSE(settle());
  CHECK(again.error);
  CHECK(other.step == Step::Ready);
  REQUIRE(settle());
  CHECK(other.outcome.kind == Outcome::Kind::Published);
  CHECK_FALSE(disk[name("bad.")].contents.contains(1));
  publish("bad.", fullPlan(1));
}

TEST_CASE_METHOD(Path,
                 "velocity: a zone that is forgotten leaves no losses behind, one that is removed does") {
  for (const char* zone : {"y.", "z."}) {
    add(zone);
    publish(zone, fullPlan(1));
    Losses losses;
    losses.byEndpoint.emplace(name(std::string("a.") + zone), EndpointLoss{{3, 300, 3}, {}, 0});
    path.replayLosses(name(zone), losses, kNow);
  }
  const Submission submission = plan("y.", fullPlan(2));
  const auto standsElsewhere = [&] {
    Attempt attempt(submission);
    path.admit(attempt, kNow);
    path.withdraw(attempt);
    return attempt.basis.elsewhere;
  };
  REQUIRE(standsElsewhere() == Loss{3, 300, 0});
  for (const bool forget : {false, true}) {
    Result<ZoneChange> change = path.stageRemoval(name("z."), "retired", forget, {});
    REQUIRE(change);
    REQUIRE(path.write(*change));
    path.apply(*change);
    CHECK(standsElsewhere() == (forget ? Loss{} : Loss{3, 300, 0}));
    CHECK((path.losses().find(name("z.")) == nullptr) == forget);
  }
  CHECK(path.losses().zones() == 1);
}

TEST_CASE_METHOD(Path,
                 "velocity: what is too old is let go of beside the traffic, unless a plan comes first") {
  add("z.");
  publish("z.", fullPlan(1));
  Losses losses;
  losses.byEndpoint.emplace(name("x.z."), EndpointLoss{{1, 100, 1}, {}, 0});
  path.replayLosses(name("z."), losses, kNow);
  const Monotonic later = kNow + GuardPolicy().velocity.per;
  CHECK(path.oldLosses(later - std::chrono::nanoseconds(1)).empty());
  const auto trim = [&](const auto& meanwhile) {
    std::vector<CommitPath::OldLosses> old = path.oldLosses(later);
    REQUIRE(old.size() == 1);
    old[0].window = old[0].window.since(old[0].oldest);
    meanwhile();
    path.putTrimmed(old[0]);
  };
  trim([&] { publish("z.", fullPlan(2)); });
  CHECK(path.losses().find(name("z."))->size() == 1);
  trim([] {});
  CHECK(path.losses().find(name("z."))->size() == 0);
  CHECK(path.oldLosses(later).empty());
}

TEST_CASE_METHOD(Path, "a swap is measured from when the store has it to when it is served") {
  constexpr std::chrono::milliseconds kBetween{30};
  add("z.");
  const Submission submission = plan("z.", fullPlan(1));
  Attempt attempt(submission);
  prepare(attempt);
  path.conclude(attempt);
  Batch batch = path.choose(kNow);
  Result<Durable> durable = path.commit(batch);
  REQUIRE(durable);
  std::this_thread::sleep_for(kBetween);  // whatever else comes between, such as a lock
  const std::uint64_t before = path.swapStats().micros;
  path.publish(*std::move(durable));
  CHECK(std::chrono::microseconds(path.swapStats().micros - before) >= kBetween);
  CHECK(std::chrono::microseconds(path.swapStats().longestMicros) >= kBetween);
}
