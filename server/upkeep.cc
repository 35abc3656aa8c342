#include "server/upkeep.h"

#include <algorithm>
#include <utility>

#include "server/memory_reserve.h"
#include "zone/background.h"
#include "zone/rcu.h"

namespace holdfast {

namespace {

/// How often at most and at least; in between, often enough to promote in time.
constexpr std::chrono::milliseconds kLongest{5000}, kShortest{100};

std::chrono::milliseconds pauseFor(const Keeping& keeping) {
  return std::clamp(keeping.goodAfter / 4, kShortest, kLongest);
}

}  // namespace

Upkeep::Upkeep(Publisher& publisher, Log& log, const Keeping& keeping, HeapUpkeep heap)
    : publisher_(publisher), log_(log), keeping_(keeping), heap_(std::move(heap)), thread_([this] {
        run();
      }) {}

Upkeep::~Upkeep() {
  stop();
}

void Upkeep::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  endOfWork_.request_stop();
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Upkeep::setKeeping(const Keeping& keeping) {
  {
    const std::lock_guard lock(mutex_);
    keeping_ = keeping;
  }
  woken_.notify_all();
}

UpkeepStats Upkeep::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void Upkeep::run() {
  enterBackground("upkeep");
  const RcuThread registered;
  std::unique_lock lock(mutex_);
  for (bool isLast = false; !isLast;) {
    if (!stopping_) woken_.wait_for(lock, pauseFor(keeping_));
    isLast = stopping_;  // damage that came since the last round is seen before what could mend it is gone
    const Keeping keeping = keeping_;
    lock.unlock();
    const TendReport report = round(keeping);
    lock.lock();
    stats_.commitsRemoved += report.commits;
    stats_.othersRemoved += report.others;
    stats_.promoted += report.promoted.size();
    stats_.failures += report.problems.empty() ? 0 : 1;
    stats_.lastRun = wallClock();
    stats_.hugePageOctets = heap_.hugePageOctets();
  }
}

/// Whatever goes wrong here is told, and the next round tries again: answers go on (I8).
TendReport Upkeep::round(const Keeping& keeping) noexcept {
  MemoryReserve::refill();
  TendReport report;
  try {
    try {
      report = publisher_.tend(keeping);
      heap_.tend(endOfWork_.get_token());
    } catch (const std::exception& thrown) {
      report.problems.push_back({ErrorKind::System, "upkeep", std::string("was ended by: ") + thrown.what()});
    }
    tell(report);
  } catch (const std::exception&) {  // no memory even to tell of it: the next round does
  }
  return report;
}

/// A problem that lasts is told once, and again when it changes.
void Upkeep::tell(const TendReport& report) {
  for (const auto& [zone, generation] : report.promoted)
    log_.info("last-known-good", {{"zone", zone.text()}, {"generation", generation}});
  if (report.commits + report.others > 0)
    log_.info("history cleaned up", {{"commits", report.commits}, {"others", report.others}});
  std::string problems;
  for (const Error& problem : report.problems) problems += problem.text() + "\n";
  if (problems != lastProblem_)
    for (const Error& problem : report.problems)
      log_.error("plan store", {{"where", problem.where}, {"cause", problem.what}});
  if (problems.empty() && !lastProblem_.empty()) log_.info("plan store: upkeep works again");
  lastProblem_ = std::move(problems);
}

}  // namespace holdfast
