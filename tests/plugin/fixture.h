#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plugin/host.h"
#include "zone/rcu.h"

namespace holdfast::test {

/// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "holdfast-plugin-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Name name(const std::string& text) {
  return *Name::absolute(text);
}

/// A full plan for `zone` whose endpoint "api" has the one target 192.0.2.`last`.
inline std::string plan(const std::string& zone, Generation generation, int last) {
  return R"({"plan": 1, "zone": ")" + zone + R"(", "generation": )" + std::to_string(generation) +
         R"(, "kind": "full", "endpoints": {"api": {"ttl": 5, "targets": [{"id": "lb", "address": "192.0.2.)" +
         std::to_string(last) + R"(", "weight": 1}]}}, "records": ["@ 3600 IN NS ns1.example.org."]})" + "\n";
}

/// A change of `base` after which the endpoint "api" has the one target 192.0.2.`last`. Generation 0: none.
inline std::string delta(const std::string& zone, Generation base, Generation generation, int last) {
  return R"({"plan": 1, "zone": ")" + zone + R"(", "kind": "delta", "base": )" + std::to_string(base) +
         (generation == 0 ? "" : R"(, "generation": )" + std::to_string(generation)) +
         R"(, "endpoints": {"api": {"ttl": 5, "targets": [{"id": "lb", "address": "192.0.2.)" +
         std::to_string(last) + R"(", "weight": 1}]}}})" + "\n";
}

inline void writeFile(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

/// Writes under a name that is no plan's, then renames: how plans are meant to arrive.
inline void moveIn(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path temporary = file.string() + ".tmp";
  writeFile(temporary, text);
  std::filesystem::rename(temporary, file);
}

inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// A publisher over a real store with zones "one.example." and "two.example.", and a host of Enactors.
class Server {
 public:
  explicit Server(const std::string& plugins = HOLDFAST_ENACTORS, const EnactorLimits& limits = {})
      : publisher_(open(directory_.path() / "state")),
        intake_(*publisher_, PlanLimits{}),
        host_(
            intake_, plugins,
            [this](LogLevel, std::string_view, std::string_view message) {
              const std::lock_guard lock(mutex_);
              log_.emplace_back(message);
            },
            limits) {}

  const std::filesystem::path& directory() const { return directory_.path(); }
  Publisher& publisher() { return *publisher_; }
  EnactorHost& host() { return host_; }

  /// Makes the Enactors those wanted and waits until they run or do not. What is wrong with those that
  /// failed.
  std::vector<std::string> runAll(const EnactorHost::Wanted& wanted) {
    host_.reconcile(wanted);
    host_.settle();
    std::vector<std::string> failures;
    for (const EnactorHealth& health : host_.health())
      if (health.state == EnactorState::Failed) failures.push_back(health.detail);
    return failures;
  }
  /// Runs Enactors of zone "one.example." alone.
  std::vector<std::string> run(const std::vector<EnactorSpec>& specs) {
    return runAll({{name("one.example."), specs}});
  }
  /// Runs a watch Enactor of zone "one.example.", with a short poll.
  std::vector<std::string> watch(const std::filesystem::path& path, const std::string& poll = "50ms") {
    return run({{"watch", path.string(), {{"poll", poll}}}});
  }

  /// From now on the server takes so long for each plan, and longer.
  void slowDown(std::chrono::milliseconds by) { slowness_ = by; }

  /// Submits as somebody else does, not an Enactor of this host.
  Outcome submit(const std::string& body, const std::string& zone = "one.example.") const {
    Document document;
    document.zone = name(zone);
    document.body = body;
    document.caller = {"test", false};
    return *intake_.submit(document);
  }

  Generation committed(const std::string& zone = "one.example.") const {
    return publisher_->status(name(zone))->committed;
  }
  /// The last octet of the served target of "api", 0 when there is none.
  int served(const std::string& zone = "one.example.") const {
    const ReadSection section;
    const Zone* held = publisher_->snapshot().read(section).zoneAt(name(zone));
    const NodeView node = held->find(*name(zone).child("api"));
    return node && node.has(RRType::A) ? node.find(RRType::A).front().back() : 0;
  }
  std::vector<HistoryEntry> refusals(const std::string& zone = "one.example.") const {
    std::vector<HistoryEntry> entries = *publisher_->history(name(zone), 100, 0);
    std::erase_if(entries, [](const HistoryEntry& entry) { return entry.fate != Fate::Refused; });
    return entries;
  }
  bool logged(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : log_)
      if (line.find(text) != std::string::npos) return true;
    return false;
  }
  std::size_t linesWith(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    }));
  }
  EnactorHealth health() const { return host_.health().at(0); }

 private:
  std::unique_ptr<Publisher> open(const std::filesystem::path& state) {
    std::filesystem::create_directories(state);
    Result<std::unique_ptr<PlanStore>> store = openSqliteStore(state.string());
    if (!store) throw std::runtime_error(store.error().text());
    const auto clock = [this] {
      std::this_thread::sleep_for(slowness_.load());
      return wallClock();
    };
    Result<std::unique_ptr<Publisher>> publisher = Publisher::open(*std::move(store), clock);
    if (!publisher) throw std::runtime_error(publisher.error().text());
    for (const char* zone : {"one.example.", "two.example."})
      if (Status added = (*publisher)->addZone(name(zone)); !added)
        throw std::runtime_error(added.error().text());
    return *std::move(publisher);
  }

  std::atomic<std::chrono::milliseconds> slowness_{std::chrono::milliseconds(0)};
  const RcuThread rcu_;
  const TemporaryDirectory directory_;
  const std::unique_ptr<Publisher> publisher_;
  const Intake intake_;
  mutable std::mutex mutex_;
  std::vector<std::string> log_;
  EnactorHost host_;
};

}  // namespace holdfast::test
