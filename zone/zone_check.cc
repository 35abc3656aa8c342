// Which names of a zone are checked for a plan, what counts as new, and where it stands in the plan.
#include "zone/zone_check.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unordered_map>

#include "zone/zone_checker.h"

namespace holdfast {

namespace {

bool comesBefore(const Finding& a, const Finding& b) {
  return std::tie(a.name, a.check, a.type, a.where, a.observed) <
         std::tie(b.name, b.check, b.type, b.where, b.observed);
}

/// Keeps findings as the limits allow, and takes an error for a warning where it is served already.
class Collector {
 public:
  Collector(const CheckCase& c, Findings& out) : case_(c), out_(out) {}

  ZoneChecker::Sink sink() {
    return [this](Check check, NameView name, std::optional<RRType> type, std::string observed) {
      pending_.push_back({check, factsOf(check).severity, Name(name), type, "", std::move(observed)});
    };
  }
  /// What was found since the last call is all that `name` has. `again` makes the same checks elsewhere.
  void settle(const std::function<void(ZoneChecker& before)>& again) {
    if (pending_.empty()) return;
    const bool isDelta = case_.plan.kind == PlanKind::Delta;
    const bool hasErrors = std::any_of(pending_.begin(), pending_.end(),
                                       [](const Finding& f) { return f.severity == Severity::Error; });
    served_.clear();
    if (case_.before != nullptr && (hasErrors || isDelta)) {
      if (!before_)
        before_.emplace(*case_.before, case_.now,
                        [this](Check check, NameView name, std::optional<RRType> type, std::string seen) {
                          served_.emplace(check, Name(name), type, std::move(seen));
                        });
      again(*before_);
    }
    for (Finding& finding : pending_) {
      if (served_.contains({finding.check, finding.name, finding.type, finding.observed})) {
        if (isDelta) continue;
        finding.severity = Severity::Warning;
      }
      keep(std::move(finding));
    }
    pending_.clear();
  }
  /// Names are visited as they lie in memory; of too many findings the first in canonical order are kept.
  void keep(Finding finding) {
    const bool isError = finding.severity == Severity::Error;
    std::vector<Finding>& heap = isError ? out_.errors : out_.warnings;
    const std::size_t limit = isError ? case_.maxErrors : case_.maxWarnings;
    if (heap.size() >= limit) {
      ++(isError ? out_.unlistedErrors : out_.unlistedWarnings);
      if (limit == 0 || !comesBefore(finding, heap.front())) return;
      std::pop_heap(heap.begin(), heap.end(), comesBefore);
      heap.pop_back();
    }
    heap.push_back(std::move(finding));
    std::push_heap(heap.begin(), heap.end(), comesBefore);
  }

 private:
  const CheckCase& case_;
  Findings& out_;
  std::vector<Finding> pending_;
  std::optional<ZoneChecker> before_;
  std::set<std::tuple<Check, Name, std::optional<RRType>, std::string>> served_;
};

bool isTop(NodeView node, const Zone& zone) noexcept {
  return node && (node.has(RRType::DNAME) || (node.has(RRType::NS) && node.name() != zone.apex()));
}

/// The names of a delta to check, in order: those that change, the zone cuts above them (whose glue they may
/// be), what lies below a new cut or DNAME, and the apex, whose servers may have lost their addresses.
std::vector<NameView> namesToCheck(const CheckCase& c) {
  std::vector<NameView> names(c.changed.begin(), c.changed.end());
  std::vector<NameView> tops;
  names.push_back(c.after.apex());
  for (const NameView name : c.changed) {
    if (const NodeView node = c.after.find(name); isTop(node, c.after) && node.children() > 0)
      if (c.before == nullptr || !isTop(c.before->find(name), *c.before)) tops.push_back(node.name());
    if (c.after.facts().cuts == 0) continue;
    const HashedName hashed(name);
    for (unsigned labels = c.after.apexLabels() + 1; labels < hashed.labels(); ++labels)
      if (const NodeView node = c.after.find(hashed, labels); isTop(node, c.after))
        names.push_back(node.name());
  }
  if (!tops.empty()) {
    std::sort(tops.begin(), tops.end());
    c.after.names().forEach([&](NodeView node) {
      for (NameView up = node.name(); up.size() > c.after.apex().size();) {
        up = up.parent();
        if (!std::binary_search(tops.begin(), tops.end(), up)) continue;
        names.push_back(node.name());
        break;
      }
      return c.hasTime();
    });
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void addNotes(const CheckCase& c, Collector& collector, Findings& findings) {
  static constexpr std::array kNoteChecks{Check::TtlDiffers, Check::TtlTooLarge, Check::DuplicateRecord};
  for (const PlanNote& note : c.plan.notes)
    collector.keep({kNoteChecks[static_cast<std::size_t>(note.kind)], Severity::Warning, note.owner,
                    note.type, note.where, note.observed});
  findings.unlistedWarnings += c.plan.unlistedNotes;
  if (c.plan.fromZoneFile && !c.plan.soaSerial)
    collector.keep(
        {Check::SoaMade, Severity::Warning, c.plan.zone, RRType::SOA, "", "none in the zone file"});
}

/// Says of each finding where the plan sets what it is about.
void addPlaces(const CheckCase& c, std::vector<Finding>& findings) {
  std::vector<PlanPlaces::Wanted> wanted;
  for (Finding& finding : findings)
    if (finding.where.empty()) wanted.push_back({finding.name, finding.type, &finding.where});
  if (!wanted.empty()) c.plan.places.find(wanted, c.plan.sets.get());
}

void finish(const CheckCase& c, Findings& findings) {
  for (std::vector<Finding>* list : {&findings.errors, &findings.warnings}) {
    std::sort(list->begin(), list->end(), comesBefore);
    addPlaces(c, *list);
  }
}

}  // namespace

Findings checkZone(const CheckCase& c) {
  Findings findings;
  Collector collector(c, findings);
  ZoneChecker checker(c.after, c.now, collector.sink());
  const auto checkNode = [&](NodeView node) {
    checker.checkName(node);
    const NameView name = node.name();
    collector.settle([&](ZoneChecker& before) {
      if (const NodeView old = c.before->find(name)) before.checkName(old);
    });
    return c.hasTime();
  };

  checker.checkApex();
  collector.settle([](ZoneChecker& before) { before.checkApex(); });
  if (c.plan.kind == PlanKind::Full) {
    checker.learnGlue(c.hasTime);
    const bool finished = c.hasTime() && c.after.names().forEach(checkNode);
    // Straight through: a broken chain may have a finding for every name.
    const auto keep = [&](Check check, NameView name, std::optional<RRType> type, std::string observed) {
      collector.keep({check, factsOf(check).severity, Name(name), type, "", std::move(observed)});
    };
    if (finished) ZoneChecker(c.after, c.now, keep).checkChains(c.hasTime);
  } else {
    for (const NameView name : namesToCheck(c))
      if (const NodeView node = c.after.find(name); node && !checkNode(node)) break;
  }
  addNotes(c, collector, findings);
  finish(c, findings);
  return findings;
}

}  // namespace holdfast
