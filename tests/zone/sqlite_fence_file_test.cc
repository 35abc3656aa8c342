// The file of fences is written beside the traffic: commits do not wait for its syncs, and a fence that was
// forgotten meanwhile does not come back.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <future>
#include <thread>

#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using holdfast::test::name;
using Fixture = holdfast::test::MachineFixture;

namespace {

const Name kBeside = name("beside.");

/// Who opens the file waits while this lives: the kernel has it ask for the lease first.
class HeldFile {
 public:
  explicit HeldFile(const std::string& file) {
    std::signal(SIGIO, SIG_IGN);  // how the kernel asks
    std::ofstream{file};
    fd_ = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    isHeld_ = fd_ >= 0 && ::fcntl(fd_, F_SETLEASE, F_WRLCK) == 0;
  }
  ~HeldFile() { release(); }
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  bool isHeld() const noexcept { return isHeld_; }
  /// Somebody waits for it.
  bool isAskedFor() const noexcept { return ::fcntl(fd_, F_GETLEASE) != F_WRLCK; }
  void release() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
  bool isHeld_ = false;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "commits and forgotten zones, while the file of fences is being written") {
  Machine machine(directory.path());
  machine.fill(4);
  REQUIRE(machine.publisher->addZone(kBeside));
  REQUIRE(machine.pushTo(kBeside, 7) == "published");
  HeldFile beside(directory.path() + "/fences.new");
  if (!beside.isHeld()) {
    WARN("this file system gives no leases: not tested");
    return;
  }
  const auto keep = [&] {
    const RcuThread registered;
    Keeping keeping;
    keeping.goodAfter = std::chrono::hours(1);
    return machine.publisher->tend(keeping).problems.empty();
  };
  std::future<bool> upkeep = std::async(std::launch::async, keep);
  for (int i = 0; i < 1000 && !beside.isAskedFor(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(beside.isAskedFor());
  const auto inThread = [](auto work) {
    return std::async(std::launch::async, [work] {
      const RcuThread registered;
      return work();
    });
  };
  SECTION("a commit does not wait") {
    auto pushed = inThread([&] { return machine.push(5); });
    CHECK(pushed.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
    CHECK(upkeep.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
    beside.release();
    CHECK(pushed.get() == "published");
    CHECK(upkeep.get());
    REQUIRE(machine.start());
    CHECK(machine.problems().empty());
  }
  SECTION("a fence that is forgotten stays forgotten") {
    auto forgotten =
        inThread([&] { return static_cast<bool>(machine.publisher->removeZone(kBeside, "moved", true)); });
    CHECK(forgotten.wait_for(std::chrono::milliseconds(500)) == std::future_status::timeout);
    beside.release();
    CHECK(upkeep.get());
    CHECK(forgotten.get());
    REQUIRE(machine.publisher->addZone(kBeside));
    REQUIRE(machine.pushTo(kBeside, 1) == "published");
    REQUIRE(machine.start());  // before upkeep
    CHECK(machine.problems().empty());
    CHECK(machine.pushTo(kBeside, 2) == "published");
  }
}
