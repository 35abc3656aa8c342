// What a disk that cannot read its directory is told as. Its own readdir(3), which a sanitizer would not
// like.
#include "zone/good_copies.h"

#include <dirent.h>
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <climits>
#include <filesystem>

#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::Machine;
using Fixture = holdfast::test::MachineFixture;

namespace {

/// Calls of readdir(3) that go well, from now on.
int goodCalls = INT_MAX;

struct BadDirectory {
  explicit BadDirectory(int after) { goodCalls = after; }
  ~BadDirectory() { goodCalls = INT_MAX; }
  BadDirectory(const BadDirectory&) = delete;
  BadDirectory& operator=(const BadDirectory&) = delete;
};

}  // namespace

extern "C" struct dirent* readdir(DIR* directory) {
  static const auto real = reinterpret_cast<struct dirent* (*)(DIR*)>(dlsym(RTLD_NEXT, "readdir"));
  if (goodCalls <= 0) {
    errno = EIO;
    return nullptr;
  }
  if (goodCalls != INT_MAX) --goodCalls;
  return real(directory);
}

TEST_CASE_METHOD(Fixture, "I4: a directory of copies that fails to be read is an error, wherever it fails") {
  Machine machine(directory.path());
  machine.fill(4);
  for (int calls = 0; calls <= 3; ++calls) {  // ".", "..", the copy, the end
    INFO(calls << " calls go well");
    {
      const BadDirectory bad(calls);
      std::vector<Error> problems;
      CHECK_FALSE(GoodCopies(directory.path() + "/good").list(problems));
      CHECK_NOTHROW(machine.tend());
    }
    machine.publisher.reset();
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(directory.path() + "/plans.db" + part);
    {
      const BadDirectory bad(calls);
      CHECK_FALSE(machine.start());
    }
    REQUIRE(machine.start());
    CHECK(machine.served() == 4);  // which tend() promoted, for all that it could not list
  }
  std::vector<Error> problems;
  const auto none = GoodCopies(directory.path() + "/none").list(problems);
  REQUIRE(none);
  CHECK(none->empty());
}
