#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
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

JsonDocument zoneJson(const ZoneStatus& zone, WallTime now);
JsonDocument serverJson(const ServerFacts& facts, const std::vector<ZoneStatus>& zones,
                        const std::vector<EnactorHealth>& enactors, WallTime now);
JsonDocument historyJson(NameView zone, const std::vector<HistoryEntry>& entries, bool more);

/// The answer to a submission, with its status code.
HttpResponse outcomeResponse(const Outcome& outcome, const Document& document,
                             std::chrono::microseconds total);
/// The answer where the publisher or the store gave an Error.
HttpResponse problemResponse(const Error& error);

}  // namespace holdfast
