#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "zone/node.h"

namespace holdfast {

// What an endpoint of a JSON plan may say, and what it says where it says nothing (docs/plans.md).
inline constexpr std::uint32_t kDefaultEndpointTtl = 60;
inline constexpr std::uint32_t kDefaultWeight = 100;
inline constexpr std::uint32_t kMaxWeight = 1'000'000'000;
inline constexpr std::size_t kMaxTargetIdOctets = 255;

/// What one endpoint of a JSON plan says, each value within its own limits. For one endpoint after the other,
/// so that its room is kept. Borrows the ids of targets from the document.
struct EndpointDraft {
  std::uint32_t ttl = kDefaultEndpointTtl;  ///< in seconds
  std::uint16_t pick = 0;                   ///< 0: all
  std::vector<NodeWriter::TargetView> a, aaaa;

  void clear() noexcept {
    ttl = kDefaultEndpointTtl;
    pick = 0;
    a.clear();
    aaaa.clear();
  }
  std::size_t targets() const noexcept { return a.size() + aaaa.size(); }
};

}  // namespace holdfast
