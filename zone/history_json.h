#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "zone/guard.h"

namespace holdfast {

class JsonWriter;

void writeReason(JsonWriter& json, const Reason& reason);
/// Reasons as a JSON array, the form the plan store keeps and an operator can query with json_each().
std::string reasonsToJson(const std::vector<Reason>& reasons);
/// The inverse. Anything that is not such an array reads as no reasons. Throws
/// std::bad_alloc.
std::vector<Reason> reasonsFromJson(std::string_view text);

}  // namespace holdfast
