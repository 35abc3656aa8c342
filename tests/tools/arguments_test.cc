#include "tools/zonectl/arguments.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace holdfast::zonectl;
using Catch::Contains;

namespace {

struct Parsed {
  std::variant<Arguments, Exit> result;
  std::string out, err;
  const Arguments& arguments() const { return std::get<Arguments>(result); }
  Exit ended() const { return std::get<Exit>(result); }
};

Parsed parse(std::vector<const char*> words) {
  words.insert(words.begin(), "zonectl");
  std::ostringstream out, err;
  auto result = parseArguments(static_cast<int>(words.size()), words.data(), "/default.sock", out, err);
  return {std::move(result), out.str(), err.str()};
}

}  // namespace

TEST_CASE("commands and their arguments") {
  CHECK(parse({"status"}).arguments().command == Command::Status);
  CHECK(parse({"status"}).arguments().control == "/default.sock");
  CHECK(parse({"zone", "add", "example."}).arguments().command == Command::ZoneAdd);
  const Parsed removed = parse({"zone", "remove", "example.", "--reason", "gone", "--forget"});
  CHECK(removed.arguments().command == Command::ZoneRemove);
  CHECK(removed.arguments().zone == "example.");
  CHECK(removed.arguments().forget);
  CHECK(parse({"history", "example.", "--limit", "5"}).arguments().limit == 5);
  CHECK(parse({"show", "example."}).arguments().generation == std::nullopt);
  CHECK(parse({"show", "example.", "12", "--as", "json"}).arguments().generation == 12u);
  CHECK(parse({"freeze", "example.", "--reason", "x"}).arguments().command == Command::Freeze);
  CHECK(parse({"thaw", "example."}).arguments().command == Command::Thaw);
  const Parsed diffed = parse({"diff", "example.", "3", "4"});
  CHECK(diffed.arguments().command == Command::Diff);
  CHECK(diffed.arguments().from == 3u);
  CHECK(diffed.arguments().to == 4u);
  CHECK(parse({"diff", "example.", "--file", "p"}).arguments().file == "p");
  const Parsed back = parse({"rollback", "example.", "--to", "5", "--reason", "x", "--remove-added", "-y"});
  CHECK(back.arguments().command == Command::Rollback);
  CHECK(back.arguments().to == 5u);
  CHECK((back.arguments().removesAdded && back.arguments().yes));
  CHECK(parse({"explain", "www.example.", "AAAA"}).arguments().type == "AAAA");
  const Parsed watched = parse({"watch", "a.", "b.", "--interval", "0.5", "--count", "3"});
  CHECK(watched.arguments().zones == std::vector<std::string>{"a.", "b."});
  CHECK(watched.arguments().interval == 0.5);
  CHECK(watched.arguments().count == 3);
  CHECK(parse({"history", "example.", "--verify"}).arguments().verify);
  CHECK(parse({"history", "example.", "--outcome", "refused"}).arguments().outcome == "refused");
  CHECK(parse({"check", "-", "--zone", "example."}).arguments().file == "-");
}

TEST_CASE("everything that push takes") {
  const Parsed parsed = parse({"push", "example.", "plan.json", "--generation", "7", "--base", "0",
                               "--source", "me", "--remove", "a", "--remove", "b/AAAA", "--allow", "floor:c",
                               "--reason", "why not", "--dry-run", "--yes"});
  const Arguments& arguments = parsed.arguments();
  CHECK(arguments.command == Command::Push);
  CHECK(arguments.zone == "example.");
  CHECK(arguments.file == "plan.json");
  CHECK(arguments.generation == 7u);
  CHECK(arguments.base == 0u);
  CHECK(arguments.removals == std::vector<std::string>{"a", "b/AAAA"});
  CHECK(arguments.overrides == std::vector<std::string>{"floor:c"});
  CHECK(arguments.reason == "why not");
  CHECK((arguments.dryRun && arguments.yes));
  // An option takes one word, so that what follows it is not swallowed.
  CHECK(parse({"push", "--remove", "a", "example.", "plan.json"}).arguments().file == "plan.json");
}

TEST_CASE("global options stand before or behind the command") {
  CHECK(parse({"--format", "json", "status"}).arguments().json);
  CHECK(parse({"status", "--format", "json"}).arguments().json);
  CHECK(parse({"zone", "add", "x.", "--control", "/s"}).arguments().control == "/s");
  CHECK_FALSE(parse({"status", "--format", "text"}).arguments().json);
}

TEST_CASE("the socket of the environment, and the option above it") {
  REQUIRE(::setenv("HOLDFAST_CONTROL", "/environment.sock", 1) == 0);
  CHECK(parse({"status"}).arguments().control == "/environment.sock");
  CHECK(parse({"--control", "/option.sock", "status"}).arguments().control == "/option.sock");
  REQUIRE(::unsetenv("HOLDFAST_CONTROL") == 0);
}

TEST_CASE("wrong usage is explained and has status 2") {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{},
                                             {"stauts"},
                                             {"push", "example."},
                                             {"zone"},
                                             {"zone", "remove", "example."},
                                             {"freeze", "example."},
                                             {"status", "--format", "xml"},
                                             {"push", "x.", "f", "--generation", "0"},
                                             {"push", "x.", "f", "--generation", "-1"},
                                             {"push", "x.", "f", "--allow", "floor:x"},
                                             {"history", "x.", "--limit", "0"},
                                             {"show", "x.", "abc"},
                                             {"rollback", "x."},
                                             {"diff", "x.", "1", "--file", "p"},
                                             {"watch", "--interval", "0"},
                                             {"history", "x.", "--outcome", "odd"}}) {
    const Parsed parsed = parse(words);
    REQUIRE(std::holds_alternative<Exit>(parsed.result));
    CHECK(parsed.ended() == Exit::Usage);
    CHECK_FALSE(parsed.err.empty());
  }
}

TEST_CASE("a mistyped command is told what may have been meant") {
  CHECK_THAT(parse({"stauts"}).err, Contains("(did you mean \"status\"?)"));
  CHECK_THAT(parse({"--format", "json", "rolback", "x."}).err, Contains("(did you mean \"rollback\"?)"));
  CHECK_THAT(parse({"zone", "remov", "x."}).err, Contains("(did you mean \"remove\"?)"));
}

TEST_CASE("help is no error") {
  CHECK(parse({"--help"}).ended() == Exit::Done);
  CHECK_THAT(parse({"--help"}).out, Contains("push") && Contains("Exit status"));
  CHECK(parse({"push", "--help"}).ended() == Exit::Done);
  CHECK(parse({"--version"}).ended() == Exit::Done);
}
