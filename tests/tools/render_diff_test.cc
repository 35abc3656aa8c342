#include <catch2/catch.hpp>

#include "tools/zonectl/render.h"

using namespace holdfast::zonectl;
using Catch::Contains;

namespace {

Json changeOf(std::uint64_t before, std::uint64_t after) {
  return Json{{"type", "A"},
              {"records", {{"before", before}, {"after", after}}},
              {"capacity", {{"before", before * 100}, {"after", after * 100}}},
              {"ttl", {{"before", 5}, {"after", 5}}},
              {"added", Json::array()},
              {"removed", Json::array()}};
}

std::string effectOf(std::uint64_t before, std::uint64_t after) {
  const Json diff{{"diff", {{{"name", "a."}, {"rrsets", {changeOf(before, after)}}}}}};
  return renderDiff(diff, Palette(false));
}

}  // namespace

TEST_CASE("the effect on capacity is a bar and per cent") {
  CHECK_THAT(effectOf(4, 3), Contains("███████░░░ -25 %"));
  CHECK_THAT(effectOf(1000, 1), Contains("█░░░░░░░░░ -99.9 %"));  // something is not nothing
  CHECK_THAT(effectOf(3, 1), Contains("-67 %"));
  CHECK_THAT(effectOf(4, 0), Contains("░░░░░░░░░░ -100 %"));
  CHECK_THAT(effectOf(4, 6), Contains("██████████ +50 %"));
  CHECK_THAT(effectOf(100'000, 99'999), Contains("-<0.1 %"));
  CHECK_THAT(effectOf(1000, 1005), Contains("+0.5 %"));
  CHECK_THAT(effectOf(0, 3), Contains("new"));
  CHECK_THAT(effectOf(3, 3), !Contains("%"));
}

TEST_CASE("a name stands once for both address families") {
  const Json diff{{"diff", {{{"name", "a.x."}, {"rrsets", {changeOf(4, 3), changeOf(2, 1)}}}}}};
  const std::string text = renderDiff(diff, Palette(false));
  CHECK(text.find("a.x.") == text.rfind("a.x."));
}

TEST_CASE("a comparison ends with its sum") {
  const Json comparison{{"zone", "x."},
                        {"from", 6},
                        {"to", nullptr},
                        {"changes", {{"added", 0}, {"removed", 0}, {"changed", 1}}},
                        {"targets", {{"before", 40}, {"after", 39}}},
                        {"capacity", {{"before", 4000}, {"after", 3900}}},
                        {"diff", {{{"name", "a."}, {"rrsets", {changeOf(4, 3)}}}}},
                        {"diff_truncated", true}};
  const std::string text = renderComparison(comparison, Palette(false));
  CHECK_THAT(text,
             Contains("x., generation 6 → this plan: 0 names added, 0 removed, 1 changed; targets of the "
                      "zone 40 → 39 (-2.5 %), capacity 4000 → 3900 (-2.5 %).\n"));
  CHECK_THAT(text, Contains("… and more"));
}
