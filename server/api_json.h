#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "plugin/host.h"
#include "server/http.h"
#include "zone/intake.h"

namespace holdfast {

/// What of GET /v1/status is not about zones.
struct ServerFacts {
  std::chrono::steady_clock::time_point started;
  std::vector<std::string> listen;  ///< as bound
};

using JsonDocument = nlohmann::ordered_json;

/// The documents of the control API (docs/control-api.md). Bytes that are not UTF-8 come out as U+FFFD.
std::string textOf(const JsonDocument& document);

/// What the threads count, all together since the start.
struct ServerCounts {
  std::uint64_t queries = 0;    ///< messages received
  std::uint64_t responses = 0;  ///< of those, answered
  std::uint64_t swaps = 0, swapMicros = 0, longestSwapMicros = 0;
  std::uint64_t reclaimsPending = 0;  ///< old snapshots that wait for their grace period now
};

JsonDocument zoneJson(const ZoneStatus& zone, WallTime now);
JsonDocument serverJson(const ServerFacts& facts, const ServerCounts& counts, const StoreStats& store,
                        const std::vector<ZoneStatus>& zones, const std::vector<EnactorHealth>& enactors,
                        WallTime now);
/// `before`: the id that the next page goes below, none for the last page.
JsonDocument historyJson(NameView zone, const std::vector<HistoryEntry>& entries,
                         std::optional<std::int64_t> before);
/// What the history calls it: "published", "refused", "frozen" and so on.
std::string_view outcomeText(Fate fate) noexcept;
JsonDocument entryJson(const HistoryEntry& entry);
JsonDocument reasonsJson(const std::vector<Reason>& reasons);

/// What a submission asked for and its answer repeats.
struct Asked {
  Name zone;
  std::optional<Generation> base, restored;
  std::size_t diffLimit = 0;
  std::string reason;
  std::vector<std::string> idleRemovals = {};  ///< named, and nothing of it was served
};

/// The answer to a submission, with its status code.
HttpResponse outcomeResponse(const Outcome& outcome, const Asked& asked, std::chrono::microseconds total);

JsonDocument sealJson(NameView zone, const SealReport& report);

/// Two contents of one zone. Borrows both.
struct Comparison {
  NameView zone;
  Generation from = 0;           ///< 0: a zone without content
  std::optional<Generation> to;  ///< none: a plan that names no generation
  const Zone& before;
  const Zone& after;
};
inline constexpr std::uint64_t kDiffDefault = 100;  ///< names that a comparison lists
JsonDocument comparisonJson(const Comparison& compared, std::size_t limit);
/// 503, and in how many seconds to ask again.
HttpResponse comeAgain(const std::string& why, unsigned seconds);
/// The answer where the publisher or the store gave an Error.
HttpResponse problemResponse(const Error& error);

}  // namespace holdfast
