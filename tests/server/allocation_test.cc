// In programs without a sanitizer only: those bring allocation functions of their own.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "tests/server/serving_fixture.h"

namespace {

thread_local std::uint64_t allocations = 0;

void* counted(std::size_t octets) {
  ++allocations;
  void* memory = std::malloc(octets);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Replaces the program's allocation functions, so that every use of them on this thread is seen.
void* operator new(std::size_t octets) {
  return counted(octets);
}
void* operator new[](std::size_t octets) {
  return counted(octets);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace holdfast::test {

TEST_CASE("I13: answering allocates nothing, whatever is asked") {
  auto zone = zoneOf("example",
                     "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
                     "www 60 IN CNAME ns\nd 60 IN DNAME ns\ncut 60 IN NS ns.cut\n"
                     "ns.cut 60 IN A 192.0.2.2\n* 60 IN MX 1 ns\n");
  zone = withRRset(*zone, "pick.example", endpointOf(8, std::vector<std::uint32_t>(2000, 3)));
  zone = withRRset(*zone, "all.example", endpointOf(0, std::vector<std::uint32_t>(2000, 3)));
  const Snapshot snapshot({zone});
  const auto scratch = std::make_unique<AnswerScratch>(1, std::uint16_t{1232});
  Bytes out(kMaxMessageOctets);
  const RcuThread thread;
  for (const char* name : {"ns.example", "www.example", "x.d.example", "x.cut.example", "y.example",
                           "pick.example", "all.example", "a.b.example", "other."})
    for (const RRType type : {RRType::A, RRType::MX, RRType::ANY, RRType::DS})
      for (const Transport transport : {Transport::Udp, Transport::Tcp}) {
        const Bytes query = queryBytes({.name = name, .type = type, .edns = 1232});
        const std::uint64_t before = allocations;
        const ReadSection section;
        const std::size_t octets = answer(snapshot, section, {query, transport}, out, *scratch);
        const std::uint64_t after = allocations;
        INFO(name << " " << static_cast<unsigned>(type));
        CHECK(octets > 12);
        CHECK(after == before);
      }
}

}  // namespace holdfast::test
