#include <catch2/catch.hpp>
#include <thread>

#include "tests/zone/fixtures.h"
#include "zone/compile.h"
#include "zone/lookup.h"

using namespace holdfast;
using holdfast::test::name;
using holdfast::test::rulesOf;
using Rules = std::vector<std::string>;

namespace {

std::string plan(Generation generation, int address, const std::string& more = "") {
  return R"({"plan": 1, "generation": )" + std::to_string(generation) + more +
         R"(, "endpoints": {"a": {"targets": [{"address": "192.0.2.)" + std::to_string(address) +
         R"("}]}, "b": {"targets": [{"address": "198.51.100.)" + std::to_string(address) +
         R"("}]}}, "records": ["@ 60 IN NS ns."]})";
}

struct Fixture {
  test::TemporaryDirectory directory;
  test::Server server{directory.path()};
  Fixture() { REQUIRE(server.publisher().addZone(name("example."))); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "I1: a plan not newer than what is committed is refused, whatever it was before") {
  CHECK(server.push("example.", plan(5, 1)).kind == Outcome::Kind::Published);
  CHECK(rulesOf(server.push("example.", plan(5, 2))) == Rules{"stale-generation example."});
  CHECK(rulesOf(server.push("example.", plan(4, 2))) == Rules{"stale-generation example."});
  const Outcome refused = server.push("example.", plan(4, 2));
  CHECK(refused.verdict.reasons[0].observed == "4");
  CHECK(refused.verdict.reasons[0].limit == "above 5");
  CHECK(server.served("example.") == 5);
}

TEST_CASE_METHOD(Fixture, "planned is ahead of what is committed until the next plan is, refused or not") {
  const auto planned = [&] { return server.publisher().status(name("example."))->planned; };
  REQUIRE(server.push("example.", plan(5, 1)).kind == Outcome::Kind::Published);
  CHECK(planned() == 5);
  const std::string emptied =
      R"({"plan": 1, "generation": 1000, "endpoints": {}, "records": ["@ 60 IN NS ns."]})";
  REQUIRE(server.push("example.", emptied).kind == Outcome::Kind::Refused);
  CHECK(planned() == 1000);
  REQUIRE(server.push("example.", plan(4, 1)).kind == Outcome::Kind::Refused);
  CHECK(planned() == 1000);
  REQUIRE(server.push("example.", plan(6, 2)).kind == Outcome::Kind::Published);
  CHECK(planned() == 6);
}

TEST_CASE_METHOD(Fixture, "I1: of many plans sent at once with one base exactly one is published") {
  REQUIRE(server.push("example.", plan(1, 1)).kind == Outcome::Kind::Published);
  for (Generation base = 1; base < 12; ++base) {
    std::atomic<int> published{0};
    std::atomic<int> mismatched{0};
    std::vector<std::thread> enactors;
    for (int i = 0; i < 4; ++i)
      enactors.emplace_back([&, i] {
        const RcuThread registered;
        const std::string body = R"({"plan": 1, "kind": "delta", "base": )" + std::to_string(base) +
                                 R"(, "endpoints": {"a": {"targets": [{"address": "192.0.2.)" +
                                 std::to_string(10 + i) + R"("}]}}})";
        const Outcome outcome = server.push("example.", body);
        if (outcome.kind == Outcome::Kind::Published) ++published;
        if (outcome.is(Rule::BaseMismatch)) ++mismatched;
      });
    for (std::thread& enactor : enactors) enactor.join();
    CHECK(published == 1);
    CHECK(mismatched == 3);
    CHECK(server.served("example.") == base + 1);
  }
}

TEST_CASE_METHOD(Fixture,
                 "I1 and I3: under racing Enactors generations only grow and no reader sees two at once") {
  REQUIRE(server.push("example.", plan(1, 1)).kind == Outcome::Kind::Published);
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<int> backwards{0};
  std::atomic<int> empty{0};
  const auto lastOctet = [](const Zone& zone, const char* owner) {
    const Name asked = name(owner);
    const Lookup found = lookup(zone, HashedName(asked.view()), RRType::A);
    return found.found == Found::Data ? static_cast<int>(found.rrset.front()[3]) : -1;
  };
  std::thread reader([&] {
    const RcuThread registered;
    const Name apex = name("example.");
    Generation last = 0;
    while (!stop) {
      const ReadSection section;
      const Zone* zone = server.publisher().snapshot().read(section).zoneAt(apex);
      if (zone->generation() < last) ++backwards;
      last = zone->generation();
      const int a = lastOctet(*zone, "a.example.");
      const int b = lastOctet(*zone, "b.example.");
      if (a < 0 || b < 0) ++empty;
      if (a != b || a != static_cast<int>(last % 200)) ++torn;
    }
  });
  std::vector<std::thread> enactors;
  for (int i = 0; i < 3; ++i)
    enactors.emplace_back([&, i] {
      const RcuThread registered;
      for (Generation generation = 2; generation < 150; ++generation) {
        const Generation mine = generation + static_cast<Generation>(i);
        server.push("example.", plan(mine, static_cast<int>(mine % 200)));
      }
    });
  for (std::thread& enactor : enactors) enactor.join();
  stop = true;
  reader.join();
  CHECK(torn == 0);
  CHECK(backwards == 0);
  CHECK(empty == 0);
  CHECK(server.served("example.") == 151);
  RcuRetired::drain();
  const ReclaimStats& reclaim = server.publisher().reclaimStats();
  CHECK(reclaim.retired == reclaim.reclaimed);
}

TEST_CASE_METHOD(Fixture, "I1: plans for two zones at once never undo each other") {
  REQUIRE(server.publisher().addZone(name("other.")));
  std::atomic<int> undone{0};
  const auto enact = [&](const std::string& zone) {
    const RcuThread registered;
    for (Generation generation = 1; generation <= 120; ++generation) {
      server.push(zone, plan(generation, static_cast<int>(generation)));
      if (server.served(zone) != generation) ++undone;
    }
  };
  std::thread first(enact, "example.");
  std::thread second(enact, "other.");
  first.join();
  second.join();
  CHECK(undone == 0);
  CHECK(server.served("example.") == 120);
  CHECK(server.served("other.") == 120);
}

TEST_CASE_METHOD(Fixture,
                 "I7: a restart serves the last committed generation without any source being there") {
  for (Generation generation = 1; generation <= 20; ++generation)
    REQUIRE(server.push("example.", plan(generation, static_cast<int>(generation))).kind ==
            Outcome::Kind::Published);
  server.restart();
  CHECK(server.publisher().loadProblems().empty());
  CHECK(server.served("example.") == 20);
  CHECK(server.effect("a.example.", RRType::A) == Effect::Positive);
  CHECK(rulesOf(server.push("example.", plan(20, 1))) == Rules{"stale-generation example."});
  for (const Generation generation : {Generation{1}, Generation{13}, Generation{20}}) {
    const auto content = server.publisher().content(name("example."), generation);
    REQUIRE(content);
    const auto a = (*content)->find(name("a.example.")).find(RRType::A).front();
    CHECK(a[3] == generation);
  }
}

TEST_CASE_METHOD(Fixture, "I6: a delta to content that is not there is refused, a full plan heals") {
  const std::string delta = R"({"plan": 1, "kind": "delta", "base": 0, "records": ["@ 60 IN NS ns."]})";
  CHECK(rulesOf(server.push("example.", delta)) == Rules{"base-mismatch example."});
  CHECK(server.push("example.", plan(1, 1)).kind == Outcome::Kind::Published);
}

TEST_CASE_METHOD(Fixture, "a removed zone keeps its fence, so that a late plan cannot revive it") {
  REQUIRE(server.push("example.", plan(7, 1)).kind == Outcome::Kind::Published);
  REQUIRE(server.publisher().removeZone(name("example."), "retired", false));
  CHECK_FALSE(server.publisher().hasZone(name("example.")));
  server.restart();
  CHECK(server.publisher().wasRemoved(name("example.")));
  REQUIRE(server.publisher().addZone(name("example.")));
  CHECK(rulesOf(server.push("example.", plan(7, 1))) == Rules{"stale-generation example."});
  server.restart();
  CHECK(server.served("example.") == 0);  // added again, but nothing committed since
  CHECK(server.push("example.", plan(8, 1)).kind == Outcome::Kind::Published);
  server.restart();
  CHECK(server.served("example.") == 8);
  REQUIRE(server.publisher().removeZone(name("example."), "forget it", true));
  REQUIRE(server.publisher().addZone(name("example.")));
  CHECK(server.push("example.", plan(1, 1)).kind == Outcome::Kind::Published);
}

TEST_CASE_METHOD(Fixture, "a generation left out is the next one, and a zone file's first is its serial") {
  const std::string file = "@ 60 IN SOA ns host 2026112101 1 1 1 1\n@ 60 IN NS ns.\na 60 IN A 192.0.2.1\n";
  Document nothingCommitted;
  nothingCommitted.base = 0;
  CHECK(server.push("example.", file, nothingCommitted).generation == 2026112101);
  const auto status = server.publisher().status(name("example."));
  CHECK(status->serial == 2026112101);
  Document next;
  next.base = 2026112101;
  const Outcome second = server.push("example.", file, next);
  CHECK(second.generation == 2026112102);
  CHECK(second.serial == 2026112102);
  CHECK(rulesOf(server.push("example.", file)) == Rules{"stale-generation example."});
  const Outcome missing = server.push("example.", R"({"plan": 1, "records": ["@ 60 IN NS ns."]})");
  CHECK(missing.malformed);
  CHECK(rulesOf(missing) == Rules{"invalid example."});
}

TEST_CASE_METHOD(Fixture,
                 "I4 and I12: what cannot be read is a refusal in the history, never empty content") {
  REQUIRE(server.push("example.", plan(3, 1)).kind == Outcome::Kind::Published);
  CHECK(rulesOf(server.push("example.", "")) == Rules{"unreadable example."});
  CHECK(rulesOf(server.push("example.", "{\"plan\": 1,")) == Rules{"invalid example."});
  CHECK(server.served("example.") == 3);
  const auto history = server.publisher().history(name("example."), 10, 0);
  REQUIRE(history);
  REQUIRE(history->size() == 4);
  CHECK((*history)[0].fate == Fate::Refused);
  CHECK((*history)[0].reasons[0].rule == Rule::Invalid);
  CHECK((*history)[1].reasons[0].rule == Rule::Unreadable);
  CHECK((*history)[2].fate == Fate::Committed);
  CHECK(server.publisher().status(name("example."))->refusals[static_cast<std::size_t>(Rule::Unreadable)] ==
        1);
}

TEST_CASE_METHOD(Fixture, "I6: a plan that names the greatest generation leaves some for people") {
  CHECK(rulesOf(server.push("example.", plan(kMaxGeneration, 1))) == Rules{"invalid example."});
  REQUIRE(server.push("example.", plan(kMaxPlannedGeneration, 1)).kind == Outcome::Kind::Published);
  const Outcome next =
      server.push("example.", R"({"plan": 1, "kind": "delta", "base": )" +
                                  std::to_string(kMaxPlannedGeneration) + R"(, "remove": ["a"]})");
  CHECK(next.kind == Outcome::Kind::Published);
  CHECK(next.generation == kMaxPlannedGeneration + 1);
  Plan last;
  last.base = kMaxGeneration;
  CHECK_FALSE(generationFor(last, kMaxGeneration, kMaxGeneration));
}

TEST_CASE_METHOD(Fixture, "a delta may be given its base beside the document, and needs one") {
  REQUIRE(server.push("example.", plan(1, 1)).kind == Outcome::Kind::Published);
  const std::string delta = R"({"plan": 1, "kind": "delta", "records": ["t 60 IN TXT x"]})";
  const Outcome without = server.push("example.", delta);
  CHECK(without.malformed);
  CHECK(without.verdict.reasons[0].observed == "/base");
  Document beside;
  beside.base = 1;
  CHECK(server.push("example.", delta, beside).kind == Outcome::Kind::Published);
}

TEST_CASE_METHOD(Fixture, "a zone that is removed and added again keeps the policy it is configured with") {
  GuardPolicy policy;
  policy.minTargets = 2;
  server.publisher().setPolicy(name("example."), policy);
  REQUIRE(server.publisher().removeZone(name("example."), "test", true));
  REQUIRE(server.publisher().addZone(name("example.")));
  CHECK(server.push("example.", plan(1, 1)).is(Rule::Floor));
}

TEST_CASE_METHOD(Fixture, "an expired plan is refused by the clock of the commit") {
  const std::string expiring = plan(2, 1, R"(, "expires": "2027-01-15T08:00:00Z")");
  server.now = 1'800'000'001'000'000;  // one second after 2027-01-15T08:00:00Z
  CHECK(rulesOf(server.push("example.", expiring)) == Rules{"expired example."});
  server.now = 1'799'999'999'000'000;
  CHECK(server.push("example.", expiring).kind == Outcome::Kind::Published);
}

TEST_CASE_METHOD(Fixture, "a second server cannot open the same state directory") {
  const auto second = openSqliteStore(directory.path());
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().text(), Catch::Contains("in use by another holdfastd"));
}

TEST_CASE_METHOD(Fixture,
                 "I9: a rollback brings old content back under a new generation, through the guard") {
  REQUIRE(server.push("example.", plan(3, 1)).kind == Outcome::Kind::Published);
  REQUIRE(server
              .push("example.", R"({"plan": 1, "kind": "delta", "base": 3, "endpoints": {
      "b": {"targets": [{"address": "198.51.100.9"}]}, "c": {"targets": [{"address": "192.0.2.9"}]}}})")
              .kind == Outcome::Kind::Published);
  Rollback wish;
  wish.zone = name("example.");
  wish.to = 3;
  wish.caller.who = "test";
  wish.reason = "b is wrong";
  const auto refused = server.publisher().rollback(wish);
  REQUIRE(refused);
  CHECK(refused->is(Rule::Vanished));
  CHECK(server.served("example.") == 4);

  wish.removesAdded = true;
  const auto done = server.publisher().rollback(wish);
  REQUIRE(done);
  CHECK(done->kind == Outcome::Kind::Published);
  CHECK(done->generation == 5);
  CHECK(server.effect("c.example.", RRType::A) == Effect::NxDomain);
  const auto now = server.publisher().content(name("example."), 5);
  const auto old = server.publisher().content(name("example."), 3);
  REQUIRE((now && old));
  CHECK((*now)->serial() == 5);
  const Diff diff = diffZones(**old, **now, 10);
  CHECK(diff.changes.empty());
  const auto history = server.publisher().history(name("example."), 1, 0);
  REQUIRE(history);
  CHECK(history->front().reason == "b is wrong");

  wish.base = 4;
  const auto late = server.publisher().rollback(wish);
  REQUIRE(late);
  CHECK(late->is(Rule::BaseMismatch));
}

TEST_CASE_METHOD(Fixture,
                 "I9: a rollback that may take all that came since takes what DNAMEs made of it too") {
  REQUIRE(server
              .push("example.", R"({"plan": 1, "generation": 1, "endpoints": {
      "a": {"targets": [{"address": "192.0.2.1"}]}}, "records": ["@ 60 IN NS ns.", "old 60 IN DNAME new"]})")
              .kind == Outcome::Kind::Published);
  REQUIRE(server
              .push("example.", R"({"plan": 1, "kind": "delta", "base": 1, "endpoints": {
      "b.new": {"targets": [{"address": "192.0.2.2"}, {"address": "2001:db8::2"}]}}})")
              .kind == Outcome::Kind::Published);
  REQUIRE(server.effect("b.old.example.", RRType::AAAA) == Effect::Positive);
  Rollback wish;
  wish.zone = name("example.");
  wish.to = 1;
  wish.caller.who = "test";
  wish.reason = "b is wrong";
  wish.removesAdded = true;
  const auto done = server.publisher().rollback(wish);
  REQUIRE(done);
  CHECK(rulesOf(*done) == Rules{});
  CHECK(server.served("example.") == 3);
  CHECK(server.effect("b.old.example.", RRType::AAAA) == Effect::NxDomain);
}
