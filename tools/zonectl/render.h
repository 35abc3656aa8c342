#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/zonectl/palette.h"
#include "zone/counted.h"

namespace holdfast::zonectl {

using Json = nlohmann::json;

/// The documents of the control API (docs/control-api.md) as text for people. What a document lacks or has in
/// another shape is left blank: an old zonectl must not fail on a new server.
std::string renderStatus(const Json& status, const Palette& palette);
std::string renderHistory(const Json& history, const Palette& palette);
/// What became of a submission: the diff where there is one, then the verdict.
std::string renderOutcome(const Json& outcome, const Palette& palette);

/// What differs between two contents: the changes, then their sum.
std::string renderComparison(const Json& comparison, const Palette& palette);
/// Whether the history is as it was written.
std::string renderSeal(const Json& report, const Palette& palette);
/// How a name is answered, since when and why, and what the guard would say about its removal.
std::string renderExplained(const Json& explained, const Palette& palette);

std::string renderDiff(const Json& outcome, const Palette& palette);
/// Reasons with what was seen and allowed, then what can be done about them.
std::string renderReasons(const Json& outcome, const Palette& palette);
/// Errors and warnings, errors first, each in the order of the document.
std::string renderFindings(const Json& outcome, const Palette& palette);
/// The first few warnings, and how many more there are; blank where there are none.
std::string renderWarnings(const Json& outcome, const Palette& palette);
/// Reasons alone, as a table.
std::string renderReasonTable(const Json& outcome, const char* key, const Palette& palette);
/// What was refused and what stays, then the reasons.
std::string renderRefusal(const Json& outcome, const Palette& palette);

/// "3 d 4 h", "12 min", "5 s": the two largest units.
std::string durationText(double seconds);

namespace render_detail {
/// Members of any JSON value, blank where it has none of that kind.
std::string textOf(const Json& value, const char* key);
std::uint64_t numberOf(const Json& value, const char* key);
const Json& memberOf(const Json& value, const char* key);
/// An array's elements; of anything else none.
const Json& listOf(const Json& value, const char* key);
/// False where it is not there or no boolean.
bool isTrue(const Json& value, const char* key);
/// "3 names added, 1 removed, 0 changed".
std::string changesText(const Json& changes);
/// The reason's sentence, with options in the place of the API's parameters.
std::string detailOf(const Json& reason);
/// "floor api.example.: fewer targets than ... (and 2 more)".
std::string firstReason(const Json& reasons);
}  // namespace render_detail

}  // namespace holdfast::zonectl
