#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/zone/fixtures.h"
#include "tests/zone/slow_store.h"
#include "zone/publisher.h"

namespace holdfast::test {

/// A plan whose endpoints a and b carry a number in their addresses.
inline std::string numbered(const std::string& head, unsigned number, const std::string& more = "") {
  const auto endpoint = [&](const char* owner) {
    return "\"" + std::string(owner) + "\": {\"targets\": [{\"address\": \"192.0.2." +
           std::to_string(number % 250 + 1) + "\"}]}";
  };
  return R"({"plan": 1, )" + head + R"(, "endpoints": {)" + endpoint("a") + ", " + endpoint("b") + "}" +
         more + "}";
}

inline std::string fullPlan(Generation generation) {
  return numbered("\"generation\": " + std::to_string(generation), static_cast<unsigned>(generation),
                  R"(, "records": ["@ 60 IN NS ns."])");
}

inline std::string deltaPlan(Generation base, unsigned number) {
  return numbered(R"("kind": "delta", "base": )" + std::to_string(base), number);
}

/// A publisher over a SlowStore, and threads that submit to it.
class Submitters {
 public:
  explicit Submitters(const std::vector<std::string>& zones) {
    auto store = std::make_unique<SlowStore>();
    store_ = store.get();
    publisher_ =
        *Publisher::open(std::move(store), [] { return WallTime(std::chrono::seconds(1'800'000'000)); });
    for (const std::string& zone : zones) (void)publisher_->addZone(name(zone));
  }

  SlowStore& store() { return *store_; }
  Publisher& publisher() { return *publisher_; }

  Result<Outcome> submit(const std::string& zone, const std::string& body, bool dryRun = false) {
    Submission submission;
    submission.plan = *parseJsonPlan(body, name(zone), PlanLimits{});
    submission.dryRun = dryRun;
    submission.caller = {"test", true};
    return publisher_->submit(submission);
  }
  /// On a thread of its own.
  std::future<Result<Outcome>> start(const std::string& zone, const std::string& body, bool dryRun = false) {
    return std::async(std::launch::async, [this, zone, body, dryRun] {
      const RcuThread registered;
      return submit(zone, body, dryRun);
    });
  }
  /// Waits until a plan of that generation has been admitted, or stands before the door.
  void awaitPlanned(const std::string& zone, Generation generation) {
    while (publisher_->status(name(zone))->planned < generation)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  RcuThread thread_;
  SlowStore* store_ = nullptr;
  std::unique_ptr<Publisher> publisher_;
};

inline bool isPublished(const Result<Outcome>& outcome) {
  return outcome && outcome->kind == Outcome::Kind::Published;
}

}  // namespace holdfast::test
