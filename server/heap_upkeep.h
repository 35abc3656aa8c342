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
  bool hasMoreFree() noexcept;
  bool hasNewPages() noexcept;

  std::size_t freeSeen_ = 0;
  long pagesSeen_ = 0;
  std::optional<HugePages> hugePages_;
};

}  // namespace holdfast
