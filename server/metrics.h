#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "plugin/host.h"
#include "server/control.h"
#include "server/counters.h"
#include "server/http.h"
#include "server/upkeep.h"
#include "zone/publisher.h"

namespace holdfast {

/// What became of the orders to read the configuration again, since the start.
struct ReloadStats {
  std::uint64_t applied = 0, refused = 0;
};

/// Where the numbers come from. All referenced objects outlive it.
struct MetricsSources {
  const Publisher& publisher;
  std::span<const WorkerCounters> workers;
  std::vector<EnactorHealth> enactors;
  ControlStats control;
  HttpStats connections;  ///< of the control API
  HttpStats scrapes;      ///< of the metrics
  WallTime startedAt{};
  std::map<std::string, double> limits;  ///< by configuration key
  ReloadStats reloads{};
  UpkeepStats upkeep{};
};

/// Everything in Prometheus text format 0.0.4, made at the time of the scrape from counters that the threads
/// keep for themselves: the query path takes part in nothing. Takes the publisher's lock for a moment.
std::string metricsText(const MetricsSources& sources, WallTime now);

/// The numbers of GET /v1/status. Any thread.
ServerCounts countsOf(std::span<const WorkerCounters> workers, const Publisher& publisher);

}  // namespace holdfast
