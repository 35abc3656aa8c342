#include "server/huge_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace holdfast {

namespace {

constexpr int kCollapse = 25;  // MADV_COLLAPSE, which glibc 2.36 does not name
constexpr int kPage = 4096;
constexpr std::size_t kPages = HugePages::kOctets / kPage;
/// So many of them may be missing.
constexpr std::size_t kMissing = kPages / 32;
/// After a move there is a pause of so many times what it took, in which those go on who waited for memory
/// from the system.
constexpr int kPauses = 4;

using Clock = std::chrono::steady_clock;

struct Range {
  std::uint64_t begin, end;
};

std::optional<Range> rangeOf(std::string_view text) {
  Range range{};
  const char* const end = text.data() + text.size();
  const auto [dash, first] = std::from_chars(text.data(), end, range.begin, 16);
  if (first != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [behind, second] = std::from_chars(dash + 1, end, range.end, 16);
  if (second != std::errc() || behind != end) return std::nullopt;
  return range;
}

std::uint64_t residentOctets() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * kPage;
}

/// The heap: what can be written and is of no file, in the order of addresses (proc_pid_maps(5)). Some hold
/// terabytes of addresses for little: what is mostly holes is passed over.
std::vector<Range> heapRanges() {
  const std::uint64_t most = 4 * residentOctets();
  std::vector<Range> ranges;
  std::ifstream maps("/proc/self/maps");
  std::string addresses, access, offset, device, inode, name;
  while (maps >> addresses >> access >> offset >> device >> inode && std::getline(maps, name)) {
    const bool isNamed = name.find_first_not_of(' ') != std::string::npos;
    const bool isHeap = access == "rw-p" && inode == "0" && (!isNamed || name.ends_with("[heap]"));
    const std::optional<Range> range = rangeOf(addresses);
    if (isHeap && range && range->end - range->begin <= most) ranges.push_back(*range);
  }
  return ranges;
}

/// Whether the system's operator lets programs ask for huge pages: MADV_COLLAPSE itself does not look.
bool isAllowed() {
  std::ifstream setting("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string words;
  return std::getline(setting, words) && words.find("[never]") == std::string::npos;
}

enum class Moved { Yes, NotThis, NoneNow };

Moved moveToHugePage(std::uint64_t address) noexcept {
  // What maps lists is this process's, and is moved without being changed.
  void* const at = reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
  if (madvise(at, HugePages::kOctets, kCollapse) == 0) return Moved::Yes;
  // The others are of this memory (pages that something holds on to, or that are not for huge ones), or of a
  // system that cannot at all, which says so at once.
  return errno == ENOMEM ? Moved::NoneNow : Moved::NotThis;
}

}  // namespace

HugePages::HugePages(std::chrono::milliseconds atOnce) : atOnce_(atOnce) {
  if (sysconf(_SC_PAGESIZE) == kPage)
    pagemap_ = FileDescriptor(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
}

bool HugePages::isNearlyFull(std::uint64_t address) const {
  constexpr std::uint64_t kPresent = 1ull << 63;  // a page's entry in pagemap, proc_pid_pagemap(5)
  std::array<std::uint64_t, kPages> entries{};
  const auto at = static_cast<off_t>(address / kPage * sizeof entries.front());
  if (pread(pagemap_.get(), entries.data(), sizeof entries, at) != sizeof entries) return false;
  const auto isPresent = [](std::uint64_t entry) { return (entry & kPresent) != 0; };
  return static_cast<std::size_t>(std::ranges::count_if(entries, isPresent)) >= kPages - kMissing;
}

void HugePages::gather(bool hasNew, const std::stop_token& stop) {
  if (!pagemap_ || !isAllowed()) {
    pass_.reset();
    octets_ = 0;
    return;
  }
  Pass pass = pass_.value_or(Pass());
  pass.isOutdated = pass_ && (pass.isOutdated || hasNew);
  const bool isEnded = goOn(pass, stop);
  if (isEnded) octets_ = pass.octets;
  if (!isEnded)
    pass_ = pass;
  else if (pass.isOutdated)
    pass_ = Pass();
  else
    pass_.reset();
}

bool HugePages::goOn(Pass& pass, const std::stop_token& stop) const {
  const Clock::time_point end = Clock::now() + atOnce_;
  for (const Range& range : heapRanges()) {
    const std::uint64_t begin = (std::max(range.begin, pass.from) + kOctets - 1) / kOctets * kOctets;
    for (std::uint64_t at = begin; at + kOctets <= range.end; at += kOctets) {
      if (!isNearlyFull(at)) continue;
      const Clock::time_point before = Clock::now();
      const Moved moved = moveToHugePage(at);
      if (moved == Moved::NoneNow) return false;
      if (moved == Moved::Yes) pass.octets += kOctets;
      pass.from = at + kOctets;
      std::this_thread::sleep_for(kPauses * (Clock::now() - before));
      if (stop.stop_requested() || Clock::now() >= end) return false;
    }
  }
  return true;
}

}  // namespace holdfast
