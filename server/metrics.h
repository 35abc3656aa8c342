#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "plugin/host.h"
#include "server/counters.h"
#include "server/upkeep.h"
#include "zone/publisher.h"

namespace holdfast {

/// Where the numbers come from. All referenced objects outlive it.
struct MetricsSources {
  const Publisher& publisher;
  std::span<const WorkerCounters> workers;
  std::vector<EnactorHealth> enactors;
  std::uint64_t submissionsWaiting = 0;
  WallTime startedAt{};
  std::map<std::string, double> limits;  ///< by configuration key
  UpkeepStats upkeep{};
};

/// Everything in Prometheus text format 0.0.4, made at the time of the scrape from counters that the threads
/// keep for themselves: the query path takes part in nothing. Takes the publisher's lock for a moment.
std::string metricsText(const MetricsSources& sources, WallTime now);

}  // namespace holdfast
