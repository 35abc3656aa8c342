#include "server/heap_upkeep.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

namespace holdfast {

namespace {

/// So much more that is free is worth asking malloc for it; so much that came from the system is worth a
/// look, and so much worth asking malloc again.
constexpr std::size_t kWorthOctets = 8 << 20;
constexpr std::size_t kNewOctets = 4 << 20;
constexpr std::size_t kMuchNewOctets = 32 << 20;
constexpr std::size_t kPageOctets = 4096;

/// Since the start, page by page.
std::size_t octetsReceived() noexcept {
  rusage usage{};
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<std::size_t>(usage.ru_minflt) * kPageOctets : 0;
}

}  // namespace

HeapUpkeep::HeapUpkeep(bool usesHugePages) {
  if (usesHugePages) hugePages_.emplace();
}

/// A large plan leaves many small pieces behind, which malloc keeps unless it is asked. It is not asked more
/// often than that: it takes huge pages apart, one for each small page that it finds.
void HeapUpkeep::tend(const std::stop_token& stop) {
  const std::size_t received = octetsReceived();
  const std::size_t fresh = received - std::min(received, received_);
  const std::size_t free = mallinfo2().fordblks;
  const bool isNew = fresh >= kNewOctets;
  const bool isMoreFree = free >= free_ + kWorthOctets;
  if (isMoreFree || (fresh >= kMuchNewOctets && free >= kWorthOctets)) malloc_trim(0);
  // What is free between pieces in use stays free for malloc when its pages are given back.
  free_ = isMoreFree ? free : std::min(free_, free);
  if (isNew) received_ = received;
  if (hugePages_ && (isNew || isMoreFree || hugePages_->isUnderWay())) hugePages_->gather(isNew, stop);
}

}  // namespace holdfast
