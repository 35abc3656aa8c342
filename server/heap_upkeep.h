#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "server/huge_pages.h"

namespace holdfast {

/// Keeps the heap fit for what is served, beside the traffic: what large plans left behind goes back to the
/// system, what stays is put into huge pages. One thread at a time.
class HeapUpkeep {
 public:
  explicit HeapUpkeep(bool usesHugePages);

  /// Does nothing where little has changed since the last call. Ends soon after `stop`. May throw
  /// std::bad_alloc; the next call tries again.
  void tend(const std::stop_token& stop = {});
  std::uint64_t hugePageOctets() const noexcept { return hugePages_ ? hugePages_->octets() : 0; }

 private:
  // As they were when it was last worth a look, but what is free also where it was less since.
  std::size_t free_ = 0;      // octets that malloc has and nobody uses
  std::size_t received_ = 0;  // octets from the system since the start
  std::optional<HugePages> hugePages_;
};

}  // namespace holdfast
