#pragma once

#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "zone/gathered_nodes.h"
#include "zone/plan.h"
#include "zone/record_text.h"

namespace holdfast {

/// Gathers what a plan sets, in any order, and makes Plan::sets of it. Checks what can be said of each record
/// alone: in the zone, a type that zones may hold, within the limits. What is lost on the way, differing TTLs
/// and equal records, stays in the plan's notes. Used by both plan formats. One thread, unless said.
class PlanBuilder {
 public:
  PlanBuilder(Plan& plan, const PlanLimits& limits) : plan_(plan), limits_(limits) {}

  /// One record. `number` is its place as PlanPlaces counts. Errors have no place of their own: the caller
  /// knows it.
  Status add(const RecordView& record, std::uint32_t number);
  /// Counts records and targets against the limit.
  Status countRecords(std::size_t more);
  /// Endpoints, compiled, whose keys stand in `places`.
  void join(GatheredNodes&& endpoints, PlanPlaces&& places);
  /// Call once, last. An Error where an endpoint comes twice, or once more as records.
  Status finish();

 private:
  /// An RRset on its way.
  struct Draft {
    RRset rrset;
    std::uint32_t firstTtl = 0;  // as written, of the first record
    std::uint32_t number = 0;    // of the first record
    bool ttlDiffers = false;     // told already
  };
  Draft& draftOf(const RecordView& record, std::uint32_t number);
  void noteTtl(const RecordView& record, Draft& draft, std::uint32_t number);
  void flush();
  Result<std::string> merge(std::span<const NodeView> nodes);
  void noteScattered(PlanNote note, std::size_t group);
  void placeScattered();
  Status checkEmptied();
  void note(PlanNote::Kind kind, NameView owner, RRType type, std::string where, std::string observed);
  Error overlapOf(NodeView records) const;

  Plan& plan_;
  const PlanLimits& limits_;
  std::size_t records_ = 0;
  GatheredNodes nodes_;
  NameBuffer owner_;           // of the drafts; nothing is known of it while there are none
  std::vector<Draft> drafts_;  // records of one owner mostly follow each other
  std::size_t used_ = 0;       // drafts
  std::mutex merging_;         // what follows, while several threads merge
  /// Of RRsets whose records did not all follow each other, and of which group of them; places come later.
  std::vector<std::pair<PlanNote, std::size_t>> scattered_;
};

}  // namespace holdfast
