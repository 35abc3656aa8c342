#include <catch2/catch.hpp>

#include "fake_server.h"
#include "tools/zonectl/watch_view.h"

using namespace holdfast::zonectl;
using namespace holdfast::test;
using Catch::Contains;

namespace {

Json statusOf(unsigned pid, std::uint64_t answered, std::uint64_t published, const std::string& seal,
              std::uint64_t swaps = 2, std::uint64_t micros = 40) {
  return {{"pid", pid},
          {"version", "0.1.0"},
          {"uptime_seconds", 3},
          {"queries", {{"received", answered}, {"answered", answered}}},
          {"swaps", {{"count", swaps}, {"total_us", micros}, {"longest_us", 30}, {"reclaims_pending", 1}}},
          {"zones",
           {{{"zone", "x."},
             {"planned", published},
             {"committed", published},
             {"served", published},
             {"age_seconds", 5},
             {"published", published},
             {"refused", 0},
             {"seal", seal}}}}};
}

Json historyOf(std::initializer_list<Json> entries) {
  return Json{{"history", Json(entries)}};
}

const Json kPublished1{{"id", 1}, {"outcome", "published"}, {"generation", 1}, {"at", "T1"}};
const Json kRefused{
    {"id", 2},
    {"outcome", "refused"},
    {"generation", 2},
    {"at", "T2"},
    {"who", "uid 7"},
    {"reasons", {{{"rule", "floor"}, {"name", "api.x."}, {"type", "A"}, {"detail", "too few"}}}}};
const Json kPublished3{{"id", 3},
                       {"outcome", "published"},
                       {"generation", 3},
                       {"at", "T3"},
                       {"changes", {{"added", 0}, {"removed", 0}, {"changed", 1}}}};

std::string textsOf(WatchView& view) {
  std::string text;
  for (const WatchView::Event& event : view.takeEvents()) text += view.line(event, Palette(false));
  return text;
}

}  // namespace

TEST_CASE("each line of the history is told once, oldest first, refusals with rule and name") {
  WatchView view({});
  const WatchView::Time begin{};
  CHECK(view.saw(statusOf(7, 100, 1, "a"), "N0", begin) == std::vector<std::string>{"x."});
  view.sawHistory("x.", historyOf({kPublished1}));
  CHECK(textsOf(view) == "N0  x.  generation 1 is served, for 5 s\n");

  CHECK(view.saw(statusOf(7, 100, 1, "a"), "N1", begin + std::chrono::seconds(1)).empty());
  CHECK(textsOf(view).empty());

  CHECK(view.saw(statusOf(7, 350, 3, "c", 3, 65), "N2", begin + std::chrono::seconds(2)).size() == 1);
  view.sawHistory("x.", historyOf({kPublished3, kRefused, kPublished1}));
  CHECK(
      textsOf(view) ==
      "T2  x.  refused generation 2: floor api.x./A: too few; by uid 7\n"
      "T3  x.  published generation 3: 0 names added, 0 removed, 1 changed; 250 answers/s, swapped in 25 µs "
      "(longest 30 µs)\n");
}

TEST_CASE("a restart is told, and what happened meanwhile") {
  WatchView view({});
  const WatchView::Time begin{};
  view.saw(statusOf(7, 1000, 1, "a"), "N0", begin);
  view.sawHistory("x.", historyOf({kPublished1}));
  static_cast<void>(view.takeEvents());
  view.sawNobody("no server answers", "N1");
  view.sawNobody("no server answers", "N2");
  CHECK(view.isAway());
  CHECK(textsOf(view) == "N1  no server answers\n");
  CHECK_THAT(view.screen(Palette(false)), Contains("The server is away."));
  // It counts from zero again: that is no negative rate.
  CHECK(view.saw(statusOf(8, 10, 0, "c"), "N3", begin + std::chrono::seconds(3)).size() == 1);
  view.sawHistory("x.", historyOf({kPublished3, kRefused, kPublished1}));
  const std::string texts = textsOf(view);
  CHECK_THAT(texts, Contains("N3  the server answers again, pid 8\n") && Contains("T2  x.  refused") &&
                        !Contains("answers/s"));
  CHECK_FALSE(view.isAway());
  view.saw(statusOf(9, 0, 0, "c"), "N4", begin + std::chrono::seconds(4));
  CHECK_THAT(textsOf(view), Contains("restarted, pid 9"));
}

TEST_CASE("only the zones asked for are watched, and one that goes is told") {
  WatchView none({"y."});
  CHECK(none.saw(statusOf(7, 0, 1, "a"), "N", {}).empty());
  WatchView view({"x."});
  view.saw(statusOf(7, 0, 1, "a"), "N", {});
  static_cast<void>(view.takeEvents());
  view.saw(Json{{"pid", 7}, {"zones", Json::array()}}, "N", {});
  CHECK_THAT(textsOf(view), Contains("x.  the zone is no longer held"));
}

TEST_CASE("the picture fits 80 columns and tells the rates") {
  WatchView view({});
  const WatchView::Time begin{};
  view.saw(statusOf(7, 100, 1, "a"), "N0", begin);
  view.sawHistory("x.", historyOf({kPublished1}));
  view.saw(statusOf(7, 600, 3, "c", 3, 65), "N2", begin + std::chrono::seconds(2));
  view.sawHistory("x.", historyOf({kPublished3, kRefused, kPublished1}));
  const std::string text = view.screen(Palette(false, 80));
  CHECK_THAT(text, Contains("250 answers/s, swapped in 25 µs") && Contains("1 old snapshot waiting"));
  CHECK_THAT(text, Contains("x.         3  5 s          3        0  served"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) CHECK(columnsOf(line) <= 80);
}

TEST_CASE("watch ends after so many looks, with 4 where the server is away in the end") {
  FakeServer server({{200, statusOf(7, 0, 1, "a").dump()}, {200, historyOf({kPublished1}).dump()}});
  Arguments arguments;
  arguments.command = Command::Watch;
  arguments.control = server.path();
  arguments.interval = 0.01;
  arguments.count = 1;
  MemoryScreen memory;
  CHECK(run(arguments, memory.screen()) == Exit::Done);
  CHECK_THAT(memory.out.str(), Contains("generation 1 is served"));
  CHECK(server.requests().at(1).has("GET /v1/zones/x./plans?limit=100 "));
  MemoryScreen away;
  arguments.count = 2;
  arguments.json = true;
  CHECK(run(arguments, away.screen()) == Exit::Unreachable);
  std::istringstream lines(away.out.str());
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(Json::parse(line)["away"] == true);
  CHECK(Json::parse(line)["events"][0]["event"] == "away");
  REQUIRE(std::getline(lines, line));
  CHECK(Json::parse(line)["events"].empty());
}

TEST_CASE("on a terminal the picture is drawn over the one before") {
  FakeServer server({{200, statusOf(7, 0, 1, "a").dump()},
                     {200, historyOf({kPublished1}).dump()},
                     {200, statusOf(7, 0, 1, "a").dump()}});
  Arguments arguments;
  arguments.command = Command::Watch;
  arguments.control = server.path();
  arguments.interval = 0.01;
  arguments.count = 2;
  MemoryScreen memory;
  Screen screen{memory.in, memory.out, memory.err, false, false, Palette(false, 80), Palette(false), true};
  CHECK(run(arguments, screen) == Exit::Done);
  CHECK_THAT(memory.out.str(), Contains("A\r\033[J"));
}
