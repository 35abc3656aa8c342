#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

// The only header in Holdfast that includes liburcu. The membarrier flavour: a reader costs two plain stores,
// it need not announce idle times, and reclamation never waits for traffic.
#include <urcu/urcu-memb.h>

#if defined(__SANITIZE_THREAD__)
#define HOLDFAST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOLDFAST_TSAN 1
#endif
#endif
#ifdef HOLDFAST_TSAN
// liburcu orders by barriers in assembly, which the sanitizer cannot see; these two tell it the same facts.
extern "C" void __tsan_acquire(void* addr);
extern "C" void __tsan_release(void* addr);
#endif

namespace holdfast {

namespace rcu_detail {
inline void sawQuiet([[maybe_unused]] void* at) noexcept {
#ifdef HOLDFAST_TSAN
  __tsan_acquire(at);
#endif
}
inline void leftQuiet([[maybe_unused]] void* at) noexcept {
#ifdef HOLDFAST_TSAN
  __tsan_release(at);
#endif
}
/// One address that all end-of-section and reclaim annotations share.
inline char tsanClock = 0;
}  // namespace rcu_detail

/// Registers the calling thread for read sections and for publishing, while it lives.
class RcuThread {
 public:
  RcuThread() noexcept { urcu_memb_register_thread(); }
  ~RcuThread() { urcu_memb_unregister_thread(); }
  RcuThread(const RcuThread&) = delete;
  RcuThread& operator=(const RcuThread&) = delete;
};

/// While one exists, nothing that was published when it began is reclaimed. Passed to whoever dereferences.
/// REQUIRES: the thread holds an RcuThread. Stack only; begins and ends on the same thread. May nest.
class ReadSection {
 public:
  ReadSection() noexcept { urcu_memb_read_lock(); }
  ~ReadSection() {
    rcu_detail::leftQuiet(&rcu_detail::tsanClock);
    urcu_memb_read_unlock();
  }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;
  static void* operator new(std::size_t) = delete;
};

/// Counts reclaimed objects and how long they waited for their grace period. Any thread may read.
struct ReclaimStats {
  std::atomic<std::uint64_t> retired{0};
  std::atomic<std::uint64_t> reclaimed{0};
  std::atomic<std::uint64_t> waitedMicros{0};  ///< sum over all reclaimed
  std::atomic<std::uint64_t> longestMicros{0};
};

/// Base of what an RcuPointer publishes. Carries its own place in the reclaim queue, so that retiring it
/// cannot fail.
class RcuRetired {
 public:
  virtual ~RcuRetired() = default;
  RcuRetired() = default;
  RcuRetired(const RcuRetired&) = delete;
  RcuRetired& operator=(const RcuRetired&) = delete;

  /// Deletes `object` on liburcu's call_rcu thread after a grace period. Never fails, never blocks.
  /// REQUIRES: no new reader can reach the object; the calling thread holds an RcuThread; `stats` outlives
  /// the reclamation (see drain).
  static void retire(std::unique_ptr<RcuRetired> object, ReclaimStats& stats) noexcept;
  /// Waits until everything retired so far has been deleted. REQUIRES: not inside a read section.
  static void drain() noexcept {
    urcu_memb_barrier();
    rcu_detail::sawQuiet(&rcu_detail::tsanClock);
  }

 private:
  static void reclaim(rcu_head* head) noexcept;

  struct Link : rcu_head {
    RcuRetired* object = nullptr;
    ReclaimStats* stats = nullptr;
    std::chrono::steady_clock::time_point since;
  };
  Link link_;
};

/// Starts liburcu's call_rcu thread as one that gives way to those that answer queries: to give back what was
/// served may take long. Before anything is retired, else that thread is there and stays as it is. Throws
/// std::system_error.
void startReclaimer();

/// The one pointer through which readers see the current T. T derives from RcuRetired.
/// One publisher at a time (the caller serialises); any number of readers.
template <class T>
class RcuPointer {
 public:
  explicit RcuPointer(std::unique_ptr<T> first) noexcept : current_(first.release()) {}
  /// REQUIRES: no reader is left.
  ~RcuPointer() { delete current_.load(std::memory_order_relaxed); }
  RcuPointer(const RcuPointer&) = delete;
  RcuPointer& operator=(const RcuPointer&) = delete;

  /// What is current. Valid until `section` ends.
  const T& read([[maybe_unused]] const ReadSection& section) const noexcept {
    return *current_.load(std::memory_order_consume);
  }

  /// Makes `next` current and retires the one before. Cannot fail (I11).
  void swap(std::unique_ptr<T> next, ReclaimStats& stats) noexcept {
    T* before = current_.exchange(next.release(), std::memory_order_acq_rel);
    RcuRetired::retire(std::unique_ptr<RcuRetired>(before), stats);
  }

 private:
  std::atomic<T*> current_;
};

}  // namespace holdfast
