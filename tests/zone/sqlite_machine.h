#pragma once

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "tests/zone/fixtures.h"

namespace holdfast::test {

inline const Name kZone = name("example.");

inline std::string planOf(Generation generation) {
  return R"({"plan": 1, "generation": )" + std::to_string(generation) +
         R"(, "endpoints": {"a": {"targets": [{"address": "192.0.2.)" + std::to_string(generation % 250) +
         R"("}]}}, "records": ["@ 60 IN NS ns."]})";
}

/// Runs SQL on the store from outside, as one who has the disk could.
inline bool meddle(const std::string& directory, const std::string& sql) {
  sqlite3* raw = nullptr;
  bool done = sqlite3_open((directory + "/plans.db").c_str(), &raw) == SQLITE_OK;
  char* problem = nullptr;
  done = done && sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, &problem) == SQLITE_OK;
  if (problem != nullptr) UNSCOPED_INFO(problem);
  sqlite3_free(problem);
  sqlite3_close(raw);
  return done;
}

/// A server on a directory, with a file system of the test's choice.
struct Machine {
  explicit Machine(std::string path, std::string vfs_ = "", StoreOptions options_ = {})
      : directory(std::move(path)), vfs(std::move(vfs_)), options(std::move(options_)) {
    start();
  }
  bool start() {
    publisher.reset();
    options.vfs = vfs;
    options.pageChecks = std::chrono::milliseconds(0);
    Result<std::unique_ptr<PlanStore>> store = openSqliteStore(directory, options);
    if (!store) {
      problem = store.error().text();
      return false;
    }
    Result<std::unique_ptr<Publisher>> opened =
        Publisher::open(*std::move(store), [this] { return WallTime(std::chrono::microseconds(now)); });
    if (!opened) problem = opened.error().text();
    if (opened) publisher = *std::move(opened);
    return publisher != nullptr;
  }
  /// "published", "refused", or the error.
  std::string push(const std::string& body) {
    Document document;
    document.zone = kZone;
    document.body = body;
    const Result<Outcome> outcome = Intake(*publisher, PlanLimits{}).submit(document);
    if (!outcome) return outcome.error().text();
    if (outcome->unrecorded) return "unrecorded: " + outcome->unrecorded->text();
    return outcome->kind == Outcome::Kind::Published ? "published" : "refused";
  }
  std::string push(Generation generation) { return push(planOf(generation)); }
  std::string pushTo(const Name& zone, Generation generation) {
    Document document;
    document.zone = zone;
    const std::string body = planOf(generation);
    document.body = body;
    const Result<Outcome> outcome = Intake(*publisher, PlanLimits{}).submit(document);
    if (!outcome) return outcome.error().text();
    return outcome->kind == Outcome::Kind::Published ? "published" : "refused";
  }
  Generation served() {
    const auto status = publisher->status(kZone);
    return status ? status->served : 0;
  }
  TendReport tend() {
    Keeping keeping;
    keeping.goodAfter = std::chrono::milliseconds(0);
    return publisher->tend(keeping);
  }
  std::string problems() const {
    std::string all;
    for (const Error& each : publisher->loadProblems()) all += each.text() + "\n";
    return all;
  }
  std::string rollback(Generation to) {
    Rollback wish;
    wish.zone = kZone;
    wish.to = to;
    wish.reason = "what came since is bad";
    const Result<Outcome> outcome = publisher->rollback(wish);
    if (!outcome) return outcome.error().text();
    return outcome->kind == Outcome::Kind::Published ? "published" : "refused";
  }
  /// Generations 1 and 2, of which 2 is last-known-good, and then more up to `last`.
  void fill(Generation last) {
    REQUIRE(publisher->addZone(kZone));
    REQUIRE(push(1) == "published");
    REQUIRE(push(2) == "published");
    REQUIRE(tend().promoted.size() == 1);
    for (Generation generation = 3; generation <= last; ++generation)
      REQUIRE(push(generation) == "published");
  }

  std::string directory, vfs, problem;
  StoreOptions options;
  std::int64_t now = 1'800'000'000'000'000;
  std::unique_ptr<Publisher> publisher;
};

struct MachineFixture {
  const RcuThread thread;
  TemporaryDirectory directory;
};

}  // namespace holdfast::test
