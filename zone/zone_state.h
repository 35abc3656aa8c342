#pragma once

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zone/attempt.h"

namespace holdfast {

/// A zone as `status` shows it.
struct ZoneStatus {
  Name apex;
  Generation planned = 0, committed = 0, served = 0;
  std::uint32_t serial = 0;
  std::optional<WallTime> committedAt;
  std::uint64_t names = 0;
  ZoneFacts facts;
  std::optional<std::string> frozen;
  WallTime frozenSince{};
  std::optional<HistoryEntry> lastRefusal;
  std::array<std::uint64_t, kRules> refusals{};  ///< since start, by rule
  std::uint64_t published = 0;                   ///< since start
  std::uint64_t superseded = 0;                  ///< since start
  std::uint64_t warnings = 0;                    ///< about published plans, since start
  std::vector<Generation> good;                  ///< last-known-good ones, newest first
  std::string seal;                              ///< of the newest line of the history, 32 octets
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
  std::optional<HistoryEntry> lastRefusal;
  std::array<std::uint64_t, kRules> refusals{};
  std::uint64_t published = 0, superseded = 0, warnings = 0;
};

inline bool isNested(NameView a, NameView b) noexcept {
  return a.isAtOrBelow(b) || b.isAtOrBelow(a);
}

}  // namespace holdfast
