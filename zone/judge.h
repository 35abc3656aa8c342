#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "zone/counted.h"
#include "zone/guard.h"
#include "zone/lookup.h"
#include "zone/node_changes.h"

namespace holdfast {

/// How many addresses the name has, in both families or in one.
std::uint32_t addressesOf(NodeView node) noexcept;
std::int64_t addressesOf(NodeView node, RRType type) noexcept;

/// One judgement in progress: what is judged, what was found so far, and how much time is left. The rules are
/// split over guard_content.cc (what a name holds), guard_floor.cc, guard_effect.cc (what a client gets),
/// guard_reach.cc (whom a change reaches), guard_losses.cc and guard_velocity.cc.
class Judge {
 public:
  explicit Judge(const Case& judged);
  Verdict run();

 private:
  using Clock = std::chrono::steady_clock;

  /// A name whose node differs between served and candidate, null where it does not exist.
  struct Changed {
    NodeView before, after;
    bool isPlain = false;  ///< it answers all that it answered, and nobody needs to look it up to know
    NameView name() const noexcept { return (before ? before : after).name(); }
  };

  /// All changes, each with that.
  class ChangedNames {
   public:
    explicit ChangedNames(const Judge& judge) : judge_(judge) {}
    class Iterator {
     public:
      Iterator(const Judge& judge, NodeChanges::Iterator at) noexcept : judge_(&judge), at_(at) {}
      Changed operator*() const noexcept {
        const auto [before, after] = *at_;
        return {before, after, at_.isQuiet() && judge_->isPlainWhereQuiet(before, after)};
      }
      Iterator& operator++() noexcept {
        ++at_;
        return *this;
      }
      friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

     private:
      const Judge* judge_;
      NodeChanges::Iterator at_;
    };
    Iterator begin() const noexcept { return {judge_, judge_.case_.changes.begin()}; }
    Iterator end() const noexcept { return {judge_, judge_.case_.changes.end()}; }

   private:
    const Judge& judge_;
  };
  ChangedNames changedNames() const noexcept { return ChangedNames(*this); }

  bool isFlat() const;
  bool isPlainWhereQuiet(NodeView before, NodeView after) const noexcept;
  void inOrder(void (Judge::*rules)());
  void sortFrom(std::size_t first, std::vector<Reason>& reasons);

  // The rules, in the order they are run.
  void judgeStructure();
  void judgeSize();
  void judgeApex();
  void judgeSignedSerial();
  void judgeVanished();
  void judgeEmptyEndpoints();
  void judgeTargets();
  void judgeChangedEffects();
  void judgeVelocity();

  void judgeGlue(const Changed& changed);
  NodeView effectiveSet(const Snapshot& snapshot, NodeView node) const;
  void judgeFloorOf(const Changed& changed);
  void judgeAliasFloor(NameView alias);
  void judgeFloor(NameView name, NodeView before, NodeView after);
  void judgeWeights(NameView name, NodeView before, NodeView after);
  void judgeCapacity(NameView name, RRsetView old, RRsetView now, std::uint32_t percent);
  void foundFloor(NameView name, std::optional<RRType> type, std::string observed, std::string limit,
                  std::string detail);
  void judgeTtl(NodeView after);
  void judgeAddresses(const Changed& changed);

  void collectLosses();
  void collectTurned(NameView name);
  void setAnswered(EndpointLoss& loss, NameView name) const;
  bool takesDnamesPlace(const Changed& changed) const noexcept;
  Changed answeredAt(NameView name) const;
  void judgeEndpointVelocity(const LossWindow& lost, const LossWindow& stands);
  void judgeRRsetVelocity(NameView endpoint, RRType type, const LossWindow& lost, const LossWindow& stands);
  void judgeZoneVelocity(const LossWindow& lost, const LossWindow& stands);
  void judgeServer(const VelocityCase& c);

  /// A name that may be answered otherwise than before, though it may be that nothing of its own changed.
  struct Reached {
    Name name;
    bool below = false;           ///< so may all names below it
    std::vector<Name> through{};  ///< the DNAMEs that made it of a name, one after another
  };
  void judgeReached();
  void reach(Reached reached);
  void reachAliases(const Reached& reached, const Zone& zone);
  void reachThroughDnames(const Reached& reached, const Zone& zone);
  void judgeHidden(const Zone& zone, std::vector<NameView> tops);
  struct ServedDname {
    NodeView node;
    Name target;
    bool turns;  ///< with this plan
  };
  void judgeBelowDnames();
  void judgeThroughDnames(NameView name, std::vector<const ServedDname*>& passed);
  void judgeTypesOf(NameView name);
  void judgeEffect(NameView name, RRType type);

  void found(Rule rule, NameView name, std::optional<RRType> type, std::string observed, std::string limit,
             std::string detail);
  void keep(Reason reason, NameView name);
  /// A null name: the finding is about no one name, so that only an override of the whole rule counts.
  bool isOverridden(Rule rule, NameView name) const;
  void addPlaces();
  bool isNamed(NameView name, RRType type) const;
  bool isNamedWhole(NameView name) const;
  bool isKept(const Name& name) const;
  /// False once the time limit is over; then the verdict says so. Cheap enough to ask for every name.
  bool hasTime();

  const Case& case_;
  const Zone* before_;  // nullptr or without content: the zone's first plan
  const Zone& after_;
  const NodeView apex_;  ///< of the candidate
  bool isFlat_ = false;
  std::set<Name> removedNames_;
  std::set<std::pair<Name, RRType>> removedTypes_;
  std::set<std::pair<Name, RRType>> judgedEffects_;
  std::set<Name> told_;     ///< names whose loss was reported as a whole: no word more about its types
  std::set<Name> floored_;  ///< endpoints that the floor found something about
  std::vector<ServedDname> dnames_;
  Losses losses_;  ///< by the plan
  std::vector<Reached> toFollow_;
  std::set<std::pair<Name, bool>> reached_;  ///< name, and whether what is below it counts
  Verdict verdict_;
  Clock::time_point deadline_;
  unsigned ticks_ = 0;
  bool timedOut_ = false;
};

}  // namespace holdfast
