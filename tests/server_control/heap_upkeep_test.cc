// With the allocator of the C library alone: a sanitizer brings its own.
#include "server/heap_upkeep.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <vector>

#include "server/memory_reserve.h"

namespace holdfast {

namespace {

constexpr std::size_t kOctets = 64 << 20, kPiece = 900;

std::size_t residentOctets() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// As nodes and buckets are: many small pieces.
std::vector<std::unique_ptr<char[]>> pieces() {
  std::vector<std::unique_ptr<char[]>> made(kOctets / kPiece);
  for (auto& each : made) {
    each = std::make_unique_for_overwrite<char[]>(kPiece);
    std::memset(each.get(), 'x', kPiece);
  }
  return made;
}

}  // namespace

TEST_CASE("what large plans leave behind goes back to the system, once it is free") {
  HeapUpkeep heap(false);
  heap.tend();
  auto first = pieces(), second = pieces();
  const std::size_t with = residentOctets();
  heap.tend();
  CHECK(residentOctets() > with - kOctets / 4);
  first.clear();  // below what stays, so that nothing goes back by itself
  CHECK(residentOctets() > with - kOctets / 4);
  heap.tend();
  CHECK(residentOctets() < with - kOctets / 2);
  CHECK(heap.hugePageOctets() == 0);
}

TEST_CASE("what stays goes into huge pages, also after an exchange of it") {
  HeapUpkeep heap(true);
  auto served = pieces();
  heap.tend();
  if (heap.hugePageOctets() == 0) {
    WARN("this system has no huge pages to gather into");
    return;
  }
  CHECK(heap.hugePageOctets() >= kOctets / 4 * 3);
  for (int i = 0; i < 3; ++i) {
    auto next = pieces();
    served = std::move(next);
    heap.tend();
  }
  CHECK(heap.hugePageOctets() >= kOctets / 4 * 3);
  CHECK(residentOctets() < 4 * kOctets);
}

TEST_CASE("memory is kept for when there is none, and set aside again") {
  const std::new_handler before = std::get_new_handler();
  {
    const MemoryReserve reserve;
    const std::new_handler giveBack = std::get_new_handler();
    REQUIRE(giveBack != nullptr);
    for (int round = 0; round < 2; ++round) {
      CHECK_NOTHROW(giveBack());
      CHECK_THROWS_AS(giveBack(), std::bad_alloc);
      MemoryReserve::refill();
    }
  }
  CHECK(std::get_new_handler() == nullptr);
  std::set_new_handler(before);
}

}  // namespace holdfast
