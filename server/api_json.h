#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugin/host.h"
#include "server/http.h"
#include "zone/intake.h"
#include "zone/json_writer.h"

namespace holdfast {

/// What of GET /v1/status is not about zones.
struct ServerFacts {
  std::chrono::steady_clock::time_point started;
  std::vector<std::string> listen;  ///< as bound
};

/// What the threads count, all together since the start.
struct ServerCounts {
  std::uint64_t queries = 0;    ///< messages received
  std::uint64_t responses = 0;  ///< of those, answered
  std::uint64_t swaps = 0, swapMicros = 0, longestSwapMicros = 0;
  std::uint64_t reclaimsPending = 0;  ///< old snapshots that wait for their grace period now
};

// The documents of the control API (docs/control-api.md). write...() writes the members of an object, between
// others or alone; ...Response() and ...Json() make whole documents.

void writeZone(JsonWriter& json, const ZoneStatus& zone, WallTime now);
std::string serverJson(const ServerFacts& facts, const ServerCounts& counts, const StoreStats& store,
                       const std::vector<ZoneStatus>& zones, const std::vector<EnactorHealth>& enactors,
                       WallTime now);
/// `before`: the id that the next page goes below, none for the last page.
std::string historyJson(NameView zone, const std::vector<HistoryEntry>& entries,
                        std::optional<std::int64_t> before);
/// What the history calls it: "published", "refused", "frozen" and so on.
std::string_view outcomeText(Fate fate) noexcept;

/// Where a line of the history is shown, which decides what of it.
enum class EntryPlace {
  History,
  ZoneStatus,  ///< without its id: the history lists it with its own
  Explain      ///< what it was, not what it was made of
};
void writeEntry(JsonWriter& json, const HistoryEntry& entry, EntryPlace place);
void writeReasons(JsonWriter& json, std::string_view key, const std::vector<Reason>& reasons);

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

std::string sealJson(NameView zone, const SealReport& report);

/// Two contents of one zone. Borrows both.
struct Comparison {
  NameView zone;
  Generation from = 0;           ///< 0: a zone without content
  std::optional<Generation> to;  ///< none: a plan that names no generation
  const Zone& before;
  const Zone& after;
};
inline constexpr std::uint64_t kDiffDefault = 100;  ///< names that a comparison lists
std::string comparisonJson(const Comparison& compared, std::size_t limit);
/// 503, and in how many seconds to ask again.
HttpResponse comeAgain(const std::string& why, unsigned seconds);
/// The answer where the publisher or the store gave an Error.
HttpResponse problemResponse(const Error& error);

}  // namespace holdfast
