#include "server/heap_upkeep.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

namespace holdfast {

namespace {

/// So much is worth a look: of what was freed, and of what the system gave, in pages.
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

/// Free octets alone do not tell: those between pieces in use stay free for malloc when their pages are given
/// back. Giving back what is not there would take huge pages apart, one for each small page.
bool HeapUpkeep::hasChanged() noexcept {
  const std::size_t free = mallinfo2().fordblks;
  const long received = pagesReceived();
  freeSeen_ = std::min(freeSeen_, free);
  if (free < freeSeen_ + kWorthOctets && received < faultsSeen_ + kWorthPages) return false;
  freeSeen_ = free;
  faultsSeen_ = received;
  return true;
}

void HeapUpkeep::tend() {
  const bool isChanged = hasChanged();
  // What a large plan leaves behind is many small pieces, which malloc keeps unless it is asked.
  if (isChanged && freeSeen_ >= kWorthOctets) malloc_trim(0);
  if (hugePages_ && (isChanged || hugePages_->isUnderWay())) hugePages_->gather();
}

}  // namespace holdfast
