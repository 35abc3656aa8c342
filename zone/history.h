#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zone/guard.h"
#include "zone/plan.h"

namespace holdfast {

/// Who submitted: a person or program at the control API, or an Enactor.
struct Caller {
  std::string who;          ///< "uid 1000 pid 4711", "enactor watch:/etc/holdfast/plans/x"
  bool automation = false;  ///< refused while the zone is frozen
};

/// What a line of the history tells: what became of a plan, or what was done to the zone. The numbers are
/// stored.
enum class Fate : std::uint8_t {
  Refused = 0,
  Committed = 1,
  Superseded = 2,  ///< a newer plan of the zone was committed while this one waited for its turn
  Frozen = 3,
  Thawed = 4,
  ZoneAdded = 5,
  ZoneRemoved = 6,
  CleanedUp = 7,  ///< older lines were removed, as the configuration says
  Restored = 8    ///< the store was lost, and made anew from what was served or from a last-known-good copy
};
/// The highest of them.
inline constexpr Fate kLastFate = Fate::Restored;

/// True for a line about a plan, false for one about the zone.
constexpr bool isAboutPlan(Fate fate) noexcept {
  return fate <= Fate::Superseded;
}
/// "refused", "published", "superseded", "frozen", "thawed", "zone-added", "zone-removed", "cleaned-up",
/// "restored".
std::string_view toText(Fate fate) noexcept;

/// One line of a zone's history.
struct HistoryEntry {
  std::int64_t id = 0;
  Fate fate = Fate::Refused;
  Generation generation = 0;  ///< committed, or what it would have become; 0: unknown
  Generation base = 0;
  std::uint32_t serial = 0;
  PlanKind kind = PlanKind::Full;
  std::string source, who, reason;
  std::string digest;  ///< SHA-256 of the document as submitted, hex
  WallTime at{};
  std::vector<Reason> reasons;      ///< of a refusal
  std::vector<Reason> overridden;   ///< of a commit
  std::vector<Reason> quarantined;  ///< of a commit: why these endpoints stayed as they were
  Generation restored = 0;          ///< of a rollback: the generation whose content came back
  std::uint64_t namesAdded = 0, namesRemoved = 0, namesChanged = 0;
  /// 32 octets: SHA-256 over the seal of the zone's line before and all of this line, content included.
  /// Set by the store, and empty in what is given to it.
  std::string seal;
};

}  // namespace holdfast
