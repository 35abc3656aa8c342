// A small disk that the store fills by itself: a file system of a few megabytes, mounted for the test.
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "tests/zone/sqlite_fault_vfs.h"
#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using Fixture = holdfast::test::MachineFixture;

namespace {

/// A file system in memory of so many octets, gone with the test. Only root may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t octets) {
    const std::string options = "size=" + std::to_string(octets);
    isMounted_ = ::mount("none", directory_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (isMounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool isMounted() const noexcept { return isMounted_; }
  std::string path() const { return directory_.path() + "/state"; }
  std::uint64_t freeOctets() const { return std::filesystem::space(directory_.path()).available; }
  std::string file(const std::string& name) const { return directory_.path() + "/" + name; }

 private:
  test::TemporaryDirectory directory_;
  bool isMounted_ = false;
};

/// Some 20,000 octets that do not compress.
std::string largePlan(Generation generation) {
  std::mt19937 random(static_cast<unsigned>(generation));
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += R"(, "t)" + std::to_string(i) + R"( 60 IN TXT \")";
    for (int octet = 0; octet < 200; ++octet) text += static_cast<char>('a' + random() % 26);
    text += R"(\"")";
  }
  return R"({"plan": 1, "generation": )" + std::to_string(generation) + R"(, "records": ["@ 60 IN NS ns.")" +
         text + "]}";
}

}  // namespace

TEST_CASE("I8: the log does not fill a small disk while there is room for what is in it") {
  const RcuThread thread;
  const SmallDisk disk(3 << 20);
  if (!disk.isMounted()) {
    WARN("cannot mount a file system: not tested");
    return;
  }
  Machine machine(disk.path());
  REQUIRE(machine.publisher->addZone(test::kZone));
  // Four times the disk, while upkeep removes what need not be kept.
  for (Generation generation = 1; generation <= 600; ++generation) {
    INFO(generation << ", free: " << disk.freeOctets());
    REQUIRE(machine.push(largePlan(generation)) == "published");
    if (generation % 30 != 0) continue;
    Keeping keeping;
    keeping.history = {2, std::chrono::seconds(0), 10};
    keeping.goodAfter = std::chrono::hours(1);
    for (const Error& problem : machine.publisher->tend(keeping).problems) FAIL_CHECK(problem.text());
  }
  REQUIRE(machine.start());
  CHECK(machine.served() == 600);
  CHECK(machine.publisher->verify(test::kZone)->problem.empty());
}

TEST_CASE("I8: a small disk that was full takes plans again by itself") {
  const RcuThread thread;
  const SmallDisk disk(3 << 20);
  if (!disk.isMounted()) {
    WARN("cannot mount a file system: not tested");
    return;
  }
  Machine machine(disk.path());
  REQUIRE(machine.publisher->addZone(test::kZone));
  const std::string ballast = disk.file("ballast");
  const bool isFilledByOthers = GENERATE(false, true);
  if (!isFilledByOthers) std::ofstream(ballast) << std::string(1 << 20, 'x');
  Generation generation = 0;
  std::string outcome;
  while (generation < 40) REQUIRE(machine.push(largePlan(++generation)) == "published");
  if (isFilledByOthers) std::ofstream(ballast) << std::string(3 << 20, 'x');
  do outcome = machine.push(largePlan(++generation));
  while (outcome == "published" && generation < 2000);
  INFO(outcome);
  REQUIRE(outcome.find("full") != std::string::npos);
  CHECK(machine.served() == generation - 1);
  CHECK_FALSE(machine.tend().problems.empty());
  std::filesystem::remove(ballast);
  std::string problems;
  for (int round = 0; round < 2; ++round) {
    problems.clear();
    for (const Error& problem : machine.tend().problems) problems += problem.text();
  }
  CHECK(problems.empty());
  for (int i = 0; i < 5; ++i) CHECK(machine.push(largePlan(++generation)) == "published");
  CHECK(machine.served() == generation);
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == generation);
}

TEST_CASE("I7: no plan is acknowledged behind what a failed sync took from the log, for want of room") {
  const RcuThread thread;
  const SmallDisk disk(4 << 20);
  if (!disk.isMounted()) {
    WARN("cannot mount a file system: not tested");
    return;
  }
  test::FaultVfs vfs;
  Machine machine(disk.path(), vfs.name());
  machine.fill(4);
  REQUIRE(machine.push(1) == "refused");  // a line that is not synced
  std::ofstream(disk.file("ballast")) << std::string(disk.freeOctets() - (1 << 20), 'x');
  // The sync of the log, what is written to the file, and what comes then.
  const auto failing = GENERATE(range(0, 8));
  INFO("operation " << failing << " fails");
  vfs.failAt(static_cast<std::size_t>(failing), SQLITE_IOERR_FSYNC);
  const std::string outcome = machine.push(5);
  const bool isTold = outcome == "published";
  INFO(outcome);
  CHECK(vfs.hasFailed());
  CHECK(machine.served() == (isTold ? 5 : 4));
  // The power goes now.
  std::mt19937 random(1);
  const test::TemporaryDirectory after;
  for (const auto& [file, content] : vfs.image(vfs.moment(), test::FaultVfs::Kept::Nothing, random))
    std::ofstream(after.path() + "/" + file, std::ios::binary) << content;
  Machine restarted(after.path());
  REQUIRE(restarted.publisher != nullptr);
  CHECK(restarted.served() >= (isTold ? 5 : 4));
  CHECK(restarted.publisher->verify(test::kZone)->problem.empty());
  vfs.heal();
  CHECK(machine.push(6) == "published");
}

TEST_CASE("I7: no plan is acknowledged behind what a failed sync took from the log, once that is large") {
  const RcuThread thread;
  const test::TemporaryDirectory directory, after;
  test::FaultVfs vfs;
  Machine machine(directory.path(), vfs.name());
  machine.fill(4);
  vfs.failSync(SQLITE_IOERR_FSYNC);
  const std::string log = directory.path() + "/plans.db-wal";
  // Refusals only, which are not synced.
  while (!vfs.hasFailed() && std::filesystem::file_size(log) < (66u << 20))
    REQUIRE(machine.push(1) == "refused");
  vfs.heal();
  REQUIRE(machine.push(5) == "published");
  std::mt19937 random(1);
  for (const auto& [file, content] : vfs.image(vfs.moment(), test::FaultVfs::Kept::Nothing, random))
    std::ofstream(after.path() + "/" + file, std::ios::binary) << content;
  Machine restarted(after.path());
  REQUIRE(restarted.publisher != nullptr);
  CHECK(restarted.served() == 5);
}
