#include "tests/zone/allocations.h"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;
thread_local std::size_t failing = 0;  // the number of the one that fails; 0: none

void* counted(std::size_t octets) {
  if (++allocations == failing) throw std::bad_alloc();
  void* memory = std::malloc(octets == 0 ? 1 : octets);  // NOLINT(cppcoreguidelines-no-malloc)
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Those that do not throw call these.
void* operator new(std::size_t octets) {
  return counted(octets);
}
void* operator new[](std::size_t octets) {
  return counted(octets);
}
void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete[](void* memory) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

namespace holdfast::test {

std::size_t allocationsSoFar() noexcept {
  return allocations;
}

FailingAllocation::FailingAllocation(std::size_t after) noexcept : at_(allocations + after + 1) {
  failing = at_;
}
FailingAllocation::~FailingAllocation() {
  failing = 0;
}
bool FailingAllocation::hasFailed() const noexcept {
  return allocations >= at_;
}

}  // namespace holdfast::test
