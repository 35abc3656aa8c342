// Clean-up removes what was chosen before, unless something has come to need it since (I5).
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "tests/zone/fixtures.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

const Name kChosenZone = name("example.");
const WallTime kLongAfter = WallTime::max() - std::chrono::hours(1);
const Retention kTen{10, std::chrono::seconds(0), 10'000};
/// All commits are young.
Retention atMost(std::uint64_t commits) {
  Retention retention{10, std::chrono::hours(24 * 365 * 1000), 10'000};
  retention.most = commits;
  return retention;
}

/// A store with generations 1 to 500 of a zone, each a change to the one before, and a checkpoint at 400.
class LongHistory {
 public:
  LongHistory() {
    add();
    for (Generation generation = 1; generation <= 500; ++generation) {
      commit(generation);
      if (generation == 400) REQUIRE(store().maintain());  // the changes are large enough for a checkpoint
    }
  }
  PlanStore& store() { return **store_; }
  void add() {
    StoredZone zone;
    zone.apex = kChosenZone;
    HistoryEntry added;
    added.fate = Fate::ZoneAdded;
    REQUIRE(store().putZone(zone, added));
    current_ = std::make_shared<Zone>(kChosenZone);
  }
  void commit(Generation generation) {
    RRset text;
    text.type = RRType::TXT;
    text.ttl = 60;
    std::string rdata("\xfa", 1);
    for (int octet = 0; octet < 250; ++octet) rdata += static_cast<char>('a' + random_() % 26);
    text.rdata.push_back(std::move(rdata));
    ZoneEdit edit(*current_);
    edit.setRRset(kChosenZone, text);
    auto next = edit.finish(generation, static_cast<std::uint32_t>(generation), WallTime{});
    HistoryEntry entry;
    entry.fate = Fate::Committed;
    entry.generation = generation;
    entry.base = current_->generation();
    const std::array<ZoneCommit, 1> commits{{{entry, *current_, next}}};
    REQUIRE(store().commit(commits));
    current_ = std::move(next);
  }
  /// To generation 900, with a checkpoint at 800.
  void goOn() {
    for (Generation generation = 501; generation <= 900; ++generation) {
      commit(generation);
      if (generation == 800) REQUIRE(store().maintain());
    }
  }
  bool choose(std::initializer_list<Generation> inUse, const Retention& retention = kTen) {
    const std::vector<Generation> used(inUse);
    const Result<bool> chosen = store().chooseCleanUp(kChosenZone, retention, used, nowFor(retention));
    REQUIRE(chosen);
    return *chosen;
  }
  CleanUpReport cleanUp(std::initializer_list<Generation> inUse, const Retention& retention = kTen) {
    const std::vector<Generation> used(inUse);
    const Result<CleanUpReport> report = store().cleanUp(kChosenZone, retention, used, nowFor(retention));
    REQUIRE(report);
    return *report;
  }
  void cleanUpAll(std::initializer_list<Generation> inUse, const Retention& retention) {
    for (int round = 0; round < 30 && choose(inUse, retention); ++round) cleanUp(inUse, retention);
  }
  /// Commits that are kept.
  std::size_t commits() {
    const Result<std::vector<HistoryEntry>> lines = store().history(kChosenZone, 10'000, 0);
    REQUIRE(lines);
    return static_cast<std::size_t>(std::ranges::count(*lines, Fate::Committed, &HistoryEntry::fate));
  }
  void restart() {
    *store_ = nullptr;
    store_ = openSqliteStore(directory_.path());
    REQUIRE(store_);
    const auto read = store().content(kChosenZone, current_->generation());
    REQUIRE(read);
    current_ = *read;
  }
  bool has(Generation generation) { return static_cast<bool>(store().content(kChosenZone, generation)); }

 private:
  static WallTime nowFor(const Retention& retention) {
    return retention.age.count() == 0 ? kLongAfter : WallTime{} + std::chrono::hours(1);
  }

  const test::TemporaryDirectory directory_;
  Result<std::unique_ptr<PlanStore>> store_ = openSqliteStore(directory_.path());
  std::shared_ptr<const Zone> current_;
  std::mt19937 random_{1};
};

}  // namespace

TEST_CASE_METHOD(LongHistory, "I5: what came to be needed since clean-up chose stays readable") {
  REQUIRE(choose({500}));
  SECTION("nothing came") {
    CHECK(cleanUp({500}).commits == 200);
    CHECK_FALSE(has(300));  // it would have gone later, and is rebuilt from what went
  }
  SECTION("a commit came, which needs nothing that was chosen") {
    commit(501);
    CHECK(cleanUp({501}).commits == 200);
    CHECK(has(501));
  }
  SECTION("a rollback began to what is rebuilt from what was chosen") {
    const CleanUpReport report = cleanUp({500, 300});
    CHECK(report.commits == 0);
    CHECK(report.more);
    CHECK(has(300));
    for (int round = 0; round < 5 && choose({500, 300}); ++round) cleanUp({500, 300});
    CHECK(has(300));
    CHECK_FALSE(has(350));
    CHECK(has(500));
  }
  SECTION("the zone was forgotten, and what is in it now has the same numbers") {
    REQUIRE(store().forgetZone(kChosenZone));
    add();
    commit(1000);
    CHECK(cleanUp({1000}).commits == 0);
    CHECK(has(1000));
  }
  CHECK(store().verify(kChosenZone)->whole());
}

TEST_CASE_METHOD(LongHistory, "I5: clean-up chooses nothing that a pinned generation is rebuilt from") {
  for (int round = 0; round < 5 && choose({500, 300}); ++round)
    CHECK(cleanUp({500, 300}).commits == (round == 0 ? 100 : 0));
  CHECK(has(300));
  CHECK_FALSE(has(301));
  CHECK(has(401));
  CHECK(store().verify(kChosenZone)->whole());
}

TEST_CASE_METHOD(LongHistory, "no more commits than the most are kept, however young they are") {
  Retention hundred = atMost(100);
  hundred.commits = GENERATE(10u, 1000u);  // the most counts where it is less, too
  CHECK_FALSE(choose({500}, atMost(500)));
  cleanUpAll({500}, hundred);
  CHECK(commits() == 100);  // 90, and ten that these are rebuilt from
  CHECK(has(500));
  CHECK(has(401));
  CHECK_FALSE(has(400));
  CHECK_FALSE(choose({500}, hundred));
  SECTION("after a restart neither") {
    restart();
    goOn();
    CHECK(commits() == 500);
    cleanUpAll({900}, hundred);
    CHECK(commits() == 100);
    restart();
    CHECK(has(900));
    CHECK(has(801));
    CHECK_FALSE(has(800));
  }
  CHECK(store().verify(kChosenZone)->whole());
}

TEST_CASE_METHOD(LongHistory,
                 "that thousands are rebuilt from the same content does not keep them for good") {
  for (Generation generation = 501; generation <= 3000; ++generation) commit(generation);
  REQUIRE(store().maintain());  // the second checkpoint, after that at 400
  for (Generation generation = 3001; generation <= 3150; ++generation) commit(generation);
  cleanUpAll({3150}, atMost(100));
  CHECK(commits() == 150);  // since the checkpoint
  CHECK(has(3150));
  CHECK(store().verify(kChosenZone)->whole());
}

TEST_CASE_METHOD(LongHistory, "I5: the most commits that are kept do not matter to what can be reached") {
  const Retention one = atMost(1);
  SECTION("what is committed") {
    cleanUpAll({}, one);
    CHECK(has(500));
    CHECK(commits() == 100);  // it is rebuilt from them
    REQUIRE(store().maintain());
    restart();
    CHECK(has(500));
    commit(501);
    CHECK(has(501));
  }
  SECTION("what a rollback is to bring back") {
    cleanUpAll({500, 300}, one);
    CHECK(has(300));
    CHECK_FALSE(has(350));
    CHECK(has(500));
  }
  SECTION("a last-known-good generation") {
    const auto good = store().content(kChosenZone, 500);
    REQUIRE(good);
    REQUIRE(store().promote(*good, 1));
    goOn();
    cleanUpAll({900}, one);
    CHECK(has(500));
    CHECK_FALSE(has(600));
    CHECK(has(900));
  }
  CHECK(store().verify(kChosenZone)->whole());
}
