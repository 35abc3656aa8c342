#include "zone/rcu.h"

#include <thread>

#include "zone/background.h"

namespace holdfast {

void RcuRetired::retire(std::unique_ptr<RcuRetired> object, ReclaimStats& stats) noexcept {
  RcuRetired* raw = object.release();
  raw->link_.object = raw;
  raw->link_.stats = &stats;
  raw->link_.since = std::chrono::steady_clock::now();
  stats.retired.fetch_add(1, std::memory_order_relaxed);
  rcu_detail::leftQuiet(&rcu_detail::tsanClock);
  urcu_memb_call_rcu(&raw->link_, &RcuRetired::reclaim);
}

void RcuRetired::reclaim(rcu_head* head) noexcept {
  rcu_detail::sawQuiet(&rcu_detail::tsanClock);
  const Link& link = *static_cast<Link*>(head);
  ReclaimStats& stats = *link.stats;
  const auto waited = std::chrono::steady_clock::now() - link.since;
  const auto micros =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(waited).count());
  delete link.object;
  stats.waitedMicros.fetch_add(micros, std::memory_order_relaxed);
  // liburcu runs all callbacks on one thread, so load and store suffice.
  if (micros > stats.longestMicros.load(std::memory_order_relaxed))
    stats.longestMicros.store(micros, std::memory_order_relaxed);
  stats.reclaimed.fetch_add(1, std::memory_order_release);
  rcu_detail::leftQuiet(&rcu_detail::tsanClock);
}

void startReclaimer() {
  // A thread begins with the name and the priority of the one that starts it.
  std::thread([] {
    enterBackground("reclaim");
    (void)urcu_memb_get_default_call_rcu_data();
  }).join();
}

}  // namespace holdfast
