#include "server/memory_reserve.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace holdfast {

namespace {

/// Large enough to be a mapping of its own, so that all of it comes back.
constexpr std::size_t kOctets = std::size_t{4} << 20;

/// std::set_new_handler knows no context, so what its handler needs is the process's.
std::atomic<void*>& reserve() noexcept {
  static std::atomic<void*> only{nullptr};
  return only;
}

void useReserve() {
  void* const kept = reserve().exchange(nullptr);
  if (kept == nullptr) throw std::bad_alloc();
  std::free(kept);
}

}  // namespace

MemoryReserve::MemoryReserve() {
  refill();
  std::set_new_handler(useReserve);
}

MemoryReserve::~MemoryReserve() {
  std::set_new_handler(nullptr);
  std::free(reserve().exchange(nullptr));
}

void MemoryReserve::refill() noexcept {
  if (reserve().load() != nullptr) return;
  void* expected = nullptr;
  void* const fresh = std::malloc(kOctets);
  if (!reserve().compare_exchange_strong(expected, fresh)) std::free(fresh);
}

}  // namespace holdfast
