// The guard's rule `velocity`: how much may go within a sliding window, of an endpoint, a zone and the
// server.
#include <algorithm>
#include <array>

#include "zone/judge.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

using Time = LossWindow::Time;

/// One thing that is limited, and the words for it.
struct Measure {
  std::string_view unit;
  std::uint32_t percent;
  std::int64_t allowed = 0;  ///< whatever the share
};

/// How much of it was and is to be removed, of how much.
struct Amounts {
  std::int64_t before, after, had;
};

/// One of the sums over a zone or the server.
struct Sum {
  std::int64_t Loss::*part;
  Measure measure;
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

std::array<Sum, 3> sumsOf(const VelocityPolicy& policy, const Loss& had) noexcept {
  return {{{&Loss::targets, {"targets", policy.targetsPercent, policy.allowTargets}},
           {&Loss::weight, {"weight", policy.weightPercent, weightOfAverage(had, policy.allowTargets)}},
           {&Loss::endpoints, {"endpoints", policy.endpointsPercent, policy.allowEndpoints}}}};
}

/// Weights that plain records carry count as had: what comes back of them is compared with that.
Loss withCarried(Loss had) noexcept {
  had.weight += had.carried;
  return had;
}

std::int64_t limitOf(const Measure& measure, std::int64_t had) noexcept {
  return std::max(shareOf(had, measure.percent), measure.allowed);
}

/// What removes no more is not judged.
bool isTooMuch(const Measure& measure, const Amounts& amounts) noexcept {
  return amounts.after > amounts.before && amounts.after > limitOf(measure, amounts.had);
}

std::string secondsText(std::chrono::milliseconds time) {
  return time.count() % 60'000 == 0 && time.count() > 0 ? std::to_string(time.count() / 60'000) + " min"
                                                        : std::to_string((time.count() + 999) / 1000) + " s";
}

std::string limitText(const Measure& measure, std::int64_t had, std::chrono::milliseconds per) {
  const std::int64_t limit = limitOf(measure, had);
  const std::string what =
      measure.unit == "weight" ? "a weight of " + std::to_string(limit) : counted(limit, measure.unit);
  return "at most " + what + " (" +
         (limit == shareOf(had, measure.percent) ? std::to_string(measure.percent) + "%" : "always allowed") +
         ") within " + secondsText(per);
}

std::string observedText(const Measure& measure, const Amounts& amounts) {
  return std::to_string(amounts.after) + " of " + std::to_string(amounts.had) + " " +
         std::string(measure.unit) + " removed, " + std::to_string(amounts.after - amounts.before) +
         " of them by this plan";
}

/// Why the step is too large and when it no longer is: once enough of what stands is forgotten, which
/// `visitStanding` tells oldest first. It may tell of the plan's own share, which is of `at`.
template <class Visit>
std::string adviceText(const Visit& visitStanding, const Measure& measure, const Amounts& amounts, Time at,
                       std::chrono::milliseconds per, std::string_view override) {
  std::optional<Time> possible;
  std::int64_t freed = 0;
  visitStanding([&](Time lostAt, std::int64_t lost) {
    if (lostAt >= at) return false;
    freed += lost;
    if (amounts.after - freed <= limitOf(measure, amounts.had - freed)) possible = lostAt + per;
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
  const Loss had = withCarried(plan.had + elsewhere + elsewhereHas);
  for (const auto& [part, measure] : sumsOf(policy, had)) {
    const Amounts amounts{(plan.before + elsewhere).*part, (plan.after + elsewhere).*part, had.*part};
    if (!isTooMuch(measure, amounts)) continue;
    Reason reason{
        Rule::Velocity,
        "",
        "",
        observedText(measure, amounts),
        limitText(measure, amounts.had, policy.per) + " over all zones",
        "too much goes on the whole server: wait or go in smaller steps, or allow=velocity with a reason"};
    reason.code = "server";
    return reason;
  }
  return std::nullopt;
}

void Judge::judgeVelocity() {
  if (case_.velocity == nullptr || !hasTime()) return;
  const VelocityCase& c = *case_.velocity;
  collectLosses();
  verdict_.losses = c.lost.step(losses_, c.at);
  if (before_ == nullptr || !hasTime()) return;
  const Time oldest = c.at - case_.policy.velocity.per;
  const LossWindow lost = c.lost.since(oldest), stands = verdict_.losses.stands.since(oldest);
  judgeEndpointVelocity(lost, stands);
  judgeZoneVelocity(lost, stands);
  judgeServer(c);
}

void Judge::judgeEndpointVelocity(const LossWindow& lost, const LossWindow& stands) {
  for (const auto& [name, loss] : losses_.byEndpoint)
    for (const RRType type : kAddressTypes) {
      if (!hasTime()) return;
      if (loss.of(type).answered > 0 || loss.of(type).weight > 0 || loss.of(type).endsPlain)
        judgeRRsetVelocity(name, type, lost, stands);
    }
}

void Judge::judgeRRsetVelocity(NameView endpoint, RRType type, const LossWindow& lost,
                               const LossWindow& stands) {
  const VelocityPolicy& policy = case_.policy.velocity;
  const Changed answered = answeredAt(endpoint);
  // All of it gone is for the rules that ask whether that was meant, and for the zone's limits.
  const std::int64_t had = addressesOf(answered.before, type);
  if (had == 0 || addressesOf(answered.after, type) == 0) return;
  const RRsetLoss was = lost.of(endpoint).of(type), is = stands.of(endpoint).of(type);
  // What one plan takes from an endpoint is for the floor to judge; if it has, this would say it twice.
  const bool lostEarlier = was.targets > 0 || was.answered > 0 || was.weight > 0;
  if (!lostEarlier && floored_.contains(Name(endpoint))) return;
  const auto judgeMeasure = [&](const Measure& measure, std::int64_t RRsetLoss::*part, std::int64_t has) {
    const Amounts amounts{was.*part, is.*part, has + was.*part};
    if (!isTooMuch(measure, amounts)) return false;
    const auto standing = [&](const auto& visit) {
      for (const LossWindow::Entry& entry : stands.entriesOf(endpoint))
        if (!visit(entry.at, entry.loss.of(type).*part)) return;
    };
    Reason reason{Rule::Velocity,
                  toText(endpoint),
                  toText(type),
                  observedText(measure, amounts),
                  limitText(measure, amounts.had, policy.per) + " of one endpoint",
                  adviceText(standing, measure, amounts, case_.velocity->at, policy.per, "velocity:NAME")};
    reason.code = "endpoint";
    keep(std::move(reason), endpoint);
    return true;
  };
  if (judgeMeasure({"targets", policy.endpointPercent}, &RRsetLoss::answered, had)) return;
  // Targets and weight mostly go together. What an alias leads to may be weighed by another measure.
  const NodeView before = before_->find(endpoint), after = after_.find(endpoint);
  if (addressesOf(before, type) > 0 && addressesOf(after, type) > 0)
    judgeMeasure({"weight", policy.endpointPercent}, &RRsetLoss::weight,
                 static_cast<std::int64_t>(weightOf(before.find(type))) +
                     case_.velocity->lost.of(endpoint).of(type).carried);
}

void Judge::judgeZoneVelocity(const LossWindow& lost, const LossWindow& stands) {
  const VelocityPolicy& policy = case_.policy.velocity;
  Loss had = capacityOf(before_->facts()) + lost.total();
  had.carried = case_.velocity->lost.total().carried;  // also of longer ago: it is lost when it ends
  had = withCarried(had);
  for (const Sum& sum : sumsOf(policy, had)) {
    const auto part = sum.part;
    const Measure& measure = sum.measure;
    const Amounts amounts{lost.total().*part, stands.total().*part, had.*part};
    if (!isTooMuch(measure, amounts)) continue;
    const auto standing = [&](const auto& visit) {
      stands.forEach(
          [&](Time at, NameView, const EndpointLoss& loss) { return visit(at, loss.sum().*part); });
    };
    Reason reason{Rule::Velocity,
                  toText(case_.zone),
                  "",
                  observedText(measure, amounts),
                  limitText(measure, amounts.had, policy.per) + " of the zone",
                  adviceText(standing, measure, amounts, case_.velocity->at, policy.per, "velocity")};
    reason.code = "zone";
    keep(std::move(reason), case_.zone);
  }
}

void Judge::judgeServer(const VelocityCase& c) {
  ServerLoss& sums = verdict_.serverLoss;
  sums.before = sums.after = c.lately;
  for (const auto& [moment, change] : verdict_.losses.changed)
    if (moment.at > c.at - c.server.per) sums.after += change;
  sums.had = capacityOf(before_->facts()) + sums.before;
  if (std::optional<Reason> reason = judgeServerVelocity(c.server, sums, c.elsewhere, c.elsewhereHas))
    keep(*std::move(reason), {});
  sums.waived = isOverridden(Rule::Velocity, {});
}

}  // namespace holdfast
