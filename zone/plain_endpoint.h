#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "zone/endpoint_draft.h"

namespace holdfast {

/// Reads endpoints of a JSON plan in the form that nearly all have, from the text and without allocating: the
/// known keys, each once and in any order; strings of ASCII without escapes; integers in digits; one target
/// or more. Takes an endpoint only where simdjson and JsonEndpoints would certainly make the same of it; what
/// it does not take may be right or wrong, which is for them to say. One thread.
class PlainEndpointReader {
 public:
  /// `mostPick` is what PlanLimits has.
  explicit PlainEndpointReader(std::uint16_t mostPick) noexcept : mostPick_(mostPick) {}

  /// Reads the first of some members of an object. Returns its octets with the blanks around it, behind which
  /// is a comma or nothing; 0 for what is left to simdjson. Any bytes are safe input.
  std::size_t read(std::string_view members);

  /// The key and what is under it. REQUIRES: read, the text is still there.
  std::string_view name() const noexcept { return name_; }
  EndpointDraft& endpoint() noexcept { return endpoint_; }

 private:
  const std::uint16_t mostPick_;
  std::string_view name_;
  EndpointDraft endpoint_;
};

}  // namespace holdfast
