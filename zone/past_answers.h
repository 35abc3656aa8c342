#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "zone/snapshot.h"
#include "zone/velocity.h"

namespace holdfast {

/// What aliases that turned led to before and after, as far as the history tells: for the window of losses
/// after a restart. A commit's record has what each name held, so that what was answered under an alias is
/// found by going back from what is served now. It is as it was for names that exist still or that a commit
/// in the history changed; which names DNAMEs and wildcards made of others is taken from today. One thread at
/// a time.
class PastAnswers {
 public:
  /// Told of each owner that a commit changed, commits of a zone in order.
  void note(NameView zone, WallTime at, NodeView before, NodeView after);

  /// Visits what clients got less of, or more, under names whose aliases turned: by zone and commit, oldest
  /// first. Only what is answered is set. `served` has all zones. No call of note() after it. Work of the
  /// order of the turns, times the logarithm of what was noted; where a DNAME turned, of the order of all
  /// names served.
  using Visit = std::function<void(NameView zone, WallTime at, const Losses&)>;
  void forEachTurn(const Snapshot& served, const Visit& visit);

 private:
  /// What a name held until a commit changed it. Small: there may be one for each change of a week.
  struct Held {
    std::uint64_t hash;  // of the name: another of the same hash, if there ever is one, costs a wrong count
    WallTime until;
    std::array<std::uint16_t, kAddressTypes.size()> addresses{};
    std::uint32_t alias = 0;  // 0: none; else led_[alias - 1]
  };
  struct Turn {
    Name zone, owner;
    WallTime at;
    Name before, after;  // of a DNAME: what it led to; the owner itself where it did not lead anywhere
  };
  enum class Side : std::uint8_t { Before, After };
  using Addresses = std::array<std::int64_t, kAddressTypes.size()>;

  const Held* find(NameView name, WallTime at, Side side) const;
  Addresses answersOf(const Snapshot& served, Name name, WallTime at, Side side) const;
  EndpointLoss lossOf(const Snapshot& served, const Name& before, const Name& after, WallTime at) const;

  std::vector<Held> held_;
  std::vector<Name> led_;  // where names led that were aliases
  std::vector<Turn> aliases_, dnames_;
};

}  // namespace holdfast
