// What is done before the first query: loading what the store has committed, and where that cannot be read,
// the newest that can.
#include <algorithm>

#include "zone/past_answers.h"
#include "zone/publisher.h"

namespace holdfast {

namespace {

/// Commits of so long ago count for the limits on what is taken away within a window: the longest window that
/// the configuration accepts, as the policies come only after the load.
constexpr std::chrono::hours kReplayed{7 * 24};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(std::unique_ptr<PlanStore> store, Clock clock) {
  std::unique_ptr<Publisher> publisher(new Publisher(std::move(store), std::move(clock)));
  if (Status loaded = publisher->load(); !loaded) return std::move(loaded).error();
  return publisher;
}

/// Commits from a future that a step of the wall clock took back count as of now.
std::chrono::steady_clock::time_point Publisher::steadyTimeOf(WallTime committed) const {
  return std::chrono::steady_clock::now() - std::max(clock_() - committed, std::chrono::microseconds(0));
}

/// The window of the velocity limits goes on where it was before the restart. What clients got less of where
/// an alias turned is told when all zones are there.
void Publisher::replayLosses(NameView zone, PastAnswers& past) {
  std::optional<Generation> current;
  std::chrono::steady_clock::time_point at;
  Losses losses;
  const auto settle = [&] {
    if (current && !losses.byEndpoint.empty()) path_.replayLosses(zone, losses, at);
    losses.byEndpoint.clear();
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
  if (!replayed) loadProblems_.push_back(replayed.error());
}

void Publisher::replayTurns(PastAnswers& past, const std::vector<LoadedZone>& zones) {
  std::vector<Snapshot::ZonePtr> served;
  for (const LoadedZone& zone : zones)
    if (!zone.stored.removed) served.push_back(zone.content);
  past.forEachTurn(Snapshot(std::move(served)), [&](NameView zone, WallTime committed, const Losses& losses) {
    path_.replayLosses(zone, losses, steadyTimeOf(committed));
  });
}

/// What the zone is served with. Where that is not what is committed, loadProblems() says so.
std::shared_ptr<const Zone> Publisher::loadContent(const StoredZone& zone, PastAnswers& past) {
  auto none = std::make_shared<const Zone>(zone.apex);
  if (zone.removed || zone.committed == 0) return none;
  replayLosses(zone.apex, past);
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
  PastAnswers past;
  for (StoredZone& zone : *stored) {
    std::shared_ptr<const Zone> served = loadContent(zone, past);
    zones.push_back({std::move(zone), std::move(served)});
  }
  replayTurns(past, zones);
  path_.load(std::move(zones));
  return Done{};
}

}  // namespace holdfast
