// What is done beside the traffic: promotion, clean-up, upkeep of the store. None of it is in a hurry, and
// commits go before it.
#include <algorithm>
#include <thread>

#include "zone/publisher.h"

namespace holdfast {

namespace {

/// Pieces of clean-up that one call of tend() does for a zone at most, and how long it lets commits go first.
constexpr int kMostPieces = 50;
constexpr std::chrono::milliseconds kBetweenPieces{2};

}  // namespace

/// What has served for long enough without interruption, by the monotonic clock: a step of the wall clock
/// neither hastens nor delays it.
std::vector<std::shared_ptr<const Zone>> Publisher::readyToPromote(
    const Keeping& keeping, std::chrono::steady_clock::time_point now) {
  std::vector<std::shared_ptr<const Zone>> ready;
  const std::lock_guard view(view_);
  std::erase_if(serving_, [&](const auto& each) { return path_.find(each.first) == nullptr; });
  for (const auto& [apex, state] : path_.zones()) {
    if (state.stored.removed || !state.content->hasContent()) continue;
    const Generation generation = state.content->generation();
    const auto [serving, isNew] = serving_.try_emplace(apex, Serving{generation, now});
    if (serving->second.generation != generation) serving->second = {generation, now};
    // What is served in place of what is committed has proved nothing.
    if (generation != state.stored.committed || now - serving->second.since < keeping.goodAfter) continue;
    const std::vector<Generation> good = store_->head(apex).good;
    if (std::find(good.begin(), good.end(), generation) == good.end()) ready.push_back(state.content);
  }
  return ready;
}

/// One piece of clean-up: chosen while commits go on, removed in the critical section, so that neither
/// commits nor what is in flight move (I5).
Result<CleanUpReport> Publisher::cleanUp(const Name& zone, const Retention& retention) {
  std::vector<Generation> used;
  {
    const std::lock_guard section(section_);
    used = path_.inUse(zone);
  }
  const Result<bool> chosen = store_->chooseCleanUp(zone, retention, used, clock_());
  if (!chosen) return chosen.error();
  if (!*chosen) return CleanUpReport();
  const std::lock_guard section(section_);
  if (!path_.zones().contains(zone)) return CleanUpReport();
  return path_.cleanUp(zone, retention, clock_());
}

/// So that a zone that rests keeps none, and plans that are refused do not find the same old ones again.
void Publisher::forgetOldLosses(std::chrono::steady_clock::time_point now) {
  std::vector<CommitPath::OldLosses> old;
  {
    const std::lock_guard view(view_);
    old = path_.oldLosses(now);
  }
  for (CommitPath::OldLosses& each : old) {
    each.window = each.window.since(each.oldest);
    const std::lock_guard view(view_);
    path_.putTrimmed(each);
  }
}

TendReport Publisher::tend(const Keeping& keeping, std::chrono::steady_clock::time_point now) {
  TendReport report;
  for (const std::shared_ptr<const Zone>& zone : readyToPromote(keeping, now)) {
    if (Status done = store_->promote(zone, keeping.goodKept); !done)
      report.problems.push_back(std::move(done).error());
    else
      report.promoted.emplace_back(Name(zone->apex()), zone->generation());
  }
  std::vector<Name> zones;
  {
    const std::lock_guard view(view_);
    for (const auto& [apex, state] : path_.zones()) zones.push_back(apex);
  }
  for (const Name& zone : zones) {
    for (int piece = 0; piece < kMostPieces; ++piece) {
      Result<CleanUpReport> cleaned = cleanUp(zone, keeping.history);
      if (!cleaned) {
        report.problems.push_back(std::move(cleaned).error());
        break;
      }
      report.commits += cleaned->commits;
      report.others += cleaned->others;
      if (!cleaned->more) break;
      std::this_thread::sleep_for(kBetweenPieces);
    }
  }
  forgetOldLosses(now);
  if (Status kept = store_->maintain(); !kept) report.problems.push_back(std::move(kept).error());
  for (Error& problem : store_->takeProblems()) report.problems.push_back(std::move(problem));
  return report;
}

}  // namespace holdfast
