#include "zone/guard.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string_view>

#include "zone/judge.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

struct RuleFacts {
  std::string_view name;
  bool overridable;
  bool needsName;
};

constexpr std::array<RuleFacts, kRules> kRuleFacts = {{
    {"stale-generation", false, false},
    {"base-mismatch", false, false},
    {"expired", false, false},
    {"invalid", false, false},
    {"unreadable", false, false},
    {"empty-answer", false, false},
    {"vanished", false, false},
    {"floor", true, true},
    {"velocity", true, false},
    {"ttl", true, false},
    {"bogus-target", true, false},
    {"apex-changed", true, false},
    {"frozen", false, false},
    {"timeout", false, false},
}};

const RuleFacts& factsOf(Rule rule) noexcept {
  return kRuleFacts[static_cast<std::size_t>(rule)];
}

}  // namespace

std::string_view toText(Rule rule) noexcept {
  return factsOf(rule).name;
}

std::optional<Rule> parseRule(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kRules; ++i)
    if (kRuleFacts[i].name == text) return static_cast<Rule>(i);
  return std::nullopt;
}

bool isOverridable(Rule rule) noexcept {
  return factsOf(rule).overridable;
}

Result<Override> parseOverride(std::string_view text, NameView zone) {
  const std::size_t colon = text.find(':');
  const std::string_view ruleText = text.substr(0, colon);
  const std::optional<Rule> rule = parseRule(ruleText);
  const std::string where = "override \"" + std::string(text.substr(0, 300)) + "\"";
  if (!rule) return Error{ErrorKind::Invalid, where, "names no rule of the guard"};
  if (!isOverridable(*rule))
    return Error{ErrorKind::Invalid, where, "the rule " + std::string(ruleText) + " can never be overridden"};
  Override result{*rule, std::nullopt};
  if (colon == std::string_view::npos) {
    if (!factsOf(*rule).needsName) return result;
    return Error{ErrorKind::Invalid, where,
                 "must name the endpoint: " + std::string(ruleText) + ":NAME, one for each"};
  }
  Result<Name> name = Name::fromText(text.substr(colon + 1), zone);
  if (!name) return std::move(name).error();
  result.name = *std::move(name);
  return result;
}

Reason timeoutReason(NameView zone, const GuardPolicy& policy) {
  const std::string limit = std::to_string(policy.timeout.count()) + " ms";
  return {Rule::Timeout,
          toText(zone),
          "",
          "over " + limit,
          limit,
          "the guard ran out of time: split the plan or raise guard.timeout of the zone"};
}

Judge::Judge(const Case& judged)
    : case_(judged),
      before_(judged.served.zoneAt(judged.zone)),
      after_(*judged.candidate.zoneAt(judged.zone)),
      apex_(after_.apexNode()),
      deadline_(std::min(Clock::now() + judged.policy.timeout, judged.deadline)) {
  for (const Removal& removal : judged.plan.removals) {
    if (removal.type)
      removedTypes_.emplace(removal.name, *removal.type);
    else
      removedNames_.insert(removal.name);
  }
  if (before_ != nullptr && !before_->hasContent()) before_ = nullptr;
  isFlat_ = isFlat();
}

Verdict Judge::run() {
  judgeStructure();
  judgeSize();
  judgeApex();
  judgeSignedSerial();
  judgeEmptyEndpoints();
  inOrder(&Judge::judgeVanished);
  inOrder(&Judge::judgeTargets);
  inOrder(&Judge::judgeChangedEffects);
  inOrder(&Judge::judgeReached);
  judgeVelocity();
  addPlaces();
  return std::move(verdict_);
}

/// Changes come as they lie in memory, which is how they are looked at fastest. What `rules` find of them is
/// told in canonical order.
void Judge::inOrder(void (Judge::*rules)()) {
  const std::size_t found = verdict_.reasons.size(), overridden = verdict_.overridden.size();
  (this->*rules)();
  sortFrom(found, verdict_.reasons);
  sortFrom(overridden, verdict_.overridden);
}

void Judge::sortFrom(std::size_t first, std::vector<Reason>& reasons) {
  std::vector<std::pair<Name, Reason>> named;
  for (std::size_t i = first; i < reasons.size(); ++i) {
    Result<Name> name = Name::absolute(reasons[i].name);
    named.emplace_back(name ? *std::move(name) : Name(), std::move(reasons[i]));
  }
  std::ranges::stable_sort(named, {}, [](const auto& each) -> const Name& { return each.first; });
  for (auto& [name, reason] : named) reasons[first++] = std::move(reason);
}

namespace {

bool holdsBelow(const Snapshot& snapshot, NameView apex) {
  return std::ranges::any_of(snapshot.zones(), [&](const auto& zone) { return zone->apex().isBelow(apex); });
}

bool isWithoutCuts(const Zone& zone) noexcept {
  return zone.facts().cuts == 0 && zone.facts().dnames == 0;
}

}  // namespace

/// Whether each name of the zone that exists answers for itself, on both sides, and before its first content
/// nobody answered for any of them.
bool Judge::isFlat() const {
  if (!isWithoutCuts(after_) || holdsBelow(case_.served, case_.zone) ||
      holdsBelow(case_.candidate, case_.zone))
    return false;
  if (before_ != nullptr) return isWithoutCuts(*before_);
  const Zone* above = case_.served.findZone(HashedName(case_.zone));
  return above == nullptr || !above->hasContent();
}

/// Whether it shows without looking anything up that the name answers all that it answered. For a zone's
/// first content whatever leads to any of its names is followed at once (judgeReached). One that was hidden
/// was answered by a wildcard, if by anything. REQUIRES: the change is quiet (NodeChanges).
bool Judge::isPlainWhereQuiet(NodeView before, NodeView after) const noexcept {
  return isFlat_ && after.data() != apex_.data() && (before || before_ == nullptr);
}

/// A signed SOA can't be given the next serial here: whoever signs has to.
void Judge::judgeSignedSerial() {
  const NodeView apex = after_.apexNode();
  if (before_ == nullptr || !apex || !isSigned(apex, RRType::SOA)) return;
  if (static_cast<std::int32_t>(after_.serial() - before_->serial()) > 0) return;  // RFC 1982
  found(Rule::Invalid, case_.zone, RRType::SOA, "signed serial " + std::to_string(after_.serial()),
        "above the served serial " + std::to_string(before_->serial()),
        "the SOA is signed, so its serial can't be raised here: raise it and sign the zone again");
}

bool Judge::hasTime() {
  if (timedOut_) return false;
  if ((++ticks_ & 63u) != 0 || Clock::now() < deadline_) return true;
  timedOut_ = true;
  // A timeout must not be lost behind a full list of other findings.
  verdict_.reasons.push_back(timeoutReason(case_.zone, case_.policy));
  return false;
}

bool Judge::isNamedWhole(NameView name) const {
  return !removedNames_.empty() && removedNames_.contains(Name(name));
}

bool Judge::isNamed(NameView name, RRType type) const {
  return isNamedWhole(name) || (!removedTypes_.empty() && removedTypes_.contains({Name(name), type}));
}

bool Judge::isKept(const Name& name) const {
  return std::ranges::find(case_.kept, name) != case_.kept.end();
}

void Judge::found(Rule rule, NameView name, std::optional<RRType> type, std::string observed,
                  std::string limit, std::string detail) {
  keep({rule, toText(name), type ? toText(*type) : "", std::move(observed), std::move(limit),
        std::move(detail)},
       name);
}

bool Judge::isOverridden(Rule rule, NameView name) const {
  return case_.overridesHaveReason && isOverridable(rule) &&
         std::any_of(case_.overrides.begin(), case_.overrides.end(), [&](const Override& o) {
           return o.rule == rule && (!o.name || (name && o.name->view() == name));
         });
}

void Judge::keep(Reason reason, NameView name) {
  if (verdict_.reasons.size() >= case_.policy.maxReasons) {
    ++verdict_.unlisted;
    return;
  }
  const Rule rule = reason.rule;
  const bool overridden = isOverridden(rule, name);
  (overridden ? verdict_.overridden : verdict_.reasons).push_back(std::move(reason));
}

/// Says of each finding where the plan sets what it is about.
void Judge::addPlaces() {
  std::deque<Name> names;  // stay where they are
  std::vector<PlanPlaces::Wanted> wanted;
  for (std::vector<Reason>* list : {&verdict_.reasons, &verdict_.overridden})
    for (Reason& reason : *list) {
      if (!reason.where.empty() || reason.rule == Rule::Timeout) continue;
      Result<Name> name = Name::absolute(reason.name);
      if (!name) continue;
      names.push_back(*std::move(name));
      const Result<RRType> type = parseType(reason.type);
      wanted.push_back({names.back(), type ? std::optional(*type) : std::nullopt, &reason.where});
    }
  const std::vector<EmptyEndpoint>& emptied = case_.plan.emptied;  // in order, as Plan has it
  const auto ownerOf = [](const EmptyEndpoint& endpoint) { return endpoint.owner.view(); };
  for (PlanPlaces::Wanted& each : wanted) {
    if (each.type && !isAddressType(*each.type)) continue;
    const auto empty = std::ranges::lower_bound(emptied, each.owner, {}, ownerOf);
    if (empty != emptied.end() && ownerOf(*empty) == each.owner) *each.where = empty->where;
  }
  std::erase_if(wanted, [](const PlanPlaces::Wanted& each) { return !each.where->empty(); });
  if (!wanted.empty()) case_.plan.places.find(wanted, case_.plan.sets.get());
}

Verdict judge(const Case& c) {
  return Judge(c).run();
}

}  // namespace holdfast
