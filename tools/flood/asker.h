#pragma once

#include <poll.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tools/flood/flow.h"
#include "tools/flood/questions.h"
#include "tools/flood/schedule.h"

namespace holdfast::flood {

/// How hard a thread asks.
struct Pace {
  double perSecond = 0;        ///< questions; 0: as many as are answered
  std::uint32_t window = 256;  ///< where it is 0: that wait on one socket at once
};

/// A thread that asks by several flows in turn, until it is told to end; then it waits for what is under way.
class Asker {
 public:
  Asker(std::vector<std::unique_ptr<Flow>> flows, Drawing drawing, const Pace& pace);
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  /// Errors: no thread can be started.
  Status start();
  /// No more questions; answers are waited for as long as flows wait.
  void end() noexcept { isEnding_.store(true); }
  void join();
  /// What happened since the last call. Any thread.
  Tally take();

 private:
  void run();
  void ask(std::int64_t time);
  void askOnTime(std::int64_t time);
  void askAsAnswered(std::int64_t time);
  bool mayAsk(const Flow& flow) const noexcept;
  void wait(std::int64_t time);
  bool isWaitedFor() const noexcept;

  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<pollfd> waiting_;  // for each flow
  Drawing drawing_;
  const Pace pace_;
  std::optional<Schedule> schedule_;
  std::size_t turn_ = 0;  // the flow that asks next
  Tally tally_;           // the thread's own, until it is handed over
  std::mutex mutex_;
  Tally handedOver_;  // guarded by mutex_
  std::atomic<bool> isEnding_{false};
  std::thread thread_;
};

}  // namespace holdfast::flood
