#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

/// A server that serves generation 1 out of its watched directory.
struct Serving : Server {
  std::filesystem::path plans = directory() / "plans";
  Serving() {
    std::filesystem::create_directory(plans);
    if (!watch(plans, "20ms").empty()) throw std::runtime_error("watch");
    moveIn(plans / "first.json", plan("one.example.", 1, 10));
    if (!eventually([&] { return committed() == 1; })) throw std::runtime_error("not published");
  }

  /// The one refusal there is after some time for more of them.
  Reason refusal() const {
    REQUIRE(eventually([&] { return !refusals().empty(); }));
    std::this_thread::sleep_for(200ms);  // ten polls
    REQUIRE(refusals().size() == 1);
    return refusals()[0].reasons.at(0);
  }
  bool servesTheOldAnswers() const { return committed() == 1 && served() == 10; }
};

}  // namespace

TEST_CASE("I4 half-written and broken files are refused once, and the old answers stay") {
  const Serving server;
  const std::string text = plan("one.example.", 2, 20);
  SECTION("truncated JSON") {
    moveIn(server.plans / "a.json", text.substr(0, text.size() / 2));
    CHECK(server.refusal().rule == Rule::Unreadable);
  }
  SECTION("empty") {
    moveIn(server.plans / "a.json", "");
    CHECK(server.refusal().rule == Rule::Unreadable);
  }
  SECTION("truncated zone file") {
    moveIn(server.plans / "a.zone", "@ 60 IN NS ns1.example.org.\napi 60 IN A 192.0.2.4");
    CHECK(server.refusal().rule == Rule::Unreadable);
  }
  SECTION("not JSON") {
    moveIn(server.plans / "a.json", "{this is no plan}\n");
    CHECK(server.refusal().rule == Rule::Invalid);
  }
  SECTION("a FIFO") {
    REQUIRE(::mkfifo((server.plans / "a.json").c_str(), 0600) == 0);
    CHECK_THAT(server.refusal().detail, Contains("is no regular file"));
  }
  SECTION("a device") {
    std::filesystem::create_symlink("/dev/zero", server.plans / "a.json");
    CHECK_THAT(server.refusal().detail, Contains("is no regular file"));
  }
  CHECK(server.servesTheOldAnswers());

  // The next one applies as if nothing had been (I6).
  moveIn(server.plans / "b.json", plan("one.example.", 3, 30));
  REQUIRE(eventually([&] { return server.committed() == 3; }));
}

TEST_CASE("I4 a file over max-size is refused") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  const EnactorSpec spec{"watch", plans.string(), {{"poll", "20ms"}, {"max-size", "100"}}};
  REQUIRE(server.run({spec}).empty());
  moveIn(plans / "a.json", plan("one.example.", 1, 10));
  REQUIRE(eventually([&] { return server.refusals().size() == 1; }));
  CHECK_THAT(server.refusals()[0].reasons.at(0).detail, Contains("over max-size"));
}

TEST_CASE("I4 a file that is corrected is looked at again") {
  const Serving server;
  moveIn(server.plans / "a.json", "{\"plan\": 1");
  REQUIRE(eventually([&] { return server.refusals().size() == 1; }));
  writeFile(server.plans / "a.json", plan("one.example.", 2, 20));
  REQUIRE(eventually([&] { return server.committed() == 2; }));
}

TEST_CASE("I4 a missing directory is told once, and followed when it is there") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  REQUIRE(server.watch(plans, "20ms").empty());
  REQUIRE(eventually([&] { return server.refusals().size() == 1; }));
  CHECK(server.refusals()[0].reasons.at(0).rule == Rule::Unreadable);
  CHECK_THAT(server.refusals()[0].reasons.at(0).detail, Contains(plans.string()));
  CHECK_FALSE(server.health().healthy);
  CHECK_THAT(server.health().detail, Contains("No such file or directory"));
  std::this_thread::sleep_for(200ms);
  CHECK(server.refusals().size() == 1);

  std::filesystem::create_directory(plans);
  REQUIRE(eventually([&] { return server.health().healthy; }));
  CHECK(server.logged("can be read again"));
  moveIn(plans / "a.json", plan("one.example.", 1, 10));
  REQUIRE(eventually([&] { return server.committed() == 1; }));
}

TEST_CASE("I4 a directory that goes away takes no answer with it") {
  Serving server;
  SECTION("removed") {
    std::filesystem::remove_all(server.plans);
  }
  SECTION("renamed") {
    std::filesystem::rename(server.plans, server.directory() / "away");
  }
  REQUIRE(eventually([&] { return !server.health().healthy; }));
  CHECK(server.refusal().rule == Rule::Unreadable);
  CHECK(server.servesTheOldAnswers());

  std::filesystem::remove_all(server.plans);
  std::filesystem::create_directory(server.plans);
  REQUIRE(eventually([&] { return server.health().healthy; }));
  moveIn(server.plans / "b.json", plan("one.example.", 2, 20));
  REQUIRE(eventually([&] { return server.committed() == 2; }));
  CHECK(server.refusals().size() == 1);
}

TEST_CASE("I4 a file in the place of the directory takes no answer with it") {
  Serving server;
  std::filesystem::remove_all(server.plans);
  writeFile(server.plans, "");
  REQUIRE(eventually([&] { return server.health().detail.find("Not a directory") != std::string::npos; }));
  CHECK_FALSE(server.health().healthy);
  CHECK(server.servesTheOldAnswers());
}

TEST_CASE("a directory behind a symbolic link that is switched is followed") {
  Server server;
  const std::filesystem::path current = server.directory() / "current";
  std::filesystem::create_directory(server.directory() / "v1");
  std::filesystem::create_directory(server.directory() / "v2");
  writeFile(server.directory() / "v1" / "a.json", plan("one.example.", 1, 10));
  writeFile(server.directory() / "v2" / "a.json", plan("one.example.", 2, 20));
  std::filesystem::create_directory_symlink("v1", current);
  REQUIRE(server.watch(current, "20ms").empty());
  REQUIRE(eventually([&] { return server.committed() == 1; }));
  std::filesystem::create_directory_symlink("v2", server.directory() / "next");
  std::filesystem::rename(server.directory() / "next", current);
  REQUIRE(eventually([&] { return server.committed() == 2; }));
}

TEST_CASE("I8 a fault of the server is tried again until it is mended") {
  Serving server;
  REQUIRE(server.publisher().removeZone(name("one.example."), "test", false));
  moveIn(server.plans / "b.json", plan("one.example.", 2, 20));
  REQUIRE(eventually([&] { return !server.health().healthy; }));
  CHECK_THAT(server.health().detail, Contains("is not held"));
  REQUIRE(server.publisher().addZone(name("one.example.")));
  REQUIRE(eventually([&] { return server.committed() == 2; }));
}
