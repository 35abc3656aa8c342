#include "zone/plan_builder.h"
#include "zone/plan_notes.h"

namespace holdfast {

Result<Plan> parseZoneFilePlan(std::string_view body, NameView zone, const PlanLimits& limits) {
  Plan plan;
  plan.zone = Name(zone);
  plan.fromZoneFile = true;
  PlanBuilder builder(plan, limits);
  RecordNotes notes(plan);
  Status read = readZoneText(body, zone, [&](TextRecord record, int line) {
    const std::string where = "line " + std::to_string(line);
    notes.see(record, where);
    return builder.add(std::move(record), where);
  });
  if (!read) return std::move(read).error();
  builder.finish();
  notes.finish();
  if (plan.rrsets.empty())
    return Error{ErrorKind::Unreadable, "", "the zone file holds no record, which is not an empty zone"};
  return plan;
}

}  // namespace holdfast
