#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "zone/intake.h"
#include "zone/lookup.h"

namespace holdfast::test {

/// A directory that goes away with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

Name name(std::string_view text);
/// A zone compiled from zone-file text, generation 1. Throws with the error's text when it does not parse.
std::shared_ptr<const Zone> zoneOf(std::string_view apex, std::string_view text);

/// All keys, in order.
std::vector<std::string> keysIn(const KeyTree& tree);

/// A publisher over a real SQLite store, with a clock the test turns.
class Server {
 public:
  explicit Server(const std::string& directory);
  /// As after a restart: a new publisher over what the store has.
  void restart();

  Publisher& publisher() { return *publisher_; }
  Intake intake() { return Intake(*publisher_, PlanLimits{}); }
  Outcome push(std::string_view zone, std::string_view body, const Document& with = {});
  /// What a client sees: presentation form of the effect, for asserting.
  Effect effect(std::string_view name, RRType type);
  Generation served(std::string_view zone);

  std::atomic<std::int64_t> now{1'800'000'000'000'000};

 private:
  RcuThread thread_;  // the test's own thread publishes and reads
  std::string directory_;
  std::unique_ptr<Publisher> publisher_;
};

/// "rule name" of each reason, in order.
std::vector<std::string> rulesOf(const Outcome& outcome);

}  // namespace holdfast::test
