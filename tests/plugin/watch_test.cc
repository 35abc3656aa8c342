#include <catch2/catch.hpp>

#include "fixture.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

TEST_CASE("a plan that is renamed into the directory is published") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  REQUIRE(server.watch(plans, "60m").empty());  // so that inotify alone does it
  moveIn(plans / "a.json", plan("one.example.", 1, 10));
  REQUIRE(eventually([&] { return server.committed() == 1; }));
  CHECK(server.served() == 10);
  moveIn(plans / "a.json", plan("one.example.", 2, 20));
  REQUIRE(eventually([&] { return server.committed() == 2; }));
  CHECK(server.served() == 20);
  REQUIRE(eventually([&] { return server.health().published == 2; }));
  CHECK(server.health().healthy);
  CHECK(server.refusals().empty());
  CHECK((*server.publisher().history(name("one.example."), 1, 0))[0].who ==
        "enactor watch:" + plans.string());
}

TEST_CASE("a plan is read when it is closed, not while it is written") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  REQUIRE(server.watch(plans, "20ms").empty());
  REQUIRE(eventually([&] { return server.health().healthy; }));
  const std::string text = plan("one.example.", 1, 10);
  {
    std::ofstream file(plans / "a.json");
    file << text.substr(0, text.size() / 2) << std::flush;
    std::this_thread::sleep_for(300ms);  // many polls
    CHECK(server.refusals().empty());
    file << text.substr(text.size() / 2);
  }
  REQUIRE(eventually([&] { return server.committed() == 1; }));
  CHECK(server.refusals().empty());
  {
    std::ofstream file(plans / "a.json", std::ios::trunc);  // over what was handled
    std::this_thread::sleep_for(100ms);
    file << plan("one.example.", 2, 20);
  }
  REQUIRE(eventually([&] { return server.committed() == 2; }));
  CHECK(server.refusals().empty());
}

TEST_CASE("of many plans the newest wins and the rest are superseded") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  writeFile(plans / "z.json", plan("one.example.", 3, 30));
  writeFile(plans / "a.json", plan("one.example.", 7, 70));
  writeFile(plans / "m.json", plan("one.example.", 5, 50));
  REQUIRE(server.watch(plans).empty());
  REQUIRE(eventually([&] { return server.committed() != 0; }));
  CHECK(server.committed() == 7);
  CHECK(server.served() == 70);
  REQUIRE(eventually([&] { return server.logged("z.json: generation 3 is superseded by 7"); }));
  CHECK(server.logged("m.json: generation 5 is superseded by 7"));
  CHECK(server.refusals().empty());
  CHECK(server.health().submitted == 1);
}

TEST_CASE("where the newest is refused the next one is taken, and what is no plan is refused beside it") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  std::string expired = plan("one.example.", 9, 90);
  expired.insert(1, R"("expires": "2020-01-01T00:00:00Z", )");
  writeFile(plans / "expired.json", expired);
  writeFile(plans / "good.json", plan("one.example.", 3, 30));
  writeFile(plans / "other.json", plan("two.example.", 5, 50));
  REQUIRE(server.watch(plans).empty());
  REQUIRE(eventually([&] { return server.committed() == 3; }));
  const std::vector<HistoryEntry> refusals = server.refusals();
  REQUIRE(refusals.size() == 2);
  CHECK(refusals[0].reasons.at(0).rule == Rule::Expired);
  CHECK(refusals[1].reasons.at(0).rule == Rule::Invalid);
}

TEST_CASE("I1 an older plan that comes later is refused") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  REQUIRE(server.watch(plans).empty());
  moveIn(plans / "new.json", plan("one.example.", 8, 80));
  REQUIRE(eventually([&] { return server.committed() == 8; }));
  moveIn(plans / "old.json", plan("one.example.", 4, 40));
  REQUIRE(eventually([&] { return server.refusals().size() == 1; }));
  CHECK(server.refusals()[0].reasons.at(0).rule == Rule::StaleGeneration);
  CHECK(server.committed() == 8);
  CHECK(server.served() == 80);
}

TEST_CASE("what a directory holds from before a restart is no news") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  writeFile(plans / "a.json", plan("one.example.", 8, 80));
  REQUIRE(server.watch(plans).empty());
  REQUIRE(eventually([&] { return server.committed() == 8; }));
  CHECK(server.runAll({}).empty());
  REQUIRE(server.watch(plans).empty());
  REQUIRE(
      eventually([&] { return server.logged("a.json: generation 8 is not newer than the committed 8"); }));
  CHECK(server.refusals().empty());
}

TEST_CASE("a zone file is a plan as well") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  REQUIRE(server.watch(plans).empty());
  moveIn(plans / "a.zone",
         "@ 60 IN SOA ns1.example.org. host.example.org. 2026112101 3600 600 86400 60\n"
         "@ 60 IN NS ns1.example.org.\napi 60 IN A 192.0.2.44\n");
  REQUIRE(eventually([&] { return server.committed() == 2026112101; }));
  CHECK(server.served() == 44);
}

TEST_CASE("I2 deleting a plan's file changes nothing") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  REQUIRE(server.watch(plans, "20ms").empty());
  moveIn(plans / "a.json", plan("one.example.", 1, 10));
  REQUIRE(eventually([&] { return server.committed() == 1; }));
  std::filesystem::remove(plans / "a.json");
  std::this_thread::sleep_for(200ms);
  CHECK(server.served() == 10);
  CHECK(server.refusals().empty());
  CHECK(server.health().healthy);
}

TEST_CASE("the Enactors of two zones are independent") {
  Server server;
  const std::filesystem::path first = server.directory() / "first", second = server.directory() / "second";
  std::filesystem::create_directory(first);
  const std::map<std::string, std::string> options{{"poll", "20ms"}};
  REQUIRE(server
              .runAll({{name("one.example."), {{"watch", first.string(), options}}},
                       {name("two.example."), {{"watch", second.string(), options}}}})
              .empty());
  moveIn(first / "a.json", plan("one.example.", 5, 50));
  REQUIRE(eventually([&] { return server.committed("one.example.") == 5; }));
  CHECK(server.committed("two.example.") == 0);
  CHECK(server.refusals("one.example.").empty());
  REQUIRE(eventually([&] { return server.refusals("two.example.").size() == 1; }));
  std::filesystem::create_directory(second);
  moveIn(second / "a.json", plan("two.example.", 1, 11));
  REQUIRE(eventually([&] { return server.committed("two.example.") == 1; }));
  CHECK(server.served("one.example.") == 50);
  CHECK(server.served("two.example.") == 11);
}

TEST_CASE("an Enactor ends at once") {
  Server server;
  const std::filesystem::path plans = server.directory() / "plans";
  std::filesystem::create_directory(plans);
  REQUIRE(server.watch(plans, "60m").empty());
  REQUIRE(eventually([&] { return server.health().healthy; }));
  const auto begun = std::chrono::steady_clock::now();
  CHECK(server.runAll({}).empty());
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}
