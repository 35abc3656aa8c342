#include "server/heap_upkeep.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

namespace holdfast {

namespace {

/// So much more that is free is worth asking malloc for it, and so many pages from the system are worth a
/// look.
constexpr std::size_t kWorthOctets = 8 << 20;
constexpr long kWorthPages = 1024;

long pagesReceived() noexcept {
  rusage usage{};
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_minflt : 0;
}

}  // namespace

HeapUpkeep::HeapUpkeep(bool usesHugePages) {
  if (usesHugePages) hugePages_.emplace();
}

/// Than when it was looked at last, or than was left since: what is free between pieces in use stays free for
/// malloc when its pages are given back.
bool HeapUpkeep::hasMoreFree() noexcept {
  const std::size_t free = mallinfo2().fordblks;
  freeSeen_ = std::min(freeSeen_, free);
  if (free < freeSeen_ + kWorthOctets) return false;
  freeSeen_ = free;
  return true;
}

bool HeapUpkeep::hasNewPages() noexcept {
  const long received = pagesReceived();
  if (received < pagesSeen_ + kWorthPages) return false;
  pagesSeen_ = received;
  return true;
}

/// A large plan leaves many small pieces behind, which malloc keeps unless it is asked. It is not asked more
/// often than that: it takes huge pages apart, one for each small page that it finds.
void HeapUpkeep::tend(const std::stop_token& stop) {
  const long before = pagesSeen_;
  const bool isNew = hasNewPages();
  const bool isMuchNew = isNew && static_cast<std::size_t>(pagesSeen_ - before) * 4096 >= kWorthOctets * 4;
  const bool isMoreFree = hasMoreFree();
  if (isMoreFree || (isMuchNew && freeSeen_ >= kWorthOctets)) malloc_trim(0);
  if (hugePages_ && (isNew || isMoreFree || hugePages_->isUnderWay())) hugePages_->gather(isNew, stop);
}

}  // namespace holdfast
