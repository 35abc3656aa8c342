#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "server/huge_pages.h"

namespace holdfast {

/// Keeps the heap fit for what is served, beside the traffic: what large plans left behind goes back to the
/// system, what stays is put into huge pages. One thread at a time.
class HeapUpkeep {
 public:
  explicit HeapUpkeep(bool usesHugePages);

  /// Does nothing where little has changed since the last call.
  void tend();
  std::uint64_t hugePageOctets() const noexcept { return hugePages_ ? hugePages_->octets() : 0; }

 private:
  bool hasChanged() noexcept;

  long faultsSeen_ = 0;
  std::size_t freeSeen_ = 0;
  std::optional<HugePages> hugePages_;
};

}  // namespace holdfast
