#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zone/plan.h"
#include "zone/snapshot.h"
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
  std::string detail;   ///< one sentence for a person, ends with what to do where there is something to do
  std::string code{};   ///< of rule `invalid`: what check found it (docs/zone-checks.md); may be empty
  std::string where{};  ///< "line 12" of a zone file or a JSON pointer, where that is known
};

/// A person's word that one rule does not count for one name in one plan.
struct Override {
  Rule rule = Rule::Floor;
  std::optional<Name> name;
};
/// Reads "RULE" or "RULE:NAME". The floor needs a name.
Result<Override> parseOverride(std::string_view text, NameView zone);

/// What the guard allows in one zone. From the configuration, key `guard`.
struct GuardPolicy {
  std::uint32_t minTargets = 1;
  std::uint32_t minCapacityPercent = 50;
  std::uint32_t ttlMin = 0;
  std::uint32_t ttlMax = 7 * 86400;
  std::chrono::milliseconds timeout{30'000};
  std::size_t maxReasons = 1000;  ///< further findings are counted, not listed
  std::size_t maxWarnings = 100;  ///< further ones are counted, not listed
  friend bool operator==(const GuardPolicy&, const GuardPolicy&) = default;
};

/// The guard's verdict. Accepted when `reasons` is empty.
struct Verdict {
  std::vector<Reason> reasons;
  std::vector<Reason> overridden;
  std::uint64_t unlisted = 0;     ///< findings beyond GuardPolicy::maxReasons
  std::vector<Finding> warnings;  ///< they never refuse
  std::uint64_t unlistedWarnings = 0;
  bool accepted() const noexcept { return reasons.empty(); }
};

/// What is judged. Both snapshots borrow and differ in one zone only.
struct Case {
  const Snapshot& served;
  const Snapshot& candidate;
  NameView zone;
  const Plan& plan;
  const GuardPolicy& policy;
  const std::vector<Override>& overrides;
  bool overridesHaveReason = false;
  WallTime now{};  ///< for the times of signatures; 0: they are not looked at
};

/// Judges a candidate by every rule that looks at content (the fence's rules are the publisher's). Lists all
/// findings. Stops with `timeout` when policy.timeout is over (I10).
/// Work is of the order of the change; where cuts, DNAMEs or aliases are involved, of the zones held.
Verdict judge(const Case& c);

}  // namespace holdfast
