#include "server/work_pool.h"

#include <algorithm>
#include <exception>

#include "zone/background.h"
#include "zone/rcu.h"

namespace holdfast {

WorkPool::WorkPool(const Limits& limits) : limits_(limits) {
  for (unsigned i = 0; i < limits.threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkPool::~WorkPool() {
  stop();
}

WorkPool::Taken WorkPool::run(const std::string& lane, Task task) {
  // What asks for memory comes first, so that a task is in its lane with a turn, or nothing was changed.
  std::list<Task> waits;
  waits.push_back(std::move(task));
  std::list<Lanes::iterator> turn(1);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Taken::Stopped;
    const auto known = lanes_.find(lane);
    const std::size_t before = known == lanes_.end() ? 0 : known->second.tasks.size();
    if (before >= limits_.waitingPerLane || waiting_ >= limits_.waiting) {
      ++turnedAway_;
      return before >= limits_.waitingPerLane ? Taken::LaneIsFull : Taken::PoolIsFull;
    }
    const auto at = known == lanes_.end() ? lanes_.try_emplace(lane).first : known;
    at->second.tasks.splice(at->second.tasks.end(), waits);
    turn.front() = at;
    if (before == 0) turns_.splice(turns_.end(), turn);
    ++waiting_;
  }
  changed_.notify_one();
  return Taken::Yes;
}

void WorkPool::setWaiting(std::size_t perLane, std::size_t all) {
  const std::lock_guard lock(mutex_);
  limits_.waitingPerLane = perLane;
  limits_.waiting = all;
}

std::size_t WorkPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::size_t WorkPool::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::uint64_t WorkPool::turnedAway() const {
  const std::lock_guard lock(mutex_);
  return turnedAway_;
}

void WorkPool::stop() {
  std::list<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [name, lane] : lanes_) dropped.splice(dropped.end(), lane.tasks);
    turns_.clear();
    waiting_ = 0;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

bool WorkPool::mayRun(const Lane& lane) const {
  if (lane.running == 0) return true;
  return lane.running < limits_.runningPerLane && running_ + limits_.threads / 4 < limits_.threads;
}

/// The turn of a lane that may run something, else the end. REQUIRES: mutex_ is held.
WorkPool::Turns::iterator WorkPool::nextTurn() {
  return std::find_if(turns_.begin(), turns_.end(), [this](auto lane) { return mayRun(lane->second); });
}

/// A task of the lane whose turn it is, which then has its next one behind the others. REQUIRES: mutex_ is
/// held.
WorkPool::Task WorkPool::take(Turns::iterator turn) noexcept {
  Lane& lane = (*turn)->second;
  Task task = std::move(lane.tasks.front());
  lane.tasks.pop_front();
  if (lane.tasks.empty())
    turns_.erase(turn);
  else
    turns_.splice(turns_.end(), turns_, turn);
  ++lane.running;
  ++running_;
  --waiting_;
  return task;
}

void WorkPool::finished(Lanes::iterator lane) {
  {
    const std::lock_guard lock(mutex_);
    --running_;
    if (--lane->second.running == 0 && lane->second.tasks.empty()) lanes_.erase(lane);
    if (waiting_ == 0) return;  // to wake all of them for nothing takes longer than most tasks
  }
  changed_.notify_all();  // what its lane kept waiting may be another thread's to run
}

void WorkPool::work() {
  enterBackground("work pool");
  const RcuThread rcu;
  for (;;) {
    Task task;
    Lanes::iterator lane;
    {
      std::unique_lock lock(mutex_);
      Turns::iterator turn;
      changed_.wait(lock, [&] { return stopping_ || (turn = nextTurn()) != turns_.end(); });
      if (stopping_) return;
      lane = *turn;
      task = take(turn);
    }
    try {
      task();
    } catch (const std::exception&) {
      // Out of memory, most likely. The task's reply says so as it goes; answering queries must go on (I8).
    }
    task = nullptr;  // what it holds goes before its lane counts as free
    finished(lane);
  }
}

}  // namespace holdfast
