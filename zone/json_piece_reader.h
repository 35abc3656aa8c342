#pragma once

#include <simdjson.h>

#include <atomic>
#include <string>
#include <string_view>

#include "zone/json_endpoints.h"
#include "zone/plain_endpoint.h"

namespace holdfast {

/// Who reads endpoints: our own reader what it is sure of and simdjson the rest, or simdjson all of them. The
/// two make the same of every text; the one without our reader is what tests and benchmarks compare with.
enum class EndpointReading { PlainFirst, SimdjsonOnly };

/// Where endpoints stand in a plan.
inline constexpr JsonPlace kPlanDocument{};
inline constexpr JsonPlace kPlanEndpoints{&kPlanDocument, "endpoints"};

/// Reads pieces of the endpoints of a JSON plan, as JsonCutter makes them. One thread each; several may read
/// one plan.
class JsonPieceReader {
 public:
  /// As JsonEndpoints has them.
  JsonPieceReader(NameView zone, const PlanLimits& limits, std::atomic<std::size_t>& targets,
                  const NameTable& known = {}, EndpointReading reading = EndpointReading::PlainFirst)
      : reading_(reading), plain_(limits.pick), endpoints_(zone, limits, targets, known) {}

  /// These members. False where they are not JSON, whatever else is wrong with them; else the first problem
  /// is the Error. Any bytes are safe input.
  Result<bool> read(std::string_view piece);

  /// What was read.
  JsonEndpoints& endpoints() noexcept { return endpoints_; }

 private:
  Result<bool> readMembers(std::string_view piece);
  Result<bool> readByReference(std::string_view members);
  bool parse(std::string_view members, simdjson::dom::element& document);

  const EndpointReading reading_;
  PlainEndpointReader plain_;
  JsonEndpoints endpoints_;
  simdjson::dom::parser parser_;
  std::string text_;
};

}  // namespace holdfast
