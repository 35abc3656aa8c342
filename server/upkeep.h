#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "server/heap_upkeep.h"
#include "server/log.h"
#include "zone/publisher.h"

namespace holdfast {

/// Numbers for the metrics. Totals are since the start.
struct UpkeepStats {
  std::uint64_t commitsRemoved = 0, othersRemoved = 0, promoted = 0, failures = 0;
  WallTime lastRun{};
  std::uint64_t hugePageOctets = 0;
};

/// The thread that tends the plan store beside the traffic: promotion to last-known-good, clean-up,
/// checkpoints; and the memory of what is served. It works in small pieces and sleeps between them; its
/// priority is no lower than others', since it is in the publisher's critical section now and then, where it
/// must not be starved.
class Upkeep {
 public:
  /// `publisher` and `log` outlive it.
  Upkeep(Publisher& publisher, Log& log, const Keeping& keeping, HeapUpkeep heap);
  ~Upkeep();  ///< as stop()
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  /// In force from the next round on. Any thread.
  void setKeeping(const Keeping& keeping);
  UpkeepStats stats() const;
  /// Waits for a round in progress. Twice is harmless.
  void stop();

 private:
  void run();
  TendReport round(const Keeping& keeping) noexcept;
  void tell(const TendReport& report);

  Publisher& publisher_;
  Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  Keeping keeping_;  // guarded by mutex_, like what follows
  UpkeepStats stats_;
  bool stopping_ = false;
  std::string lastProblem_;  // of the thread, like what follows
  HeapUpkeep heap_;
  std::stop_source endOfWork_;
  std::thread thread_;
};

}  // namespace holdfast
