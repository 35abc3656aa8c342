#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zone/gathered_nodes.h"
#include "zone/json_values.h"
#include "zone/plan.h"

namespace holdfast {

/// Reads endpoints of a JSON plan, the part of it that is large, and compiles them as it goes. One thread
/// each; several may read one plan.
class JsonEndpoints {
 public:
  /// `targets` counts those of all readers of the plan. All are borrowed.
  JsonEndpoints(NameView zone, const PlanLimits& limits, std::atomic<std::size_t>& targets)
      : zone_(zone), limits_(limits), targets_(targets) {}

  /// The members of an object `where`. May be called more than once. The first problem is the Error.
  Status read(const simdjson::dom::object& endpoints, const JsonPlace& where);

  // What was read.
  GatheredNodes nodes;
  PlanPlaces places;
  std::vector<EmptyEndpoint> emptied;

 private:
  /// A target on its way. Borrows its id from the document.
  struct Draft {
    std::array<std::uint8_t, 16> address;
    std::uint32_t weight;
    std::string_view id;
  };
  using Drafts = std::vector<Draft>;

  Status readEndpoint(std::string_view name, const simdjson::dom::element& value, const JsonPlace& where);
  Status readAnswer(const simdjson::dom::element& value, const JsonPlace& where);
  Status readTargets(const simdjson::dom::element& value, const JsonPlace& where);
  Status readTarget(const simdjson::dom::element& value, const JsonPlace& where);
  Status settle(Drafts& drafts, RRType type, const JsonPlace& where) const;
  void compile(NameView owner);

  const NameView zone_;
  const PlanLimits& limits_;
  std::atomic<std::size_t>& targets_;

  // Of the endpoint that is read; kept for their capacity.
  NameBuffer owner_;
  std::uint32_t ttl_ = 0;
  std::uint16_t pick_ = 0;
  Drafts a_, aaaa_;
  std::vector<NodeWriter::TargetView> targetViews_;
  std::string node_;
};

}  // namespace holdfast
