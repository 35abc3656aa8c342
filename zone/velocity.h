#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <type_traits>

#include "zone/key_tree.h"
#include "zone/zone.h"

namespace holdfast {

/// What an endpoint, a zone or a server has, or has less of. Negative as a loss: it has more.
struct Loss {
  std::int64_t targets = 0;
  std::int64_t weight = 0;
  std::int64_t endpoints = 0;  ///< 1: the endpoint went altogether

  Loss& operator+=(const Loss& other) noexcept {
    targets += other.targets;
    weight += other.weight;
    endpoints += other.endpoints;
    return *this;
  }
  Loss& operator-=(const Loss& other) noexcept {
    targets -= other.targets;
    weight -= other.weight;
    endpoints -= other.endpoints;
    return *this;
  }
  friend Loss operator+(Loss a, const Loss& b) noexcept { return a += b; }
  friend Loss operator-(Loss a, const Loss& b) noexcept { return a -= b; }
  friend bool operator==(const Loss&, const Loss&) = default;
};

/// What the owner has less of after a change; null views for an owner that was not or is no more.
Loss lossBetween(NodeView before, NodeView after) noexcept;

/// What the endpoints of one zone lost, each by name; those that lost and gained nothing are not in it.
struct Losses {
  std::map<Name, Loss> byEndpoint;
};

/// What the candidate takes from the endpoints of `before`, or gives them. Every name with addresses is an
/// endpoint here; plain address records have no weight. Work of the order of the change.
Losses lossesBetween(const Zone& before, const Zone& after);
/// What the names of a zone have in all, or one of them.
Loss capacityOf(const ZoneFacts& facts) noexcept;
Loss capacityOf(NodeView node) noexcept;

/// How much may go within a sliding window. Shares are of what there was at the most within it; 100 %: no
/// limit. From the configuration, key `guard.velocity`, of a zone or of the whole server.
struct VelocityPolicy {
  std::uint32_t endpointPercent = 50;   ///< of the targets, and of the weight, of one endpoint
  std::uint32_t targetsPercent = 20;    ///< of all targets
  std::uint32_t weightPercent = 20;     ///< of their weight
  std::uint32_t endpointsPercent = 10;  ///< of all endpoints
  std::chrono::milliseconds per{600'000};
  std::uint32_t allowTargets =
      10;  ///< so many may go whatever the share, and the weight of as many average ones
  std::uint32_t allowEndpoints = 3;  ///< so many may go whatever the share
  friend bool operator==(const VelocityPolicy&, const VelocityPolicy&) = default;
};

/// The limits for the whole server, where nothing else is configured: no endpoint is judged by them.
inline VelocityPolicy defaultServerVelocity() noexcept {
  VelocityPolicy policy;
  policy.endpointPercent = 100;
  policy.allowTargets = 30;
  policy.allowEndpoints = 10;
  return policy;
}

/// What the endpoints of one zone lost and did not get back, each loss with its time: the window the rule
/// `velocity` looks through. What comes back settles the newest losses before it and cannot be saved up, so
/// what stands of an endpoint is how far it is below the most it had within the window.
///
/// An immutable value: a copy shares everything and costs two increments, any number of threads may read one.
/// Time is the monotonic clock's, so that a step of the wall clock neither forgives nor repeats.
class LossWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Sums over all endpoints. What stands; never negative.
  const Loss& total() const noexcept { return total_; }
  /// What stands of one endpoint. Work of the order of its losses.
  Loss of(NameView endpoint) const;
  struct Entry {
    Time at;
    Loss loss;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  /// What it consists of, oldest first.
  std::vector<Entry> entriesOf(NameView endpoint) const;
  /// How many losses stand, each of one endpoint at one time.
  std::size_t size() const noexcept { return byTime_.size(); }
  /// Visits what stands, oldest first, until `visit` returns false.
  void forEach(const std::function<bool(Time at, NameView endpoint, const Loss&)>& visit) const;

  /// With what a commit took and gave at that time. Work of the order of `losses`, times the depth of a tree.
  /// `at` may lie before what was recorded last (a replay after a restart): it then counts as newer.
  LossWindow with(const Losses& losses, Time at) const;
  /// Without the losses at or before `oldest`. Work of the order of those.
  LossWindow since(Time oldest) const;

 private:
  KeyTree byName_;  // endpoint, time, amounts
  KeyTree byTime_;  // time, endpoint
  Loss total_;
};
static_assert(std::is_nothrow_move_assignable_v<LossWindow> &&
              std::is_nothrow_copy_constructible_v<LossWindow>);

/// The windows of all zones of a server. One thread at a time.
class VelocityLedger {
 public:
  using Time = LossWindow::Time;

  /// Adds what a commit took and gave.
  void record(NameView zone, const Losses& losses, Time at);
  /// What stands in the zone at `now`. Losses older than `keep` are forgotten for good: the longest window
  /// that anybody asks about.
  LossWindow standing(NameView zone, Time now, std::chrono::milliseconds keep);
  /// Puts in what standing() gave, with what a commit took: between the commit and the swap nothing may fail
  /// (I11). REQUIRES: standing() was called for the zone since it was last forgotten; else nothing happens.
  void put(NameView zone, LossWindow next) noexcept;
  /// What stands in all zones but this one at `now`, within `window`.
  Loss elsewhere(NameView zone, Time now, std::chrono::milliseconds window);

 private:
  struct Kept {
    LossWindow window;
    std::chrono::milliseconds keep = std::chrono::days(7);  // as standing() was last asked for
  };
  // By the octets of the apex: to find one needs no memory.
  std::map<std::string, Kept, std::less<>> zones_;
};

}  // namespace holdfast
