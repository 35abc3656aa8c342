#pragma once

#include <cstdint>
#include <optional>

#include "zone/file_descriptor.h"

namespace holdfast {

/// Puts the memory that a large content fills into huge pages, so that the way to a name misses the TLB less.
/// What is nearly all there is gathered, and nothing else: memory grows by a thirty-second at most, and what
/// the heap needs for a moment stays in small pages. Linux 6.1 and newer can (MADV_COLLAPSE, madvise(2));
/// elsewhere this does nothing.
///
/// Answers go on meanwhile; one that needs just what is being moved waits for it, less than a millisecond.
/// One thread at a time.
class HugePages {
 public:
  static constexpr std::uint64_t kOctets = 2 << 20;  ///< of a huge page

  HugePages();

  /// Looks through memory and gathers, for at most about a second; the next call goes on there. Leaves memory
  /// as it is where the system's huge pages are set to "never".
  void gather();
  /// Whether the last call came to no end.
  bool isUnderWay() const noexcept { return pass_.has_value(); }
  /// What lay in huge pages when memory was last looked through.
  std::uint64_t octets() const noexcept { return octets_; }

 private:
  struct Pass {
    std::uint64_t from = 0;  // addresses below it are done
    std::uint64_t octets = 0;
    int moves = 0;  // in this call
  };
  bool isNearlyFull(std::uint64_t address) const;
  void gather(Pass& pass);

  FileDescriptor pagemap_;
  std::optional<Pass> pass_;  // one that was not ended yet
  std::uint64_t octets_ = 0;
};

}  // namespace holdfast
