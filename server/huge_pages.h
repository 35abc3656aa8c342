#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "zone/file_descriptor.h"

namespace holdfast {

/// Puts the memory that a large content fills into huge pages, so that the way to a name misses the TLB less.
/// What is nearly all there is gathered, and nothing else: memory grows by a thirty-second at most. Linux 6.1
/// and newer can (MADV_COLLAPSE, madvise(2)); elsewhere, and where /proc/self/pagemap cannot be read, this
/// does nothing.
///
/// Answers go on meanwhile; one that needs just what is being moved waits for it, half a millisecond mostly.
/// One thread at a time.
class HugePages {
 public:
  static constexpr std::uint64_t kOctets = 2 << 20;  ///< of a huge page

  /// A call works for `atOnce`, the pauses included, and for one huge page at least.
  explicit HugePages(std::chrono::milliseconds atOnce = std::chrono::seconds(1));

  /// Looks through memory and gathers; the next call goes on where this stopped, and, where `hasNew` was said
  /// meanwhile, once more from the beginning. Leaves memory as it is where the system's huge pages are set to
  /// "never". Ends soon after `stop`. May throw std::bad_alloc.
  void gather(bool hasNew, const std::stop_token& stop = {});
  /// Whether the last call came to no end.
  bool isUnderWay() const noexcept { return pass_.has_value(); }
  /// What lay in huge pages when memory was last looked through.
  std::uint64_t octets() const noexcept { return octets_; }

 private:
  struct Pass {
    std::uint64_t from = 0;  // addresses below it are done
    std::uint64_t octets = 0;
    bool isOutdated = false;
  };
  bool isNearlyFull(std::uint64_t address) const;
  /// Whether it came to the end.
  bool goOn(Pass& pass, const std::stop_token& stop) const;

  const std::chrono::milliseconds atOnce_;
  FileDescriptor pagemap_;
  std::optional<Pass> pass_;  // one that was not ended yet
  std::uint64_t octets_ = 0;
};

}  // namespace holdfast
