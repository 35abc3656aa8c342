#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "zone/guard.h"
#include "zone/lookup.h"

namespace holdfast {

/// How many addresses the name has.
std::uint32_t addressesOf(NodeView node) noexcept;

/// One judgement in progress: what is judged, what was found so far, and how much time is left. The rules are
/// split over guard_content.cc (what a name holds), guard_velocity.cc (how much goes within a window) and
/// guard_effect.cc (what a client gets).
class Judge {
 public:
  explicit Judge(const Case& judged);
  Verdict run();

 private:
  using Clock = std::chrono::steady_clock;

  /// A name whose node differs between served and candidate, null where it does not exist.
  struct Changed {
    NodeView before, after;
    NameView name() const noexcept { return (before ? before : after).name(); }
  };

  // The rules, in the order they are run.
  void judgeStructure();
  void judgeApex();
  void judgeSignedSerial();
  void judgeVanished();
  void judgeEmptyEndpoints();
  void judgeTargets();
  void judgeVelocity();
  void judgeEffects();

  void judgeGlue(const Changed& changed);
  void judgeFloor(const Changed& changed);
  void judgeWeights(const Changed& changed);
  void judgeCapacity(const Changed& changed, RRType type, std::uint32_t percent);
  void foundFloor(NameView name, std::optional<RRType> type, std::string observed, std::string limit,
                  std::string detail);
  void judgeTtl(NodeView after);
  void judgeAddresses(const Changed& changed);

  void judgeEndpointVelocity(const LossWindow& lost, const LossWindow& stands);
  void judgeZoneVelocity(const LossWindow& lost, const LossWindow& stands);
  void judgeServer(const VelocityCase& c);

  void judgeChangedEffects();
  void judgeAliases(bool everyName);
  void judgeBelowDnames(bool everyName);
  struct ServedDname {
    NodeView node;
    Name target;
  };
  void judgeThroughDnames(NameView name, std::vector<const ServedDname*>& passed);
  void judgeTypesOf(NameView name);
  void judgeEffect(NameView name, RRType type);

  void found(Rule rule, NameView name, std::optional<RRType> type, std::string observed, std::string limit,
             std::string detail);
  void keep(Reason reason, NameView name);
  /// A null name: the finding is about no one name, so that only an override of the whole rule counts.
  bool isOverridden(Rule rule, NameView name) const;
  bool isNamed(NameView name, RRType type) const;
  bool isNamedWhole(NameView name) const;
  /// False once the time limit is over; then the verdict says so. Cheap enough to ask for every name.
  bool hasTime();

  const Case& case_;
  const Zone* before_;  // nullptr or without content: the zone's first plan
  const Zone& after_;
  std::vector<Changed> changed_;
  std::set<Name> removedNames_;
  std::set<std::pair<Name, RRType>> removedTypes_;
  std::set<std::pair<Name, RRType>> judgedEffects_;
  std::set<Name> floored_;  ///< endpoints that the floor found something about
  std::vector<ServedDname> dnames_;
  Verdict verdict_;
  Clock::time_point deadline_;
  unsigned ticks_ = 0;
  bool timedOut_ = false;
};

}  // namespace holdfast
