#include "zone/plan_builder.h"

namespace holdfast {

Result<Plan> parseZoneFilePlan(std::string_view body, NameView zone, const PlanLimits& limits) {
  Plan plan;
  plan.zone = Name(zone);
  plan.fromZoneFile = true;
  PlanBuilder builder(plan, limits);
  Status read = readZoneText(body, zone, [&](TextRecord record, int line) {
    return builder.add(std::move(record), "line " + std::to_string(line));
  });
  if (!read) return std::move(read).error();
  builder.finish();
  if (plan.rrsets.empty())
    return Error{ErrorKind::Unreadable, "", "the zone file holds no record, which is not an empty zone"};
  return plan;
}

}  // namespace holdfast
