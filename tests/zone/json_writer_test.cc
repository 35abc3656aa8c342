// What is written without a document in memory is what a document in memory is written as.
#include "zone/json_writer.h"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "zone/history_json.h"

using namespace holdfast;

namespace {

std::string peerText(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string valueText(const auto& value) {
  std::string text;
  JsonWriter(text).value(value);
  return text;
}

}  // namespace

TEST_CASE("each octet, and each two of them, is written as nlohmann::json writes it") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      REQUIRE(jsonText(text) == peerText(text));
      REQUIRE(jsonText(text.substr(1)) == peerText(text.substr(1)));
    }
  }
}

TEST_CASE("texts of the octets that UTF-8 turns on are written as nlohmann::json writes them") {
  // Leads of each kind, what may and may not follow them, and what is escaped.
  const std::string octets(
      "\x00\x1f\"\\\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5"
      "\xff"
      "a",
      28);
  std::mt19937 random(11);
  std::size_t replaced = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::size_t length = random() % 9; length > 0; --length) text += octets[random() % octets.size()];
    const std::string written = jsonText(text);
    REQUIRE(written == peerText(text));
    if (written.find("\xef\xbf\xbd") != std::string::npos) ++replaced;
  }
  CHECK(replaced > 1000);
  CHECK(replaced < 200'000);
}

TEST_CASE("members and elements are told apart by commas, at any depth") {
  std::string text;
  JsonWriter json(text);
  json.object([&] {
    json.object("none", [] {});
    json.array("empty", [] {});
    json.array("mixed", [&] {
      json.value(1);
      json.object([&] {
        json.member("a", true);
        json.member("b\n", "c");
      });
      json.array([&] { json.value(nullptr); });
      json.value(std::optional<int>());
    });
    json.member("texts", std::vector<std::string>{"x", "y"});
  });
  CHECK(text == R"({"none":{},"empty":[],"mixed":[1,{"a":true,"b\n":"c"},[null],null],"texts":["x","y"]})");
}

TEST_CASE("numbers are written whole") {
  CHECK(valueText(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(valueText(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(valueText(std::uint8_t{200}) == "200");
  CHECK(valueText(false) == "false");
  CHECK(valueText(0.25) == "0.25");
  CHECK(valueText(0.0) == "0.0");
  CHECK(valueText(1.0) == "1.0");
  CHECK(valueText(1e-4) == "0.0001");
  CHECK(valueText(-100'000.0) == "-100000.0");
  CHECK(valueText(1e15) == "1e+15");
  CHECK(valueText(std::numeric_limits<double>::infinity()) == "null");
  for (const double number :
       {1e300, -5e-324, 0.1, 1e-7, 123456789.125, std::numeric_limits<double>::lowest()})
    CHECK(nlohmann::json::parse(valueText(number)).get<double>() == number);
}

TEST_CASE("what is stored of reasons is what was stored before, and is read as it was") {
  const std::vector<Reason> reasons{{Rule::Floor, "a.example.", "A", "0", "1", "a \"detail\""},
                                    {Rule::Invalid, "", "", "", "", "bad \xff", "soa", "line 3"}};
  const std::string stored = reasonsToJson(reasons);
  // As in the plan stores that are there: seals are made over it.
  CHECK(stored ==
        "[{\"rule\":\"floor\",\"name\":\"a.example.\",\"type\":\"A\",\"observed\":\"0\",\"limit\":\"1\","
        "\"detail\":\"a \\\"detail\\\"\"},{\"rule\":\"invalid\",\"name\":\"\",\"type\":\"\","
        "\"observed\":\"\",\"limit\":\"\",\"detail\":\"bad \xef\xbf\xbd\",\"code\":\"soa\","
        "\"where\":\"line 3\"}]");
  const std::vector<Reason> read = reasonsFromJson(stored);
  REQUIRE(read.size() == 2);
  CHECK(read[0].detail == "a \"detail\"");
  CHECK(read[1].code == "soa");
  CHECK(read[1].where == "line 3");
}

TEST_CASE("what is no list of reasons reads as none") {
  for (const char* text : {"", "{}", "null", "[", "[1, \"floor\", [], null]", R"([{"rule": "unheard of"}])",
                           R"([{"rule": 3}])", "[]x"})
    CHECK(reasonsFromJson(text).empty());
  const std::vector<Reason> some = reasonsFromJson(R"([7, {"rule": "floor", "name": 5}])");
  REQUIRE(some.size() == 1);
  CHECK(some[0].name.empty());
}
