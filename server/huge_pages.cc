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
/// Of the pages of a huge one, so many must be there.
constexpr std::size_t kMissing = kPages / 32;
/// Moving one takes about half a millisecond, for which whoever else needs memory from the system waits.
constexpr std::chrono::milliseconds kBetween{2};
constexpr int kMostMoves = 400;

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
  // Pages that something else holds on to; all else is of the system, or of a system that cannot.
  return errno == EAGAIN || errno == EBUSY ? Moved::NotThis : Moved::NoneNow;
}

}  // namespace

HugePages::HugePages() {
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

void HugePages::gather() {
  if (!pagemap_ || !isAllowed()) return;
  Pass pass = pass_.value_or(Pass());
  pass.moves = 0;
  gather(pass);
  const bool isEnded = pass.moves < kMostMoves;
  if (isEnded) octets_ = pass.octets;
  pass_ = isEnded ? std::nullopt : std::optional(pass);
}

void HugePages::gather(Pass& pass) {
  for (const Range& range : heapRanges()) {
    const std::uint64_t begin = (std::max(range.begin, pass.from) + kOctets - 1) / kOctets * kOctets;
    for (std::uint64_t at = begin; at + kOctets <= range.end; at += kOctets) {
      if (!isNearlyFull(at)) continue;
      if (pass.moves == kMostMoves) return;
      const Moved moved = moveToHugePage(at);
      if (moved == Moved::NoneNow) return;
      if (moved == Moved::Yes) pass.octets += kOctets;
      pass.from = at + kOctets;
      ++pass.moves;
      std::this_thread::sleep_for(kBetween);
    }
  }
}

}  // namespace holdfast
