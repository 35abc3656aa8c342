#include "tests/zone/allocations.h"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;
thread_local std::size_t failing = 0;  // the number of the one that fails; 0: none
thread_local bool failsOn = false;

void* counted(std::size_t octets) {
  ++allocations;
  if (failing != 0 && (failsOn ? allocations >= failing : allocations == failing)) throw std::bad_alloc();
  for (;;) {
    void* memory = std::malloc(octets == 0 ? 1 : octets);  // NOLINT(cppcoreguidelines-no-malloc)
    if (memory != nullptr) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
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

FailingAllocation::FailingAllocation(std::size_t after, Fails fails) noexcept : at_(allocations + after + 1) {
  failing = at_;
  failsOn = fails == Fails::FromThenOn;
}
FailingAllocation::~FailingAllocation() {
  failing = 0;
}
bool FailingAllocation::hasFailed() const noexcept {
  return allocations >= at_;
}

std::size_t starve(const std::function<void()>& work) {
  for (std::size_t ranOut = 0;; ++ranOut) {
    const FailingAllocation failing(ranOut, Fails::FromThenOn);
    try {
      work();
      return ranOut;
    } catch (const std::bad_alloc&) {
      continue;
    }
  }
}

}  // namespace holdfast::test
