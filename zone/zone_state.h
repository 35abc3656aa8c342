#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zone/attempt.h"

namespace holdfast {

/// That automation is stopped for a zone, and why.
struct Freeze {
  std::string reason;
  WallTime since{};
};

/// A zone as `status` shows it.
struct ZoneStatus {
  Name apex;
  /// Planned: the highest that was handed in since the last commit, refused ones too; else what is committed.
  Generation planned = 0, committed = 0, served = 0;
  std::uint32_t serial = 0;
  std::optional<WallTime> committedAt;
  std::uint64_t names = 0;
  ZoneFacts facts;
  std::optional<std::string> frozen;
  WallTime frozenSince{};
  std::shared_ptr<const HistoryEntry>
      lastRefusal;                               ///< shared: it may list a thousand reasons; null: none yet
  std::array<std::uint64_t, kRules> refusals{};  ///< since start, by rule
  std::uint64_t published = 0;                   ///< since start
  std::uint64_t superseded = 0;                  ///< since start
  std::uint64_t warnings = 0;                    ///< about published plans, since start
  std::uint64_t quarantined = 0;  ///< endpoints that published plans left as they were, since start
  Generation lastQuarantine = 0;  ///< the last generation that left one so, since start; 0: none
  std::uint64_t maxNames = 0;     ///< of its policy
  EndpointFloors floors;          ///< of its policy
  std::vector<Name> idleFloors;   ///< of these, names that what is served does not have: likely misspelt
  std::vector<Generation> good;   ///< last-known-good ones, newest first
  std::string seal;               ///< of the newest line of the history, 32 octets
};

/// A zone as CommitPath holds it, a removed one too, for its fence.
struct ZoneState {
  StoredZone stored;
  std::shared_ptr<const Zone> content;  ///< never null; without content where nothing is committed
  GuardPolicy policy;

  // What verdicts depend on, by the edition that last changed it.
  Edition changed = 0;         ///< the content
  Edition changedAliases = 0;  ///< the content, where it had aliases before or after
  Edition changedRules = 0;    ///< policy or freeze

  bool isDoubted = false;                 ///< the store may hold what a write left that it said had failed
  bool mayDoubtAliases = false;           ///< and that may have aliases
  std::list<ZoneState*> unlisted;         ///< its node until it is held
  std::list<ZoneState*>::iterator place;  ///< among the zones by their last change
  std::shared_ptr<FullPlans> plans = std::make_shared<FullPlans>();

  Generation planned = 0;
  std::shared_ptr<const HistoryEntry> lastRefusal;
  std::array<std::uint64_t, kRules> refusals{};
  std::uint64_t published = 0, superseded = 0, warnings = 0, quarantined = 0;
  Generation lastQuarantine = 0;
};

/// What is told of a zone that the server does not hold (NotFound).
inline Error notHeld(NameView zone) {
  return {ErrorKind::NotFound, toText(zone), "is not held; zonectl zone add, or PUT /v1/zones/ZONE, adds it"};
}

inline bool isNested(NameView a, NameView b) noexcept {
  return a.isAtOrBelow(b) || b.isAtOrBelow(a);
}

}  // namespace holdfast
