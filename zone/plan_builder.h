#pragma once

#include <map>
#include <string>
#include <utility>

#include "zone/plan.h"
#include "zone/record_text.h"

namespace holdfast {

/// Gathers single records into the RRsets of a plan and checks what can be said of each alone: in the zone, a
/// type that zones may hold, within the limits. What is lost on the way, differing TTLs and equal records,
/// stays in the plan's notes. Used by both plan formats. One thread.
class PlanBuilder {
 public:
  PlanBuilder(Plan& plan, const PlanLimits& limits) : plan_(plan), limits_(limits) {}

  /// `where` goes into the plan for later findings. Errors have no place of their own: the caller knows it.
  Status add(TextRecord record, const std::string& where);
  /// Counts targets against the limit of records.
  Status countRecords(std::size_t more);
  /// Sorts what was gathered into plan.rrsets. Call once, last.
  void finish();

 private:
  struct Gathered {
    PlannedRRset planned;
    std::uint32_t firstTtl = 0;  // as written, of the first record
    bool ttlDiffers = false;     // told already
  };
  void noteTtl(const TextRecord& record, Gathered& gathered, const std::string& where);
  void note(PlanNote::Kind kind, const Name& owner, RRType type, const std::string& where,
            std::string observed);

  Plan& plan_;
  const PlanLimits& limits_;
  std::size_t records_ = 0;
  std::map<std::pair<Name, RRType>, Gathered> rrsets_;
};

}  // namespace holdfast
