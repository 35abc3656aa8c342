#include "zone/plan_builder.h"

namespace holdfast {

Result<Plan> parseZoneFilePlan(std::string_view body, NameView zone, const PlanLimits& limits) {
  Plan plan;
  plan.zone = Name(zone);
  plan.fromZoneFile = true;
  plan.places.setKind(PlanPlaces::Kind::Lines);
  PlanBuilder builder(plan, limits);
  Status read = readZoneText(body, zone, [&](const RecordView& record) {
    return builder.add(record, static_cast<std::uint32_t>(record.line));
  });
  if (!read) return std::move(read).error();
  if (Status finished = builder.finish(); !finished) return std::move(finished).error();
  if (!plan.sets->hasContent())
    return Error{ErrorKind::Unreadable, "", "the zone file holds no record, which is not an empty zone"};
  return plan;
}

}  // namespace holdfast
