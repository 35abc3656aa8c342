#include "server/huge_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

namespace holdfast {

namespace {

constexpr std::size_t kPage = 4096;

/// Anonymous memory that begins where a huge page does, in small pages of which `present` says which are
/// there.
class Memory {
 public:
  explicit Memory(std::size_t hugePages)
      : octets_((hugePages + 2) * HugePages::kOctets),
        all_(mmap(nullptr, octets_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    REQUIRE(all_ != MAP_FAILED);
    const auto begin = reinterpret_cast<std::uintptr_t>(all_);
    const std::uintptr_t gap = (HugePages::kOctets - begin % HugePages::kOctets) % HugePages::kOctets;
    used_ = std::span(static_cast<std::uint8_t*>(all_) + gap, hugePages * HugePages::kOctets);
    // What is around it stays closed, so that the system counts it by itself.
    REQUIRE(mprotect(used_.data(), used_.size(), PROT_READ | PROT_WRITE) == 0);
    madvise(used_.data(), used_.size(), MADV_NOHUGEPAGE);
  }
  ~Memory() { munmap(all_, octets_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// All pages but `gaps` of each huge page's.
  void fill(std::size_t gaps) {
    for (std::size_t at = 0; at < used_.size(); at += kPage)
      if (at % HugePages::kOctets >= gaps * kPage) std::ranges::fill(used_.subspan(at, kPage), pattern(at));
    madvise(used_.data(), used_.size(), MADV_HUGEPAGE);  // no longer kept from it
  }
  bool isAsFilled(std::size_t gaps) const {
    for (std::size_t at = 0; at < used_.size(); at += kPage) {
      const std::uint8_t wanted = at % HugePages::kOctets >= gaps * kPage ? pattern(at) : 0;
      const auto page = used_.subspan(at, kPage);
      if (!std::ranges::all_of(page, [&](std::uint8_t octet) { return octet == wanted; })) return false;
    }
    return true;
  }
  /// What of it lies in huge pages, by the system's account (smaps, proc_pid_smaps(5)).
  std::size_t inHugePages() const {
    std::ifstream smaps("/proc/self/smaps");
    std::size_t found = 0;
    bool isOurs = false;
    for (std::string line; std::getline(smaps, line);) {
      const std::size_t dash = line.find('-');
      if (dash != std::string::npos && dash == line.find_first_not_of("0123456789abcdef")) {
        const std::uintptr_t begin = std::stoull(line, nullptr, 16), from = address(used_.data());
        isOurs = begin < from + used_.size() && std::stoull(line.substr(dash + 1), nullptr, 16) > from;
      }
      if (isOurs && line.starts_with("AnonHugePages:")) found += std::stoull(line.substr(14)) * 1024;
    }
    return found;
  }

 private:
  static std::uintptr_t address(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }
  static std::uint8_t pattern(std::size_t at) { return static_cast<std::uint8_t>(1 + at / kPage % 250); }

  const std::size_t octets_;
  void* const all_;
  std::span<std::uint8_t> used_;
};

/// Until that is so, within limits: the system may hold on to a page for a moment, and say so.
template <class Holds>
void gatherUntil(HugePages& pages, const Holds& holds) {
  for (int i = 0; i < 100 && !holds(); ++i) pages.gather(true);
}

/// MADV_COLLAPSE on a page of our own tells, as the version of the kernel does not.
bool isPossible() {
  std::ifstream setting("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string words;
  if (!std::getline(setting, words) || words.find("[never]") != std::string::npos) return false;
  Memory memory(1);
  memory.fill(0);
  HugePages pages;
  gatherUntil(pages, [&] { return memory.inHugePages() > 0; });
  return memory.inHugePages() > 0;
}

}  // namespace

TEST_CASE("what is nearly all there goes into huge pages, unchanged, and nothing else does") {
  if (!isPossible()) {
    WARN("this system has no huge pages to gather into (Linux 6.1, transparent_hugepage not never)");
    HugePages pages;
    pages.gather(true);
    CHECK(pages.octets() == 0);
    return;
  }
  constexpr std::size_t kFew = 16, kMany = 17;  // of the 512 small pages of a huge one
  Memory whole(5), nearly(3), holes(4);
  whole.fill(0);
  nearly.fill(kFew);
  holes.fill(kMany);
  HugePages pages;
  gatherUntil(pages, [&] { return whole.inHugePages() + nearly.inHugePages() == 8 * HugePages::kOctets; });
  CHECK(whole.inHugePages() == 5 * HugePages::kOctets);
  CHECK(nearly.inHugePages() == 3 * HugePages::kOctets);
  CHECK(holes.inHugePages() == 0);
  CHECK(pages.octets() >= 8 * HugePages::kOctets);
  CHECK(whole.isAsFilled(0));
  CHECK(nearly.isAsFilled(kFew));
  CHECK(holes.isAsFilled(kMany));
}

TEST_CASE("what takes longer than a call may is done in several, and what changed meanwhile once more") {
  if (!isPossible()) {
    WARN("this system has no huge pages to gather into");
    return;
  }
  constexpr std::size_t kHuge = 8;
  Memory memory(kHuge);
  memory.fill(0);
  HugePages pages(std::chrono::milliseconds(0));
  int calls = 1;
  pages.gather(true);
  CHECK(pages.isUnderWay());
  CHECK(memory.inHugePages() <= HugePages::kOctets);
  for (bool isNew = true; pages.isUnderWay() && calls < 1000; ++calls)
    pages.gather(std::exchange(isNew, false));
  CHECK(calls > 2 * static_cast<int>(kHuge));  // from the beginning again, for what was new
  gatherUntil(pages, [&] { return memory.inHugePages() == kHuge * HugePages::kOctets; });
  CHECK(memory.inHugePages() == kHuge * HugePages::kOctets);
  CHECK(pages.octets() >= kHuge * HugePages::kOctets);
}

TEST_CASE("gathering ends with the order to stop") {
  if (!isPossible()) {
    WARN("this system has no huge pages to gather into");
    return;
  }
  Memory memory(4);
  memory.fill(0);
  HugePages pages;
  std::stop_source stop;
  stop.request_stop();
  pages.gather(true, stop.get_token());
  CHECK(pages.isUnderWay());
  CHECK(memory.inHugePages() <= HugePages::kOctets);
}

}  // namespace holdfast
