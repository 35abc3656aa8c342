#include "server/log.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

namespace holdfast {

namespace {

void writeSamples(Log& log) {
  log.info("plan published", {{"zone", "a.example."}, {"generation", 7u}, {"dry", false}});
  log.warning("bad \x01 bytes\n",
              {{"name", "x y\n\"z\""}, {"raw", std::string("\xff\x00z", 3)}, {"none", ""}});
}

/// The text with every digit made a 0.
std::string shapeOf(std::string text) {
  for (char& c : text)
    if (c >= '0' && c <= '9') c = '0';
  return text;
}

}  // namespace

TEST_CASE("the text log is one line per event, whatever it holds") {
  std::ostringstream out;
  Log log(LogFormat::Text, LogLevel::Info, out);
  writeSamples(log);
  log.debug("not shown");
  std::istringstream lines(out.str());
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(shapeOf(line.substr(0, 24)) == "0000-00-00T00:00:00.000Z");
  CHECK(line.substr(24) == " info    plan published zone=a.example. generation=7 dry=false");
  REQUIRE(std::getline(lines, line));
  CHECK_THAT(line, Catch::Contains(R"(warning bad \u0001 bytes\n name="x y\n\"z\"")"));
  CHECK_THAT(line, Catch::EndsWith(" none=\"\""));
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("the JSON log is one object per line, whatever it holds") {
  std::ostringstream out;
  Log log(LogFormat::Json, LogLevel::Debug, out);
  writeSamples(log);
  std::istringstream lines(out.str());
  std::string line;
  REQUIRE(std::getline(lines, line));
  const auto first = nlohmann::json::parse(line);
  CHECK(first["level"] == "info");
  CHECK(first["message"] == "plan published");
  CHECK(first["zone"] == "a.example.");
  CHECK(first["generation"] == 7);
  CHECK(first["dry"] == false);
  REQUIRE(std::getline(lines, line));
  const auto second = nlohmann::json::parse(line);
  CHECK(second["level"] == "warning");
  CHECK(second["name"] == "x y\n\"z\"");
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("the level can change while the log is in use") {
  std::ostringstream out;
  Log log(LogFormat::Text, LogLevel::Error, out);
  log.info("one");
  log.setLevel(LogLevel::Debug);
  log.debug("two");
  CHECK_THAT(out.str(), !Catch::Contains("one") && Catch::Contains("two"));
}

}  // namespace holdfast
