#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "zone/endpoint_draft.h"
#include "zone/gathered_nodes.h"
#include "zone/json_values.h"
#include "zone/name_table.h"
#include "zone/plan.h"

namespace holdfast {

/// Reads endpoints of a JSON plan, the part of it that is large, and compiles them as it goes. One thread
/// each; several may read one plan.
class JsonEndpoints {
 public:
  /// `targets` counts those of all readers of the plan. What `known` has just so is shared with it. All but
  /// that is borrowed.
  JsonEndpoints(NameView zone, const PlanLimits& limits, std::atomic<std::size_t>& targets,
                const NameTable& known = {})
      : nodes(known), zone_(zone), limits_(limits), targets_(targets) {}

  /// The members of an object `where`. May be called more than once. The first problem is the Error.
  Status read(const simdjson::dom::object& endpoints, const JsonPlace& where);
  /// One member of it, read already but for what only the whole endpoint shows. Its targets change their
  /// order.
  Status add(std::string_view name, EndpointDraft& endpoint, const JsonPlace& where);

  // What was read.
  GatheredNodes nodes;
  PlanPlaces places;
  std::vector<EmptyEndpoint> emptied;

 private:
  Status readEndpoint(std::string_view name, const simdjson::dom::element& value, const JsonPlace& where);
  Status readAnswer(const simdjson::dom::element& value, const JsonPlace& where);
  Status readTargets(const simdjson::dom::element& value, const JsonPlace& where);
  Status readTarget(const simdjson::dom::element& value, const JsonPlace& where);
  // What both ways to an endpoint have in common, in this order.
  Status takeName(std::string_view name, const JsonPlace& where);
  Status settleTargets(EndpointDraft& endpoint, const JsonPlace& where);
  Status settle(std::vector<NodeWriter::TargetView>& targets, RRType type, const JsonPlace& where) const;
  void finish(std::string_view name, const EndpointDraft& endpoint, const JsonPlace& where);
  void compile(const EndpointDraft& endpoint);

  const NameView zone_;
  const PlanLimits& limits_;
  std::atomic<std::size_t>& targets_;

  // Of the endpoint that is read; kept for their capacity.
  NameBuffer owner_;
  EndpointDraft draft_;
  std::string node_;
};

}  // namespace holdfast
