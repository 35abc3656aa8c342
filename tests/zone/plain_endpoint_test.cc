// What our own reader takes of a JSON plan must be what simdjson and JsonEndpoints make of it.
#include "zone/plain_endpoint.h"

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <random>

#include "tests/zone/endpoint_readings.h"
#include "tests/zone/fixtures.h"
#include "zone/address_text.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

/// So small that they are met.
PlanLimits smallLimits() {
  PlanLimits limits;
  limits.records = 20;
  limits.targets = 4;
  limits.pick = 3;
  return limits;
}

/// Makes members of "endpoints": mostly as plans have them, some just beside it. The same for the same seed.
class RandomMembers {
 public:
  explicit RandomMembers(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  void setOdd(unsigned percent) { odd_ = percent; }

  std::string member() {
    return spaced(name()) + ':' +
           spaced(isOdd() ? oneOf({"5", "[]", "{}", "null", "\"a\"", "{\"targets\":[]}", "{\"targets\":{}}",
                                   "{\"ttl\":1}", "{,}", "{\"targets\":[],}", "tru", ""})
                          : object({{"ttl", 80, [&] { return ttl(); }},
                                    {"answer", 30, [&] { return answer(); }},
                                    {"targets", 100, [&] { return targets(); }}}));
  }
  std::string members(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + member();
    return text;
  }
  std::string mutated(std::string text) {
    static constexpr std::string_view kOctets = "{}[]\",:\\/.0123456789eE+-atn \n\t\r\x01\x1f\x7f";
    for (std::size_t i = below(3) + 1; i > 0 && !text.empty(); --i) {
      const std::size_t at = below(text.size());
      const char octet = chance(90) ? kOctets[below(kOctets.size())] : static_cast<char>(below(256));
      switch (below(4)) {
        case 0:
          text[at] = octet;
          break;
        case 1:
          text.erase(at, 1);
          break;
        case 2:
          text.insert(at, 1, octet);
          break;
        default:
          text.resize(at + 1);
          if (chance(80)) text += "\"}]}";
      }
    }
    return text;
  }

 private:
  struct Member {
    std::string key;
    unsigned percent;
    std::function<std::string()> value;
  };
  bool isOdd() { return chance(odd_); }
  std::string oneOf(const std::vector<std::string>& all) { return all[below(all.size())]; }
  std::string spaced(const std::string& text) {
    const auto blank = [&] { return chance(85) ? "" : oneOf({" ", "\n", "\t\r\n ", "  "}); };
    return blank() + text + blank();
  }
  /// Some of the members, in any order.
  std::string object(std::vector<Member> members) {
    std::shuffle(members.begin(), members.end(), random_);
    if (isOdd()) members.push_back(members[below(members.size())]);
    std::string text;
    for (const Member& each : members) {
      if (!chance(each.percent) && !isOdd()) continue;
      const std::string key =
          isOdd() ? oneOf({each.key + "s", "", each.key.substr(1), "\\u0074tl", each.key + "\\n", "id"})
                  : each.key;
      text += (text.empty() ? "" : ",") + spaced('"' + key + '"') + ':' + spaced(each.value());
    }
    return '{' + text + '}';
  }
  std::string name() {
    if (isOdd())
      return oneOf({R"("")",
                    R"("@")",
                    R"(".")",
                    R"("a..b")",
                    R"("b.")",
                    R"("b.z.")",
                    R"("B.Z.")",
                    R"("A")",
                    R"("*.a")",
                    R"("\u0061")",
                    R"("a\\.b")",
                    R"("a\"b")",
                    "\"\xc3\xa9\"",
                    "\"\xc3\"",
                    "a",
                    "5",
                    '"' + std::string(63, 'x') + '"',
                    '"' + std::string(64, 'x') + '"',
                    R"("a/b~c")",
                    "\"a\x7f\"",
                    "\"a\tb\"",
                    "\"a b\"",
                    "\"c.d.\""});
    static constexpr std::string_view kOctets = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    for (std::size_t i = below(20) + 1; i > 0; --i) text += kOctets[below(kOctets.size())];
    return '"' + text + (chance(50) ? ".svc" + std::to_string(below(9)) : "") + '"';
  }
  std::string number(std::size_t most) {
    if (isOdd())
      return oneOf({"-1",
                    "-0",
                    "00",
                    "01",
                    "1.0",
                    "1e2",
                    "1E0",
                    "+1",
                    "0x1",
                    "",
                    "null",
                    "\"5\"",
                    "2147483647",
                    "2147483648",
                    "4294967295",
                    "4294967296",
                    "1000000000",
                    "1000000001",
                    "18446744073709551615",
                    "18446744073709551616",
                    "99999999999999999999999",
                    "1 2",
                    "[1]",
                    "4294967297",
                    "true",
                    "1.",
                    ".5",
                    "5e",
                    "0"});
    return std::to_string(below(most + 1));
  }
  std::string ttl() { return number(100'000); }
  std::string answer() {
    if (isOdd())
      return oneOf({"\"some\"", "\"a\\u006cl\"", "5", "null", "{}", "\"\"", "{\"pick\":1,\"pick\":1}",
                    "{\"pick\":0}", "{\"picks\":1}", "{\"pick\":2,}", "\"ALL\"", "[]", "all"});
    return chance(50) ? R"("all")" : '{' + spaced(R"("pick")") + ':' + spaced(number(3)) + '}';
  }
  std::string targets() {
    if (isOdd())
      return oneOf(
          {"[]", "{}", "null", "[5]", "[{}]", "[[]]", "[{\"address\":\"1.2.3.4\"},]", "[,]", "\"\""});
    std::string text;
    for (std::size_t i = below(3) + 1; i > 0; --i) text += (text.empty() ? "" : ",") + spaced(target());
    return '[' + text + ']';
  }
  std::string target() {
    return object({{"address", 100, [&] { return '"' + address() + '"'; }},
                   {"id", 30, [&] { return id(); }},
                   {"weight", 30, [&] { return number(1000); }}});
  }
  std::string id() {
    if (isOdd())
      return oneOf({"\"a\\/b\"", "\"\\u00e9\"", "\"\xc3\xa9\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\"",
                    "\"\x7f\"", "\"a\nb\"", "5", "null", '"' + std::string(255, 'i') + '"',
                    '"' + std::string(256, 'i') + '"', "\"\\\"\"", "\"\\\\\"", "\"\\x\"", "\"{},[]:\""});
    return '"' + std::string(below(30), 'i') + std::to_string(below(100)) + '"';
  }
  std::string address() {
    if (isOdd())
      return oneOf({"1.2.3",
                    "1.2.3.4.5",
                    "1.2.3.256",
                    "01.2.3.4",
                    "1.2.3.4.",
                    ".1.2.3.4",
                    "1..3.4",
                    "0.0.0.0",
                    "1.2.3.00",
                    "1.2.3.0004",
                    "1.2.3.4 ",
                    " 1.2.3.4",
                    "1.2.3.4/8",
                    "1.2.3.+4",
                    "",
                    "::",
                    "::1%1",
                    "1:2:3:4:5:6:7:8:9",
                    "::ffff:1.2.3.4",
                    "::ffff:1.2.3.04",
                    "1\\u002e2.3.4",
                    "1.2.3.4\\u0000",
                    "fe80::12345",
                    std::string(45, '1'),
                    std::string(60, ':'),
                    "1.2.3.4\xc2\xa0"});
    std::string text = "10";
    if (chance(30)) {
      text = "2001:db8:";
      for (std::size_t i = below(4) + 1; i > 0; --i) text += ":" + std::to_string(below(10));
      return text;
    }
    for (int i = 0; i < 3; ++i) text += '.' + std::to_string(chance(50) ? below(4) : below(256));
    return text;
  }

  std::mt19937 random_;
  unsigned odd_ = 0;
};

void requireSame(std::string_view members, NameView zone, const PlanLimits& limits) {
  // In memory of its own size, so that a sanitizer sees an octet too many that is read.
  const std::vector<char> exact(members.begin(), members.end());
  const std::string difference = differenceOfReadings({exact.data(), exact.size()}, zone, limits);
  if (!difference.empty()) FAIL(difference);
}

}  // namespace

namespace {

void compareReaders(int rounds) {
  RandomMembers random(20261122);
  const Name zones[] = {name("z."), name("us-east-1.example.net."), name(".")};
  std::map<std::string, int> kinds;
  for (int round = 0; round < rounds; ++round) {
    random.setOdd(round % 4 == 0 ? 3 : 0);
    std::string text = random.members(random.below(6) + 1);
    if (round % 2 == 0) text = random.mutated(std::move(text));
    const Name& zone = zones[random.chance(20) ? random.below(3) : 0];
    requireSame(text, zone, smallLimits());
    const std::string reading = readingOf(text, zone, smallLimits(), EndpointReading::PlainFirst);
    ++kinds[reading.substr(0, reading.find_first_of("0123456789\n"))];
  }
  CAPTURE(kinds);
  CHECK(kinds["not JSON"] > rounds / 30);
  CHECK(kinds["error "] > rounds / 30);
  CHECK(kinds[""] > rounds / 30);
}

}  // namespace

TEST_CASE("our own reader and simdjson make the same of endpoints") {
  compareReaders(30'000);
}

TEST_CASE("our own reader and simdjson make the same of very many endpoints", "[.]") {
  compareReaders(300'000);
}

TEST_CASE("our own reader takes what is usual, and no more than a member") {
  RandomMembers random(7);
  PlainEndpointReader reader(3);
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string member = random.member();
    const std::size_t size = reader.read(member);
    CHECK((size == 0 || size == member.size()));
    CHECK((size == 0 || reader.read(member + ",\"x\":{}") == size));
    taken += size > 0 ? 1 : 0;
  }
  CHECK(taken > 9000);  // the others pick 0
}

TEST_CASE("our own reader and simdjson make the same of odd members") {
  const std::string good = R"("a":{"targets":[{"address":"1.2.3.4"}]})";
  const std::string other = R"("b":{"targets":[{"address":"1.2.3.4","weight":7}],"ttl":9})";
  const std::string emptied = R"("e":{"targets":[]})";
  const std::string invalid = R"("i":{"targets":[{"address":"1.2.3"}]})";
  const std::string twice = R"("t":{"targets":[{"address":"::1"},{"address":"0::1"}]})";
  const std::string large = [] {
    std::string text = R"("l":{"targets":[)";
    for (int i = 0; i < 4; ++i)
      text += (i > 0 ? "," : "") + (R"({"address":"1.2.3.)" + std::to_string(i)) + "\"}";
    return text;
  }();
  std::vector<std::string> all = {"",  " ",     ",",      "{}",        "}",        "\"",
                                  ":", "\"a\"", "\"a\":", good + "\v", good + '\0'};
  for (const std::string& before :
       {std::string(), good, emptied, invalid, twice, large + "]}", large + R"(,{"address":"1.2.3.9"}]})"})
    for (const std::string between :
         {",", "", ",,", " , ", ";", "},{", "}", ",}", ",{", "]", "\\", ",\v", ":"})
      for (const std::string& after :
           {std::string(), good, other, emptied, invalid, twice, std::string("5"), std::string("\"a\""),
            large, std::string("\"n\":{\"\\u0074tl\":1,\"targets\":[]}"),
            std::string("\"u\":{\"targets\":[{\"address\":\"::2\",\"id\":\"\xff\"}]}")}) {
        all.push_back(before + between + after);
        all.push_back(before + between + after + ",");
        all.push_back(before + between + after + "," + other);
      }
  for (std::size_t end = 0; end <= other.size(); ++end) {
    all.push_back(other.substr(0, end));
    all.push_back(good + "," + other.substr(0, end));
  }
  for (const std::string& text : all) requireSame(text, name("z."), smallLimits());
  // The sixth and last is one target too many for the plan.
  std::string many;
  for (int i = 0; i < 6; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + large.substr(2) + "]}";
  requireSame(many, name("z."), smallLimits());
  CHECK(readingOf(many, name("z."), smallLimits(), EndpointReading::PlainFirst).find("limits.plan-records") !=
        std::string::npos);
  requireSame(many + ",", name("z."), smallLimits());
}

TEST_CASE("every octet in every place of an endpoint") {
  const std::string text =
      "\"a\":{\"ttl\":5,\"answer\":{\"pick\":1},\"targets\":[{\"id\":\"x1\",\"address\":\"1.2.3.4\","
      "\"weight\":10},"
      "{\"address\":\"2001:db8::1\"}]} , "
      "\"b.c\":{\"answer\":\"all\",\"targets\":[{\"address\":\"10.0.0.1\"}]}";
  for (std::size_t at = 0; at < text.size(); ++at)
    for (int octet = 0; octet < 256; ++octet) {
      std::string changed = text;
      changed[at] = static_cast<char>(octet);
      requireSame(changed, name("z."), smallLimits());
      changed = text;
      changed.insert(at, 1, static_cast<char>(octet));
      requireSame(changed, name("z."), smallLimits());
    }
}

TEST_CASE("addresses are read as inet_pton reads them") {
  std::mt19937 random(3);
  int good = 0;
  for (int round = 0; round < 1'000'000; ++round) {
    std::string text;
    const std::string_view octets = round % 2 == 0 ? "0123456789.." : "0123456789abcdefF:::.";
    for (std::size_t i = random() % (round % 2 == 0 ? 16 : 12) + 1; i > 0; --i)
      text += octets[random() % octets.size()];
    if (round % 4 == 0) {
      text.clear();
      for (int i = 0; i < 4; ++i) text += (i > 0 ? "." : "") + std::to_string(random() % 300);
    }
    std::array<std::uint8_t, 16> own{}, reference{};
    const bool isIpv4 = inet_pton(AF_INET, text.c_str(), reference.data()) == 1;
    const bool isIpv6 = !isIpv4 && inet_pton(AF_INET6, text.c_str(), reference.data()) == 1;
    CAPTURE(text);
    if (readIpv4(text, own.data()) != isIpv4 || (!isIpv4 && readIpv6(text, own.data()) != isIpv6)) FAIL();
    if ((isIpv4 || isIpv6) && own != reference) FAIL();
    good += isIpv4 || isIpv6 ? 1 : 0;
  }
  CHECK(good > 100'000);
  std::array<std::uint8_t, 16> octets;
  CHECK(readIpv4Front("1.2.3.4\"", octets.data()) == 7);
  CHECK(readIpv4Front("1.2.3.256", octets.data()) == 0);
  CHECK_FALSE(readIpv4(std::string_view("1.2.3.4\0", 8), octets.data()));
  CHECK_FALSE(readIpv6(std::string_view("::1\0", 4), octets.data()));
}
