// What is done at the start: before the first query loading what the store has committed, and where that
// cannot be read, the newest that can; before the first plan the windows of losses.
#include <algorithm>
#include <utility>

#include "zone/past_answers.h"
#include "zone/publisher.h"

namespace holdfast {

namespace {

/// Commits of so long ago count for the limits on what is taken away within a window: the longest window that
/// the configuration accepts, as the policies come only after the load.
constexpr std::chrono::hours kReplayed{7 * 24};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::openServing(std::unique_ptr<PlanStore> store, Clock clock) {
  std::unique_ptr<Publisher> publisher(new Publisher(std::move(store), std::move(clock)));
  if (Status loaded = publisher->load(); !loaded) return std::move(loaded).error();
  return publisher;
}

Result<std::unique_ptr<Publisher>> Publisher::open(std::unique_ptr<PlanStore> store, Clock clock) {
  Result<std::unique_ptr<Publisher>> publisher = openServing(std::move(store), std::move(clock));
  if (publisher)
    for (Error& problem : (*publisher)->replayPast())
      (*publisher)->loadProblems_.push_back(std::move(problem));
  return publisher;
}

/// Commits from a future that a step of the wall clock took back count as of now.
std::chrono::steady_clock::time_point Publisher::steadyTimeOf(WallTime committed) const {
  return std::chrono::steady_clock::now() - std::max(clock_() - committed, std::chrono::microseconds(0));
}

/// The window of the velocity limits goes on where it was before the restart. What clients got less of where
/// an alias turned is told when all zones are there.
std::vector<Error> Publisher::replayPast() {
  std::vector<Name> zones;
  {
    const std::lock_guard view(view_);
    for (const auto& [apex, state] : path_.zones())
      if (!state.stored.removed && state.stored.committed != 0) zones.push_back(apex);
  }
  std::vector<Error> problems;
  PastAnswers past;
  for (const Name& zone : zones) {
    record(zone, lossesOf(zone, past, problems));
  }
  recordTurns(past);
  const std::lock_guard view(view_);
  isPastKnown_ = true;
  changed_.notify_all();
  return problems;
}

/// No lock of the publisher is held: the store holds its own while it tells.
/// Where the history cannot be read to its end, what was read counts.
Publisher::PastLosses Publisher::lossesOf(NameView zone, PastAnswers& past,
                                          std::vector<Error>& problems) const {
  std::optional<Generation> current;
  PastLosses all;
  std::chrono::steady_clock::time_point at;
  Losses losses;
  const auto settle = [&] {
    if (current && !losses.byEndpoint.empty()) all.emplace_back(std::exchange(losses, {}), at);
  };
  const Status replayed =
      store_->replay(zone, clock_() - kReplayed,
                     [&](Generation generation, WallTime committed, NodeView before, NodeView after) {
                       if (current != generation) {
                         settle();
                         at = steadyTimeOf(committed);
                       }
                       current = generation;
                       past.note(zone, committed, before, after);
                       EndpointLoss loss = lossBetween(before, after);
                       if (turnsAlias(before, after)) loss.a.answered = loss.aaaa.answered = 0;
                       if (loss != EndpointLoss{})
                         losses.byEndpoint.emplace((before ? before : after).name(), loss);
                     });
  settle();
  if (!replayed) problems.push_back(replayed.error());
  return all;
}

void Publisher::record(NameView zone, const PastLosses& losses) {
  const std::lock_guard section(section_);
  const std::lock_guard view(view_);
  if (path_.find(zone) == nullptr) return;  // it went meanwhile
  for (const auto& [loss, at] : losses) path_.replayLosses(zone, loss, at);
}

void Publisher::recordTurns(PastAnswers& past) {
  std::vector<Snapshot::ZonePtr> served;
  {
    const std::lock_guard view(view_);
    for (const auto& [apex, state] : path_.zones())
      if (!state.stored.removed) served.push_back(state.content);
  }
  past.forEachTurn(Snapshot(std::move(served)), [&](NameView zone, WallTime committed, const Losses& losses) {
    record(zone, {{losses, steadyTimeOf(committed)}});
  });
}

/// What the zone is served with. Where that is not what is committed, loadProblems() says so.
std::shared_ptr<const Zone> Publisher::loadContent(const StoredZone& zone) {
  auto none = std::make_shared<const Zone>(zone.apex);
  if (zone.removed || zone.committed == 0) return none;
  Result<std::shared_ptr<const Zone>> content = store_->content(zone.apex, zone.committed);
  if (content) return *std::move(content);
  loadProblems_.push_back(std::move(content).error());
  std::vector<Error> others;
  Result<std::shared_ptr<const Zone>> older = store_->anyContent(zone.apex, others);
  for (Error& problem : others) loadProblems_.push_back(std::move(problem));
  const std::string name = zone.apex.text();
  if (!older) {
    loadProblems_.push_back({ErrorKind::Store, name,
                             "is held without content: nothing of it can be read, send a full plan above "
                             "generation " +
                                 std::to_string(zone.fence)});
    return none;
  }
  if ((*older)->generation() == zone.committed) {
    loadProblems_.push_back({ErrorKind::Store, name,
                             "is served from its copy of generation " + std::to_string(zone.committed) +
                                 ", as the store has it no more"});
    return *std::move(older);
  }
  loadProblems_.push_back({ErrorKind::Store, name,
                           "is served with generation " + std::to_string((*older)->generation()) +
                               " instead of " + std::to_string(zone.committed) +
                               ": send a full plan above generation " + std::to_string(zone.fence)});
  return *std::move(older);
}

Status Publisher::load() {
  Result<std::vector<StoredZone>> stored = store_->zones();
  if (!stored) return std::move(stored).error();
  for (Error& problem : store_->takeProblems()) loadProblems_.push_back(std::move(problem));
  std::vector<LoadedZone> zones;
  for (StoredZone& zone : *stored) {
    std::shared_ptr<const Zone> served = loadContent(zone);
    zones.push_back({std::move(zone), std::move(served)});
  }
  for (Error& problem : store_->takeProblems()) loadProblems_.push_back(std::move(problem));
  path_.load(std::move(zones));
  return Done{};
}

}  // namespace holdfast
