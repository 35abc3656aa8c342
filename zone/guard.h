#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zone/node_changes.h"
#include "zone/plan.h"
#include "zone/snapshot.h"
#include "zone/velocity.h"
#include "zone/zone_check.h"

namespace holdfast {

/// The rules a plan is judged by. Names and meaning: docs/guard.md.
enum class Rule : std::uint8_t {
  StaleGeneration,
  BaseMismatch,
  Expired,
  Invalid,
  Unreadable,
  EmptyAnswer,
  Vanished,
  Floor,
  Velocity,
  Ttl,
  BogusTarget,
  ApexChanged,
  Frozen,
  Timeout
};
inline constexpr std::size_t kRules = 14;

/// "stale-generation" and so on.
std::string_view toText(Rule rule) noexcept;
std::optional<Rule> parseRule(std::string_view text) noexcept;
/// Whether a person may override the rule with a reason; the others yield to nobody.
bool isOverridable(Rule rule) noexcept;

/// One finding against a plan (I12): what was seen and what the limit is.
struct Reason {
  Rule rule = Rule::Invalid;
  std::string name;  ///< absolute, may be empty where the finding is about the plan as a whole
  std::string type;  ///< "A"; may be empty
  std::string observed;
  std::string limit;
  std::string detail;  ///< one sentence for a person, ends with what to do where there is something to do
  /// Of rule `invalid`: what check found it (docs/zone-checks.md), may be empty. Of `velocity`: whose limit
  /// it is, endpoint, zone or server.
  std::string code{};
  std::string where{};  ///< "line 12" of a zone file or a JSON pointer, where that is known
};

/// A person's word that one rule does not count for one name in one plan.
struct Override {
  Rule rule = Rule::Floor;
  std::optional<Name> name;
};
/// Reads "RULE" or "RULE:NAME". The floor needs a name.
Result<Override> parseOverride(std::string_view text, NameView zone);

/// What one endpoint may not go below; what is not set is as for the zone.
struct EndpointFloor {
  std::optional<std::uint32_t> minTargets;
  std::optional<std::uint32_t> minCapacityPercent;
  friend bool operator==(const EndpointFloor&, const EndpointFloor&) = default;
};

/// Floors by owner name. A value type that shares its content, because a policy is copied for each plan.
class EndpointFloors {
 public:
  void set(const Name& endpoint, const EndpointFloor& floor);
  /// nullptr where the endpoint has none of its own. Valid while this or a copy of it lives unchanged.
  const EndpointFloor* find(NameView endpoint) const;
  bool empty() const noexcept { return !floors_ || floors_->empty(); }
  const std::map<Name, EndpointFloor>& all() const;
  friend bool operator==(const EndpointFloors& a, const EndpointFloors& b) {
    return a.floors_ == b.floors_ || a.all() == b.all();
  }

 private:
  std::shared_ptr<const std::map<Name, EndpointFloor>> floors_;
};

/// How many endpoints may be left as they were, so that the rest of a plan is published: a number of them, or
/// a share of the endpoints that the zone has. Both 0: none, a plan is refused whole.
struct Quarantine {
  std::uint32_t endpoints = 0;
  std::uint32_t percent = 0;
  bool isOn() const noexcept { return endpoints > 0 || percent > 0; }
  friend bool operator==(const Quarantine&, const Quarantine&) = default;
};

/// What the guard allows in one zone. From the configuration, key `guard`.
struct GuardPolicy {
  std::uint32_t minTargets = 1;
  std::uint32_t minCapacityPercent = 50;
  std::uint32_t ttlMin = 0;
  std::uint32_t ttlMax = 7 * 86400;
  std::uint64_t maxNames = 20'000'000;  ///< of the zone, whatever number of plans they came with
  std::chrono::milliseconds timeout{30'000};
  EndpointFloors endpoints;
  VelocityPolicy velocity;
  Quarantine quarantine;
  std::size_t maxReasons = 1000;  ///< further findings are counted, not listed
  std::size_t maxWarnings = 100;  ///< further ones are counted, not listed
  friend bool operator==(const GuardPolicy&, const GuardPolicy&) = default;
};

/// What one plan does to the sums that limit the whole server. All within the server's window.
struct ServerLoss {
  Loss before, after;   ///< what stands in the plan's zone without the plan and with it
  Loss had;             ///< what the plan's zone had at the most: what it has, and what stands
  bool waived = false;  ///< overridden with a reason, or nothing more goes: never refused
};
/// The rule `velocity` for the whole server: a few comparisons, made again where a plan is committed, because
/// other zones may have lost something since it was judged. `elsewhere` is what stands in all other zones,
/// `elsewhereHas` what they have.
std::optional<Reason> judgeServerVelocity(const VelocityPolicy& policy, const ServerLoss& plan,
                                          const Loss& elsewhere, const Loss& elsewhereHas);

/// The guard's verdict. Accepted when `reasons` is empty.
struct Verdict {
  std::vector<Reason> reasons;
  std::vector<Reason> overridden;
  std::uint64_t unlisted = 0;     ///< findings beyond GuardPolicy::maxReasons
  std::vector<Finding> warnings;  ///< they never refuse
  std::uint64_t unlistedWarnings = 0;
  ServerLoss serverLoss;  ///< for judgeServerVelocity(), made again where the plan is committed
  /// What stands in the zone with the plan, for VelocityLedger::put(). Empty where `velocity` was not judged.
  LossStep losses;
  /// Names the guard asked for or looked at, a measure of its work.
  std::uint64_t looked = 0;
  bool accepted() const noexcept { return reasons.empty(); }
};

/// What the rule `velocity` looks at beside the two snapshots.
struct VelocityCase {
  const LossWindow& lost;  ///< what stands in the plan's zone, as far back as anybody asks
  LossWindow::Time at;     ///< now, by the monotonic clock
  VelocityPolicy server;
  Loss lately;                   ///< what stands in the plan's zone within the server's window
  Loss elsewhere, elsewhereHas;  ///< as for judgeServerVelocity()
};

/// What is judged. Both snapshots borrow and differ in one zone only.
struct Case {
  const Snapshot& served;
  const Snapshot& candidate;
  /// From the zone's table in `served` to its very table in `candidate`, of which the apex's node is told by
  /// where it lies; all of its names where it had no content.
  const NodeChanges& changes;
  NameView zone;
  const Plan& plan;
  const GuardPolicy& policy;
  const std::vector<Override>& overrides;
  bool overridesHaveReason = false;
  WallTime now{};                          ///< for the times of signatures; 0: they are not looked at
  const VelocityCase* velocity = nullptr;  ///< nullptr: the rule `velocity` is not judged
  /// When judging must be over, whatever policy.timeout says.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// Owners that stay as they are in quarantine: what the plan says of them does not count.
  std::span<const Name> kept{};
};

/// The reason `timeout` for a plan of that zone.
Reason timeoutReason(NameView zone, const GuardPolicy& policy);

/// Judges a candidate by every rule that looks at content (the fence's rules are the publisher's). Lists all
/// findings. Stops with `timeout` when policy.timeout is over (I10).
/// Work is of the order of the change and of those who depend on it, but for what a full plan asks of every
/// name (docs/guard.md).
Verdict judge(const Case& c);

}  // namespace holdfast
