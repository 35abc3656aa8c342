#include "tools/flood/questions.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "tools/flood/options.h"

namespace holdfast::flood {

namespace {

Words wordsOf(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "flood");
  return readOptions(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("questions are read as dnsperf reads them, with what is sure to have addresses") {
  const auto questions =
      Questions::parse("; comment\n\nep0.example A !\nNS.example.\tAAAA ; more\r\nx TYPE65280\n", "q");
  REQUIRE(questions);
  REQUIRE(questions->size() == 3);
  CHECK(questions->expectation(0).hasAddresses);
  CHECK_FALSE(questions->expectation(1).hasAddresses);
  CHECK(questions->groups() == 1);
  const auto message = questions->message(1);
  const std::vector<std::uint8_t> expected{0,   0, 1,   0,   0,   1,   0,   0,   0,   0, 0, 0,  2, 'n',
                                           's', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 28, 0, 1};
  CHECK(std::vector<std::uint8_t>(message.begin(), message.end()) == expected);
  CHECK(questions->message(2)[questions->message(2).size() - 4] == 255);
}

TEST_CASE("names that are exchanged together are in one group, those that may go back in none") {
  const auto questions = Questions::parse("a A !\nb A !65535\nc A !-\nd A !0\n", "q");
  REQUIRE(questions);
  CHECK(questions->groups() == 65'536);
  const std::vector<std::optional<Group>> groups{0, 65'535, std::nullopt, 0};
  for (std::uint32_t i = 0; i < questions->size(); ++i) {
    CHECK(questions->expectation(i).hasAddresses);
    CHECK(questions->expectation(i).group == groups[i]);
  }
}

TEST_CASE("a line that is no question is told with its place") {
  for (const auto& [text, place] : std::map<std::string, std::string>{{"a A\nb\n", "q:2"},
                                                                      {"a A maybe\n", "q:1"},
                                                                      {"a A !65536\n", "q:1"},
                                                                      {"a A !1x\n", "q:1"},
                                                                      {"a A !-1\n", "q:1"},
                                                                      {"a A ! !\n", "q:1"},
                                                                      {"a NOTYPE\n", "q:1"},
                                                                      {"a..b A\n", "q:1"},
                                                                      {"; x\n", "q"}}) {
    const auto questions = Questions::parse(text, "q");
    INFO(text);
    REQUIRE_FALSE(questions);
    CHECK(questions.error().text().find(place) != std::string::npos);
  }
  CHECK_FALSE(Questions::read("/nowhere/at/all"));
}

TEST_CASE("what is drawn is the same for a seed, and as often as it is to be") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ep" + std::to_string(i) + " A\n";
  const auto questions = Questions::parse(text, "q");
  REQUIRE(questions);
  Drawing one(*questions, {1.0, 0.25}, 5), same(*questions, {1.0, 0.25}, 5);
  std::map<std::uint32_t, int> drawn;
  for (int i = 0; i < 40'000; ++i) {
    const Message message = one.next(), again = same.next();
    REQUIRE(message.number == again.number);
    REQUIRE(
        std::equal(message.octets.begin(), message.octets.end(), again.octets.begin(), again.octets.end()));
    REQUIRE(message.octets.size() >= 2);
    ++drawn[message.number];
  }
  CHECK(drawn[kGarbage] > 9'500);
  CHECK(drawn[kGarbage] < 10'500);
  // By Zipf's law the first is drawn twice as often as the second, and ten times as often as the tenth.
  CHECK(drawn[0] / static_cast<double>(drawn[1]) == Approx(2).epsilon(0.1));
  CHECK(drawn[0] / static_cast<double>(drawn[9]) == Approx(10).epsilon(0.2));
  Drawing alike(*questions, {}, 1);
  std::map<std::uint32_t, int> even;
  for (int i = 0; i < 40'000; ++i) ++even[alike.next().number];
  CHECK(even.size() == 100);
  for (const auto& [number, count] : even) CHECK(count == Approx(400).epsilon(0.25));
}

TEST_CASE("a command line is read, or told what is wrong with it") {
  const Words words =
      wordsOf({"127.0.0.1:53", "[::1]:5300", "-d", "q", "-q", "1000", "--tcp", "0.5", "-T", "2"});
  REQUIRE(words.options);
  CHECK(words.options->servers.size() == 2);
  CHECK(words.options->servers[1].family() == AF_INET6);
  CHECK(words.options->perSecond == 1000);
  CHECK(words.options->tcp == 0.5);
  CHECK(wordsOf({"--help"}).status == 0);
  CHECK(wordsOf({"--help"}).text.find("Exit status") != std::string::npos);
  for (const std::vector<const char*>& wrong :
       std::vector<std::vector<const char*>>{{},
                                             {"-d", "q"},
                                             {"localhost:53", "-d", "q"},
                                             {"127.0.0.1", "-d", "q"},
                                             {"127.0.0.1:0", "-d", "q"},
                                             {"127.0.0.1:99999", "-d", "q"},
                                             {"[::1:53", "-d", "q"},
                                             {"127.0.0.1:53", "-d", "q", "--tcp", "2"}}) {
    const Words told = wordsOf(wrong);
    CHECK_FALSE(told.options);
    CHECK(told.status == 2);
    CHECK(told.text.starts_with("flood: "));
  }
}

}  // namespace holdfast::flood
