#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <type_traits>
#include <vector>

#include "zone/key_tree.h"
#include "zone/zone.h"

namespace holdfast {

/// The octets of a name as text: a key.
inline std::string_view wireText(NameView name) noexcept {
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

/// What a zone or a server has, or has less of. Negative as a loss: it has more.
struct Loss {
  std::int64_t targets = 0;
  std::int64_t weight = 0;
  std::int64_t endpoints = 0;
  /// Weight that records had which have none now: not lost, but what weights that come back are compared
  /// with.
  std::int64_t carried = 0;

  Loss& operator+=(const Loss& other) noexcept {
    targets += other.targets;
    weight += other.weight;
    endpoints += other.endpoints;
    carried += other.carried;
    return *this;
  }
  Loss& operator-=(const Loss& other) noexcept {
    targets -= other.targets;
    weight -= other.weight;
    endpoints -= other.endpoints;
    carried -= other.carried;
    return *this;
  }
  friend Loss operator+(Loss a, const Loss& b) noexcept { return a += b; }
  friend Loss operator-(Loss a, const Loss& b) noexcept { return a -= b; }
  friend bool operator==(const Loss&, const Loss&) = default;
};

/// What one RRset of addresses has less of.
struct RRsetLoss {
  std::int64_t targets = 0;
  std::int64_t weight = 0;
  /// Targets that clients get under the name: its own, or where it is an alias those that it leads to.
  std::int64_t answered = 0;
  /// As in Loss. The window keeps it until the addresses have weights again, or go.
  std::int64_t carried = 0;
  /// Of a change: there are no plain records any more, so what they carried has to be settled.
  bool endsPlain = false;
  friend bool operator==(const RRsetLoss&, const RRsetLoss&) = default;
};

/// What one endpoint has less of. The addresses of each family are an RRset of their own, and clients of the
/// one are not helped by the other: neither settles what the other lost.
struct EndpointLoss {
  RRsetLoss a, aaaa;
  std::int64_t endpoints = 0;  ///< 1: the endpoint went altogether

  /// REQUIRES: isAddressType(type).
  RRsetLoss& of(RRType type) noexcept { return type == RRType::AAAA ? aaaa : a; }
  const RRsetLoss& of(RRType type) const noexcept { return type == RRType::AAAA ? aaaa : a; }
  /// What it is to the zone and the server, which have every target once, whatever leads to it.
  Loss sum() const noexcept {
    return {a.targets + aaaa.targets, a.weight + aaaa.weight, endpoints, a.carried + aaaa.carried};
  }
  friend bool operator==(const EndpointLoss&, const EndpointLoss&) = default;
};

/// What the owner has less of after a change; null views for an owner that was not or is no more. What is
/// answered under it is what it has itself: whoever follows aliases sets that of one that turned.
EndpointLoss lossBetween(NodeView before, NodeView after) noexcept;
/// Whether the owner is an alias on either side, by a CNAME, and leads elsewhere than before.
bool turnsAlias(NodeView before, NodeView after) noexcept;

/// What the endpoints of one zone lost, each by name; those that lost and gained nothing are not in it. Every
/// name with addresses is an endpoint here; plain address records have no weight.
struct Losses {
  std::map<Name, EndpointLoss> byEndpoint;
};

/// What the names of a zone have in all, or one of them.
Loss capacityOf(const ZoneFacts& facts) noexcept;
Loss capacityOf(NodeView node) noexcept;

/// How much may go within a sliding window. Shares are of what there was at the most within it; 100 %: no
/// limit. From the configuration, key `guard.velocity`, of a zone or of the whole server.
struct VelocityPolicy {
  std::uint32_t endpointPercent = 50;   ///< of the targets, and of the weight, of one endpoint and family
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

struct LossStep;

/// What the endpoints of one zone lost and did not get back, each loss with its time: the window the rule
/// `velocity` looks through. What comes back settles the newest losses before it and cannot be saved up, so
/// what stands of an endpoint is how far it is below the most it had within the window. That outlives the
/// endpoint: one that went and is put in again smaller stands that much below what it had.
///
/// An immutable value: a copy shares everything and costs two increments, any number of threads may read one.
/// Time is the monotonic clock's, so that a step of the wall clock neither forgives nor repeats.
class LossWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Sums over all endpoints. What stands; never negative.
  const Loss& total() const noexcept { return total_; }
  /// What stands of one endpoint. Work of the order of its losses.
  EndpointLoss of(NameView endpoint) const;
  struct Entry {
    Time at;
    EndpointLoss loss;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  /// What it consists of, oldest first.
  std::vector<Entry> entriesOf(NameView endpoint) const;
  /// How many losses stand, each of one endpoint at one time.
  std::size_t size() const noexcept { return byTime_.size(); }
  /// Visits what stands, oldest first, until `visit` returns false.
  void forEach(const std::function<bool(Time at, NameView endpoint, const EndpointLoss&)>& visit) const;
  /// Whether since() would forget anything.
  bool hasUntil(Time oldest) const;

  /// With what a commit took and gave at that time, and what that changes. Work of the order of `losses`,
  /// times the depth of a tree. `at` may lie before what was recorded last (a replay after a restart): it
  /// then counts as newer. Weights that come back to plain records, or records that go, settle first what the
  /// records carried: the rest of that is lost with this commit.
  LossStep step(const Losses& losses, Time at) const;
  /// Without the losses at or before `oldest`. Work of the order of those.
  LossWindow since(Time oldest) const;

 private:
  KeyTree byName_;  // endpoint, time, amounts
  KeyTree byTime_;  // time, endpoint
  Loss total_;
};
static_assert(std::is_nothrow_move_assignable_v<LossWindow> &&
              std::is_nothrow_copy_constructible_v<LossWindow>);

struct LedgerZone;

/// When a zone lost something.
struct LossMoment {
  LossWindow::Time at;
  LedgerZone* zone = nullptr;  ///< set by the ledger
  friend bool operator<(const LossMoment& a, const LossMoment& b) noexcept {
    return a.at != b.at ? a.at < b.at : std::less<>()(a.zone, b.zone);
  }
};
/// What stands by when it was lost, or by how much that is more. Never zero.
using LossSums = std::map<LossMoment, Loss>;

/// A window with one commit more, made ahead of that commit.
struct LossStep {
  LossWindow stands;
  LossSums changed;  ///< from the window it was made of to `stands`
};

}  // namespace holdfast
