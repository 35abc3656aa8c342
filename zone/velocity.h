#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "zone/zone.h"

namespace holdfast {

/// What one endpoint has less of. Negative: it has more.
struct Loss {
  std::int64_t targets = 0;
  std::int64_t weight = 0;
  std::int64_t endpoints = 0;  ///< 1: the endpoint went altogether
  friend bool operator==(const Loss&, const Loss&) = default;
};

/// What the endpoints of one zone lost, each by name; those that lost and gained nothing are not in it.
struct Losses {
  std::map<Name, Loss> byEndpoint;
};

/// What the candidate takes from the endpoints of `before`, or gives them. Work of the order of the change.
Losses lossesBetween(const Zone& before, const Zone& after);

/// What the endpoints of every zone lost within a sliding window and did not get back. What comes back
/// settles what went before it, and cannot be saved up. Time is the monotonic clock's, so that a step of the
/// wall clock neither forgives nor repeats. One thread at a time.
class VelocityLedger {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Adds what a commit took and gave. `at` may lie before the last one's, after a restart.
  void record(NameView zone, const Losses& losses, Time at);
  /// What stands in the zone at `now`; never null. Losses older than `window` are forgotten for good.
  std::shared_ptr<const Losses> standing(NameView zone, Time now, std::chrono::seconds window);
  void forget(NameView zone);

 private:
  struct Entry {
    Time at;
    Loss loss;
  };
  using Entries = std::multimap<Name, Entry>;
  std::map<Name, Entries> zones_;
};

}  // namespace holdfast
