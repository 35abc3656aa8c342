#include "server/work_pool.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace holdfast {

namespace {

/// Lets tasks wait until the test opens it, and counts what went on.
class Gate {
 public:
  WorkPool::Task waiting() {
    return [this] {
      std::unique_lock lock(mutex_);
      ++inside_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
      --inside_;
      ++done_;
      changed_.notify_all();
    };
  }
  WorkPool::Task quick() {
    return [this] {
      const std::lock_guard lock(mutex_);
      ++quick_;
      changed_.notify_all();
    };
  }
  bool untilInside(int many) {
    return until([this, many] { return inside_ == many; });
  }
  bool untilQuick(int many) {
    return until([this, many] { return quick_ == many; });
  }
  bool untilDone(int many) {
    return until([this, many] { return done_ == many; });
  }
  int inside() {
    const std::lock_guard lock(mutex_);
    return inside_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  template <class Condition>
  bool until(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int inside_ = 0, done_ = 0, quick_ = 0;
};

constexpr auto kYes = WorkPool::Taken::Yes;

}  // namespace

TEST_CASE("I10: a lane that blocks keeps no other waiting") {
  Gate gate;
  WorkPool pool({8, 4, 16, 100});
  for (int i = 0; i < 4 + 16; ++i) {
    CHECK(pool.run("blocked", gate.waiting()) == kYes);
    if (i < 4) CHECK(gate.untilInside(i + 1));  // so that they do not count as waiting
  }
  CHECK(pool.run("blocked", gate.waiting()) == WorkPool::Taken::LaneIsFull);
  CHECK(pool.waiting() == 16);
  CHECK(pool.running() == 4);
  for (int i = 0; i < 50; ++i) {
    CHECK(pool.run("other", gate.quick()) == kYes);
    REQUIRE(gate.untilQuick(i + 1));
  }
  CHECK(pool.turnedAway() == 1);
  gate.open();
  CHECK(gate.untilDone(20));
}

TEST_CASE("I10: lanes with many tasks leave threads for a lane that has none running") {
  Gate gate;
  WorkPool pool({8, 4, 16, 100});
  // Two lanes could take all eight threads: a quarter of them is kept.
  for (int i = 0; i < 8; ++i) {
    CHECK(pool.run("a", gate.waiting()) == kYes);
    CHECK(pool.run("b", gate.waiting()) == kYes);
  }
  CHECK(gate.untilInside(6));
  CHECK(pool.run("c", gate.quick()) == kYes);
  CHECK(gate.untilQuick(1));
  CHECK(gate.inside() == 6);
  gate.open();
  CHECK(gate.untilDone(16));
}

TEST_CASE("lanes take turns, and each keeps its order") {
  Gate gate;
  std::mutex mutex;
  std::string order;
  WorkPool pool({1, 1, 16, 100});
  CHECK(pool.run("first", gate.waiting()) == kYes);
  CHECK(gate.untilInside(1));
  const auto writes = [&](char letter) {
    return [&order, &mutex, letter] {
      const std::lock_guard lock(mutex);
      order += letter;
    };
  };
  for (const char letter : {'1', '2', '3', '4'}) CHECK(pool.run("long", writes(letter)) == kYes);
  for (const char letter : {'a', 'b'}) CHECK(pool.run("short", writes(letter)) == kYes);
  CHECK(pool.run("last", gate.quick()) == kYes);
  gate.open();
  CHECK(gate.untilQuick(1));
  while (pool.waiting() + pool.running() > 0) std::this_thread::yield();
  const std::lock_guard lock(mutex);
  CHECK(order == "1a2b34");
}

TEST_CASE("all lanes together have a limit too, and it can be changed") {
  Gate gate;
  WorkPool pool({1, 1, 4, 2});
  CHECK(pool.run("a", gate.waiting()) == kYes);
  CHECK(gate.untilInside(1));
  CHECK(pool.run("b", gate.quick()) == kYes);
  CHECK(pool.run("c", gate.quick()) == kYes);
  CHECK(pool.run("d", gate.quick()) == WorkPool::Taken::PoolIsFull);
  pool.setWaiting(1, 3);
  CHECK(pool.run("c", gate.quick()) == WorkPool::Taken::LaneIsFull);
  CHECK(pool.run("d", gate.quick()) == kYes);
  gate.open();
  CHECK(gate.untilQuick(3));
}

TEST_CASE("what waits when the pool stops is dropped, not run") {
  Gate gate;
  auto held = std::make_shared<int>(1);
  WorkPool pool({1, 1, 4, 4});
  CHECK(pool.run("a", gate.waiting()) == kYes);
  CHECK(gate.untilInside(1));
  CHECK(pool.run("a", [held, task = gate.quick()] { task(); }) == kYes);
  gate.open();
  pool.stop();
  CHECK(held.use_count() == 1);
  CHECK(pool.run("a", gate.quick()) == WorkPool::Taken::Stopped);
}

}  // namespace holdfast
