// The guard's rule `velocity`: how much may go within a sliding window, of an endpoint, a zone and the
// server.
#include <algorithm>
#include <array>

#include "zone/judge.h"

namespace holdfast {

namespace {

using Time = LossWindow::Time;

/// One thing that is limited, and the words for it.
struct Measure {
  std::int64_t Loss::*part;
  std::string_view unit;
  std::uint32_t percent;
  std::int64_t allowed;  ///< whatever the share
};

/// Part of a hundred, without overflow.
std::int64_t shareOf(std::int64_t whole, std::int64_t percent) noexcept {
  return whole / 100 * percent + whole % 100 * percent / 100;
}

/// The weight that so many targets have on the average.
std::int64_t weightOfAverage(const Loss& had, std::int64_t targets) noexcept {
  if (had.targets <= 0) return 0;
  return had.weight / had.targets * targets + had.weight % had.targets * targets / had.targets;
}

std::array<Measure, 3> measuresOf(const VelocityPolicy& policy, const Loss& had) noexcept {
  return {{{&Loss::targets, "targets", policy.targetsPercent, policy.allowTargets},
           {&Loss::weight, "weight", policy.weightPercent, weightOfAverage(had, policy.allowTargets)},
           {&Loss::endpoints, "endpoints", policy.endpointsPercent, policy.allowEndpoints}}};
}

std::int64_t limitOf(const Measure& measure, std::int64_t had) noexcept {
  return std::max(shareOf(had, measure.percent), measure.allowed);
}

std::string secondsText(std::chrono::milliseconds time) {
  return time.count() % 60'000 == 0 && time.count() > 0 ? std::to_string(time.count() / 60'000) + " min"
                                                        : std::to_string((time.count() + 999) / 1000) + " s";
}

std::string limitText(const Measure& measure, std::int64_t had, std::chrono::milliseconds per) {
  const std::int64_t limit = limitOf(measure, had);
  const std::string what = measure.unit == "weight" ? "a weight of " + std::to_string(limit)
                                                    : std::to_string(limit) + " " + std::string(measure.unit);
  return "at most " + what + " (" +
         (limit == shareOf(had, measure.percent) ? std::to_string(measure.percent) + "%" : "always allowed") +
         ") within " + secondsText(per);
}

std::string observedText(const Measure& measure, std::int64_t before, std::int64_t after, std::int64_t had) {
  return std::to_string(after) + " of " + std::to_string(had) + " " + std::string(measure.unit) +
         " removed, " + std::to_string(after - before) + " of them by this plan";
}

/// Why the step is too large and when it no longer is: once enough of what `stands` is forgotten. `stands` is
/// oldest first and may hold the plan's own share, which is of `at`.
template <class Visit>
std::string adviceText(const Visit& visitStanding, const Measure& measure, std::int64_t after,
                       std::int64_t had, Time at, std::chrono::milliseconds per, std::string_view override) {
  std::optional<Time> possible;
  std::int64_t freed = 0;
  visitStanding([&](Time lostAt, const Loss& loss) {
    if (lostAt >= at) return false;
    freed += loss.*(measure.part);
    if (after - freed <= limitOf(measure, had - freed)) possible = lostAt + per;
    return !possible;
  });
  const std::string orElse = ", or allow=" + std::string(override) + " with a reason";
  if (!possible) return "more than may go in one step: go in smaller steps" + orElse;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(*possible - at);
  return "too much went within the window: this step is possible in " + std::to_string(wait.count()) + " s" +
         orElse;
}

}  // namespace

void EndpointFloors::set(const Name& endpoint, const EndpointFloor& floor) {
  auto next = floors_ ? std::make_shared<std::map<Name, EndpointFloor>>(*floors_)
                      : std::make_shared<std::map<Name, EndpointFloor>>();
  next->insert_or_assign(endpoint, floor);
  floors_ = std::move(next);
}

const EndpointFloor* EndpointFloors::find(NameView endpoint) const {
  if (empty()) return nullptr;
  const auto found = floors_->find(Name(endpoint));
  return found == floors_->end() ? nullptr : &found->second;
}

const std::map<Name, EndpointFloor>& EndpointFloors::all() const {
  static const std::map<Name, EndpointFloor> kNone;
  return floors_ ? *floors_ : kNone;
}

std::optional<Reason> judgeServerVelocity(const VelocityPolicy& policy, const ServerLoss& plan,
                                          const Loss& elsewhere, const Loss& elsewhereHas) {
  if (plan.waived) return std::nullopt;
  const Loss had = plan.had + elsewhere + elsewhereHas;
  for (const Measure& measure : measuresOf(policy, had)) {
    const std::int64_t before = (plan.before + elsewhere).*(measure.part);
    const std::int64_t after = (plan.after + elsewhere).*(measure.part);
    const std::int64_t limit = limitOf(measure, had.*(measure.part));
    if (after <= before || after <= limit) continue;
    Reason reason{
        Rule::Velocity,
        "",
        "",
        observedText(measure, before, after, had.*(measure.part)),
        limitText(measure, had.*(measure.part), policy.per) + " over all zones",
        "too much goes on the whole server: wait or go in smaller steps, or allow=velocity with a reason"};
    reason.code = "server";
    return reason;
  }
  return std::nullopt;
}

void Judge::judgeVelocity() {
  if (case_.velocity == nullptr || before_ == nullptr || !hasTime()) return;
  const VelocityCase& c = *case_.velocity;
  const LossWindow lost = c.lost.since(c.at - case_.policy.velocity.per);
  const LossWindow stands = lost.with(c.losses, c.at);
  judgeEndpointVelocity(lost, stands);
  judgeZoneVelocity(lost, stands);
  judgeServer(c);
}

void Judge::judgeEndpointVelocity(const LossWindow& lost, const LossWindow& stands) {
  const VelocityPolicy& policy = case_.policy.velocity;
  for (const auto& [name, loss] : case_.velocity->losses.byEndpoint) {
    if (!hasTime()) return;
    const Name& endpoint = name;
    if (loss.targets <= 0 && loss.weight <= 0) continue;
    const NodeView before = before_->find(endpoint);
    const NodeView after = after_.find(endpoint);
    // All of it gone is for the rules that ask whether that was meant, and for the zone's limits.
    if (!before || !after || addressesOf(after) == 0) continue;
    const Loss was = lost.of(endpoint), is = stands.of(endpoint);
    // What one plan takes from an endpoint is for the floor to judge; if it has, this would say it twice.
    if (was == Loss{} && floored_.contains(endpoint)) continue;
    const Loss has = capacityOf(before);
    for (const Measure& measure : {Measure{&Loss::targets, "targets", policy.endpointPercent, 0},
                                   Measure{&Loss::weight, "weight", policy.endpointPercent, 0}}) {
      const std::int64_t had = has.*(measure.part) + was.*(measure.part);
      const std::int64_t removed = is.*(measure.part);
      const std::int64_t limit = limitOf(measure, had);
      if (removed <= was.*(measure.part) || removed <= limit) continue;
      const auto standing = [&](const auto& visit) {
        for (const LossWindow::Entry& entry : stands.entriesOf(endpoint))
          if (!visit(entry.at, entry.loss)) return;
      };
      Reason reason{
          Rule::Velocity,
          endpoint.text(),
          "",
          observedText(measure, was.*(measure.part), removed, had),
          limitText(measure, had, policy.per) + " of one endpoint",
          adviceText(standing, measure, removed, had, case_.velocity->at, policy.per, "velocity:NAME")};
      reason.code = "endpoint";
      keep(std::move(reason), endpoint);
      break;  // targets and weight mostly go together
    }
  }
}

void Judge::judgeZoneVelocity(const LossWindow& lost, const LossWindow& stands) {
  const VelocityPolicy& policy = case_.policy.velocity;
  const Loss had = capacityOf(before_->facts()) + lost.total();
  for (const Measure& measure : measuresOf(policy, had)) {
    const std::int64_t before = lost.total().*(measure.part), after = stands.total().*(measure.part);
    const std::int64_t limit = limitOf(measure, had.*(measure.part));
    if (after <= before || after <= limit) continue;
    const auto standing = [&](const auto& visit) {
      stands.forEach([&](Time at, NameView, const Loss& loss) { return visit(at, loss); });
    };
    Reason reason{Rule::Velocity,
                  toText(case_.zone),
                  "",
                  observedText(measure, before, after, had.*(measure.part)),
                  limitText(measure, had.*(measure.part), policy.per) + " of the zone",
                  adviceText(standing, measure, after, had.*(measure.part), case_.velocity->at, policy.per,
                             "velocity")};
    reason.code = "zone";
    keep(std::move(reason), case_.zone);
  }
}

void Judge::judgeServer(const VelocityCase& c) {
  const LossWindow lost = c.lost.since(c.at - c.server.per);
  ServerLoss& sums = verdict_.serverLoss;
  sums.before = lost.total();
  sums.after = lost.with(c.losses, c.at).total();
  sums.had = capacityOf(before_->facts()) + lost.total();
  if (std::optional<Reason> reason = judgeServerVelocity(c.server, sums, c.elsewhere, c.elsewhereHas))
    keep(*std::move(reason), {});
  sums.waived = isOverridden(Rule::Velocity, {});
}

}  // namespace holdfast
