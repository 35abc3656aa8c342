#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "zone/name_table.h"
#include "zone/plan.h"
#include "zone/result.h"

namespace holdfast {

/// Reads a plan as JSON (docs/plans.md) while it comes in: its endpoints are compiled piece by piece, by
/// several threads where there are many. Never partial: the first problem is the Error. Any octets are safe
/// input. One thread at a time.
class JsonPlanStream {
 public:
  /// `zone` is the zone the plan must be for; `known` is what it holds, so that what the plan repeats is not
  /// copied. All but that is borrowed.
  JsonPlanStream(NameView zone, const PlanLimits& limits, NameTable known = {});
  ~JsonPlanStream();
  JsonPlanStream(const JsonPlanStream&) = delete;
  JsonPlanStream& operator=(const JsonPlanStream&) = delete;

  /// The next of the document, which is not kept. Long work now and then.
  void feed(std::string_view text);
  /// After the last, once. None where the document must be read as a whole: it is not JSON, or not cut as a
  /// plan usually is.
  std::optional<Result<Plan>> finish();

 private:
  class Reading;
  const std::unique_ptr<Reading> reading_;
};

/// The same of a document that is all there, by one thread and in one piece: for what the stream cannot read.
/// An Error has a JSON pointer, or line and column where it is no JSON at all.
Result<Plan> parseJsonPlanWhole(std::string_view body, NameView zone, const PlanLimits& limits);

}  // namespace holdfast
