// What must be true in every state, and the search through them.
#include <algorithm>
#include <unordered_set>

#include "tests/zone/interleavings.h"
#include "zone/lookup.h"

namespace holdfast::test {

namespace {

using Step = Attempt::Step;

std::string number(Generation generation) {
  return std::to_string(generation);
}

/// The last octet of the single address of an owner; -1 where it has none.
int addressAt(const Snapshot& served, const Name& owner) {
  const Zone* zone = served.findZone(HashedName(owner));
  if (zone == nullptr || !zone->hasContent()) return -1;
  const Lookup found = lookup(*zone, HashedName(owner), RRType::A);
  return found.found == Found::Data ? found.rrset.front()[3] : -1;
}

bool says(const Outcome& outcome, Rule rule) {
  return outcome.is(rule);
}

}  // namespace

/// I1, I9 and the freeze, where it counts: at the swap.
void World::checkPublishing(const Batch::Part& part) const {
  const StoredZone& stored = part.state->stored;
  const Submission& submission = part.attempt->submission;
  const Generation generation = part.attempt->outcome.generation;
  if (generation <= stored.fence)
    throw Violation("I1: generation " + number(generation) + " is published though " + number(stored.fence) +
                    " was committed before");
  if (submission.plan.base && *submission.plan.base != stored.committed)
    throw Violation("I1: a plan made from " + number(*submission.plan.base) + " is published though " +
                    number(stored.committed) + " is committed");
  if (submission.restored && generation <= submission.restored->generation())
    throw Violation("I9: a rollback does not move forward");
  if (stored.frozen && submission.caller.automation) throw Violation("an Enactor publishes in a frozen zone");
}

/// What a client sees now.
void World::checkServed() {
  const ReadSection section;
  const Snapshot& served = path_->snapshot().read(section);
  for (const auto& [apex, ignored] : scenario_.disk) {
    if (!disk_.contains(apex)) {  // forgotten, though perhaps served until that is applied
      forgotten_.insert(apex);
      seen_.erase(apex);
      continue;
    }
    const Zone* zone = served.zoneAt(apex);
    if (isForgotten(apex) && (zone == nullptr || !zone->hasContent())) continue;
    if (zone == nullptr || !zone->hasContent()) throw Violation("nothing is served of " + apex.text());
    const Generation generation = zone->generation();
    if (generation < seen_[apex])
      throw Violation("I1, I3, I7: generation " + number(generation) + " of " + apex.text() +
                      " is served after " + number(seen_[apex]));
    seen_[apex] = generation;
    const DiskZone& disk = disk_.at(apex);
    const auto content = disk.contents.find(generation);
    if (content == disk.contents.end())
      throw Violation("I5, I7: generation " + number(generation) + " of " + apex.text() +
                      " is served, but the store has it not");
    if (content->second.get() != zone || disk.stored.committed < generation)
      throw Violation("I7: what is served of " + apex.text() + " is not what is committed");
  }
  for (const auto& [owner, type] : scenario_.answers)
    if (effectOf(served, owner, type) != Effect::Positive)
      throw Violation("I2: " + owner.text() + " is no longer answered");
  checkTwins(served);
}

/// Forgotten, and without content since: the next plan is the first.
bool World::isForgotten(NameView zone) const {
  if (!forgotten_.contains(Name(zone))) return false;
  const ZoneState* state = path_->find(zone);
  return state == nullptr || state->stored.committed == 0;
}

void World::checkTwins(const Snapshot& served) const {
  for (const auto& [one, other] : scenario_.twins) {
    const int a = addressAt(served, one), b = addressAt(served, other);
    if (a < 0 && b < 0 && !forgotten_.empty()) continue;
    if (a < 0 || a != b)
      throw Violation("I3: " + one.text() + " is of plan " + std::to_string(a) + " and " + other.text() +
                      " of " + std::to_string(b));
  }
}

/// I5: what is committed, and what a rollback under way needs, is in the store.
void World::checkKept() const {
  for (std::size_t player = 0; player < acting_.size(); ++player) {
    const Acting& acting = acting_[player];
    if (acting.attempt != nullptr && acting.attempt->lost > 3)
      throw Violation("I10: a plan was overtaken more than three times");
    if (acting.pinned && acting.attempt != nullptr &&
        !disk_.at(moveOf(player).zone).contents.contains(*acting.pinned))
      throw Violation("I5: generation " + number(*acting.pinned) +
                      " is gone from the store while a rollback to it is under way");
  }
}

bool World::hasLine(const Move& move, Fate fate, Generation generation) const {
  const std::vector<HistoryEntry>& history = disk_.at(move.zone).history;
  return std::any_of(history.begin(), history.end(), [&](const HistoryEntry& entry) {
    return entry.fate == fate && entry.generation == generation && entry.digest == move.text;
  });
}

/// Each caller's answer is true.
void World::checkOutcome(const Acting& acting, const Move& move) const {
  const Attempt& attempt = *acting.attempt;
  const Outcome& outcome = attempt.outcome;
  if (!disk_.contains(move.zone)) return;  // forgotten: its history went with it
  const ZoneState* found = path_->find(move.zone);
  if (found == nullptr) return;  // it is being added
  const ZoneState& state = *found;
  const bool isCommitted = hasLine(move, Fate::Committed, outcome.generation);
  if (attempt.error) {
    if (isCommitted && !acting.wasCut && !state.isDoubted)
      throw Violation("a plan whose caller was told of a failure is committed: " + move.text);
    return;
  }
  switch (outcome.kind) {
    case Outcome::Kind::Published:
      if (!isCommitted || (seen_.contains(move.zone) && seen_.at(move.zone) > state.stored.committed))
        throw Violation("I7: published, but not in the history: " + move.text);
      return;
    case Outcome::Kind::Superseded: {
      const auto isNewer = [&](const HistoryEntry& entry) {
        return entry.fate == Fate::Committed && entry.generation == outcome.committed;
      };
      const auto& history = disk_.at(move.zone).history;
      if (outcome.committed <= outcome.generation || std::none_of(history.begin(), history.end(), isNewer))
        throw Violation("superseded by a plan that was not published: " + move.text);
      if (!hasLine(move, Fate::Superseded, outcome.generation))
        throw Violation("superseded, but not in the history: " + move.text);
      if (isCommitted && !acting.wasCut) throw Violation("superseded, but committed: " + move.text);
      return;
    }
    case Outcome::Kind::Refused:
      return checkRefusal(acting, state);
    case Outcome::Kind::Accepted:
      throw Violation("accepted as a dry run, which it is not: " + move.text);
  }
}

void World::checkRefusal(const Acting& acting, const ZoneState& state) const {
  const Outcome& outcome = acting.attempt->outcome;
  const Plan& plan = acting.attempt->submission.plan;
  const std::string& text = acting.attempt->submission.digest;
  if (outcome.verdict.reasons.empty()) throw Violation("I12: refused without a reason: " + text);
  if (says(outcome, Rule::StaleGeneration) && *plan.generation > state.stored.fence)
    throw Violation("stale-generation, but nothing newer is committed: " + text);
  if (says(outcome, Rule::BaseMismatch) && *plan.base == state.stored.committed)
    throw Violation("base-mismatch, but the base is committed: " + text);
  const auto& history = disk_.at(state.stored.apex).history;
  if (std::none_of(history.begin(), history.end(), [&](const HistoryEntry& entry) {
        return entry.fate == Fate::Refused && entry.digest == text;
      }))
    throw Violation("I12: refused, but not in the history: " + text);
}

/// I6: from wherever it came to rest, a newer valid plan applies.
void World::checkEnd() {
  for (std::size_t player = 0; player < acting_.size(); ++player)
    if (!isAtEnd(player)) throw Violation(scenario_.players[player].name + " waits for ever");
  for (const auto& [apex, ignored] : scenario_.disk) {
    const Submission submission = scenario_.newer(apex, path_->find(apex)->stored.fence + 1);
    Attempt attempt(submission);
    path_->admit(attempt, Monotonic());
    if (attempt.step == Step::Prepare) path_->prepare(attempt);
    if (attempt.step == Step::Conclude) path_->conclude(attempt);
    if (attempt.step == Step::Ready) {
      Batch batch = path_->choose(Monotonic());
      Result<Durable> durable = path_->commit(batch);
      if (durable)
        path_->publish(*std::move(durable));
      else
        path_->fail(batch, durable.error());
    }
    if (attempt.step != Step::Done || attempt.error || attempt.outcome.kind != Outcome::Kind::Published)
      throw Violation("I6: a newer valid plan of " + apex.text() + " does not apply" +
                      (attempt.error ? ": " + attempt.error->text() : ""));
  }
  checkServed();
}

void World::print(std::string& out, const Acting& acting) const {
  const auto put = [&](std::uint64_t value) { out.append(std::to_string(value)).push_back(','); };
  put(acting.move);
  put(acting.pinned.value_or(0));
  put((acting.isWoken ? 1u : 0u) + (acting.wasCut ? 2u : 0u));
  if (acting.attempt == nullptr) return;
  const Attempt& attempt = *acting.attempt;
  put(static_cast<std::uint64_t>(attempt.step));
  put(attempt.lost);
  put(attempt.outcome.generation);
  put(attempt.basis.committed);
  const ZoneState* held = path_->find(attempt.submission.plan.zone);
  const bool isOfForgotten = attempt.plans && (held == nullptr || attempt.plans != held->plans);
  put(isOfForgotten ? 2u + (attempt.plans->leader == &attempt ? 1u : 0u) : attempt.plans ? 1u : 0u);
  if (attempt.submission.restored) put(attempt.submission.plan.base.value_or(0));
  for (const auto& [apex, state] : path_->zones())
    put((state.changed > attempt.asOf ? 1u : 0u) + (state.changedAliases > attempt.asOf ? 2u : 0u) +
        (state.changedRules > attempt.asOf ? 4u : 0u));
  for (const std::size_t Acting::*since : {&Acting::readySince, &Acting::turnSince}) {
    std::uint64_t rank = 0;
    for (const Acting& other : acting_) rank += other.*since != 0 && other.*since < acting.*since ? 1 : 0;
    put(acting.*since == 0 ? 99 : rank);
  }
}

std::string World::fingerprint() const {
  std::string out;
  const auto put = [&](std::uint64_t value) { out.append(std::to_string(value)).push_back(','); };
  put(crashes_);
  put(failures_);
  put(forgotten_.size());
  put(inSection_ == kNobody ? 99 : inSection_);
  put(durable_ ? (*durable_ ? 1 : 2) : 0);
  for (const Batch::Part& part : batch_.parts) put(part.attempt->outcome.generation);
  for (const auto& [apex, zone] : disk_) {
    out += '|';
    put(zone.stored.fence);
    put(zone.stored.committed);
    put(zone.stored.frozen ? 1 : 0);
    put(seen_.contains(apex) ? seen_.at(apex) : 0);
    for (const auto& [generation, content] : zone.contents) {
      put(generation);
      const NodeView a = content->find(*Name(apex).child("a"));
      put(a && a.has(RRType::A) ? a.find(RRType::A).front()[3] : 0);
    }
    std::vector<std::string> lines;  // what the history lacks or has matters, not its order
    for (const HistoryEntry& entry : zone.history)
      lines.push_back(entry.digest + number(entry.generation) + "/" +
                      number(static_cast<unsigned>(entry.fate)));
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) out += line;
    const auto held = path_->zones().find(apex);
    if (held == path_->zones().end()) continue;  // it is being added
    const ZoneState& state = held->second;
    put(state.stored.fence);
    put(state.stored.committed);
    put((state.stored.frozen ? 1u : 0u) + (state.isDoubted ? 2u : 0u));
    for (std::size_t player = 0; player < acting_.size(); ++player) {
      const Attempt* attempt = acting_[player].attempt.get();
      if (attempt == nullptr || attempt->plans != state.plans) continue;
      put(player);
      const auto& round = state.plans->round;
      put(state.plans->leader == attempt                                  ? 0
          : std::find(round.begin(), round.end(), attempt) != round.end() ? 1
                                                                          : 2);
    }
  }
  for (const Acting& acting : acting_) {
    out += '/';
    print(out, acting);
  }
  return out;
}

namespace {

struct Node {
  std::size_t parent = 0;
  World::Action action;
};

std::vector<World::Action> pathTo(const std::deque<Node>& nodes, std::size_t node) {
  std::vector<World::Action> path;
  for (; node != 0; node = nodes[node].parent) path.push_back(nodes[node].action);
  std::reverse(path.begin(), path.end());
  return path;
}

/// Plays a schedule again and tells it, a step per line.
std::string tell(const Scenario& scenario, Graveyard& graveyard, const std::vector<World::Action>& path) {
  std::string text;
  World world(scenario, graveyard);
  std::size_t line = 0;
  for (const World::Action& action : path) {
    text += "  " + std::to_string(++line) + ". " + world.describe(action) + "\n";
    try {
      world.perform(action);
    } catch (const Violation&) {
      break;  // the last step, then
    }
  }
  return text;
}

}  // namespace

Exploration explore(const Scenario& scenario, std::size_t mostStates) {
  Exploration found;
  Graveyard graveyard;
  std::unordered_set<std::size_t> visited;
  std::deque<Node> nodes(1);
  std::vector<std::size_t> open{0};
  while (!open.empty()) {
    std::size_t at = open.back();
    open.pop_back();
    std::vector<World::Action> path = pathTo(nodes, at);
    try {
      World world(scenario, graveyard);
      // What leads here was checked when it was first gone.
      for (const World::Action& action : path) world.perform(action);
      found.steps += path.size();
      // Goes on as far as there is something new, and leaves the other ways for later.
      while (visited.insert(std::hash<std::string>()(world.fingerprint())).second) {
        const std::vector<World::Action> actions = world.enabled();
        if (actions.empty()) {
          world.checkEnd();
          break;
        }
        for (std::size_t i = actions.size(); i-- > 1;) {
          nodes.push_back({at, actions[i]});
          open.push_back(nodes.size() - 1);
        }
        nodes.push_back({at, actions[0]});
        at = nodes.size() - 1;
        path.push_back(actions[0]);
        ++found.steps;
        world.perform(actions[0]);
      }
      ++found.schedules;
    } catch (const Violation& violation) {
      found.violation = violation.what();
      found.schedule = tell(scenario, graveyard, path) + "  => " + found.violation + "\n";
      break;
    }
    if (mostStates != 0 && visited.size() >= mostStates) break;
  }
  found.states = visited.size();
  return found;
}

}  // namespace holdfast::test
