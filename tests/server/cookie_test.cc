#include "server/cookie.h"

#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

// DNS cookies: the functions alone, then what answer() makes of the option.
namespace holdfast::test {

namespace {

constexpr unsigned kCookie = 10;
constexpr const char* kClient = "2464c4abcf10c957";

SipHashKey key(const char* digits) {
  const Bytes octets = hex(digits);
  SipHashKey out{};
  std::copy(octets.begin(), octets.end(), out.begin());
  return out;
}

CookieSecrets secretsOf(const char* current, const char* other = nullptr) {
  CookieSecrets secrets{key(current), std::nullopt};
  if (other != nullptr) secrets.other = key(other);
  return secrets;
}

const CookieSecrets kSecrets = secretsOf("e5e973e5a6b2a43f48e7dc849e37bfcf");
constexpr std::uint32_t kNow = 0x5cf79f11;

Bytes reply(const CheckedCookie& checked) {
  return {checked.reply.begin(), checked.reply.end()};
}

CheckedCookie check(const char* cookie, const char* client, std::uint32_t now,
                    const CookieSecrets& secrets = kSecrets) {
  return checkCookie(hex(cookie), clientAt(client).octets(), now, secrets);
}

constexpr const char* kZone = "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";

MessageSettings settingsOf(CookieMode mode) {
  MessageSettings settings;
  settings.cookies = mode;
  settings.secrets = kSecrets;
  return settings;
}

/// A server at the time and a client at the address of RFC 9018 appendix A.1.
struct CookieAnswers : Answers {
  explicit CookieAnswers(CookieMode mode) : Answers({zoneOf("example", kZone)}, 1232, settingsOf(mode)) {
    setClient("198.51.100.100");
    scratch().now = kNow;
  }
};

Ask asking(const Bytes& cookie) {
  return {.name = "ns.example", .edns = 1232, .options = optionBytes({{kCookie, cookie}})};
}

constexpr const char* kValid = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";

/// A query without a question whose OPT has this data.
Bytes withoutQuestion(const Bytes& options, const char* counts = "0000 0000 0000 0001") {
  Bytes message = hex("1234 0000");
  for (const std::uint8_t octet : hex(counts)) message.push_back(octet);
  for (const std::uint8_t octet : hex("00 0029 04d0 00000000 00")) message.push_back(octet);
  message.push_back(static_cast<std::uint8_t>(options.size()));
  message.insert(message.end(), options.begin(), options.end());
  return message;
}

}  // namespace

TEST_CASE("SipHash-2-4 gives the paper's values") {
  SipHashKey counting;
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<std::uint8_t>(i);
  Bytes message;
  // The first of the reference vectors, then the sizes around a whole word; the paper's own has 15 octets.
  const std::pair<std::size_t, std::uint64_t> cases[] = {
      {0, 0x726fdb47dd0e0e31u}, {1, 0x74f839c593dc67fdu},  {7, 0xab0200f58b01d137u},
      {8, 0x93f5f5799a932462u}, {15, 0xa129ca6149be45e5u}, {16, 0x3f2acc7f57c29bdbu}};
  for (const auto& [octets, expected] : cases) {
    message.resize(octets);
    for (std::size_t i = 0; i < octets; ++i) message[i] = static_cast<std::uint8_t>(i);
    CAPTURE(octets);
    CHECK(sipHash24(counting, message) == expected);
  }
}

TEST_CASE("RFC 9018 A.1: a client that sends only its cookie learns a server cookie") {
  const CheckedCookie checked = check(kClient, "198.51.100.100", kNow);
  CHECK(checked.state == CookieState::ClientOnly);
  CHECK(reply(checked) == hex(kValid));
}

TEST_CASE("RFC 9018 A.2: a cookie over half an hour old is valid and renewed") {
  const CheckedCookie checked = check(kValid, "198.51.100.100", 0x5cf7a871);
  CHECK(checked.state == CookieState::Valid);
  CHECK(reply(checked) == hex("2464c4abcf10c957010000005cf7a871d4a564a1442aca77"));
}

TEST_CASE("RFC 9018 A.3: reserved octets are hashed as they come and zero in what is given out") {
  const char* old = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
  CHECK(check(old, "203.0.113.203", 0x5cf78f71 + 3600).state == CookieState::Valid);
  CHECK(reply(check(old, "203.0.113.203", 0x5cf7a9ac)) ==
        hex("fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"));
}

TEST_CASE("RFC 9018 A.4: IPv6, and a cookie made with the other secret is taken and replaced") {
  const char* old = "22681ab97d52c298010000005cf7c57926556bd0934c72f8";
  const char* client = "2001:db8:220:1:59de:d0f4:8769:82b8";
  const CookieSecrets rolled =
      secretsOf("445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715");
  const CheckedCookie checked = check(old, client, 0x5cf7c609, rolled);
  CHECK(checked.state == CookieState::Valid);
  CHECK(reply(checked) == hex("22681ab97d52c298010000005cf7c609a6bb79d16625507a"));
  CHECK(check(old, client, 0x5cf7c609, secretsOf("445536bcd2513298075a5d379663c962")).state ==
        CookieState::Invalid);
}

TEST_CASE("RFC 9018 4.3: a cookie is echoed for half an hour, valid for one, and up to 5 minutes ahead") {
  struct Case {
    std::int64_t age;
    CookieState state;
    bool echoed;
  };
  const Case cases[] = {{0, CookieState::Valid, true},       {1799, CookieState::Valid, true},
                        {1800, CookieState::Valid, false},   {3600, CookieState::Valid, false},
                        {3601, CookieState::Invalid, false}, {-300, CookieState::Valid, true},
                        {-301, CookieState::Invalid, false}, {1ll << 31, CookieState::Invalid, false}};
  for (const Case& each : cases) {
    CAPTURE(each.age);
    const CheckedCookie checked =
        check(kValid, "198.51.100.100", static_cast<std::uint32_t>(kNow + each.age));
    CHECK(checked.state == each.state);
    CHECK((reply(checked) == hex(kValid)) == each.echoed);
  }
}

TEST_CASE("RFC 9018 4.3: timestamps are compared by serial number arithmetic") {
  const CheckedCookie late = check(kClient, "192.0.2.1", 0xffffff00);
  CHECK(checkCookie(late.reply, clientAt("192.0.2.1").octets(), 0x00000100, kSecrets).state ==
        CookieState::Valid);
}

TEST_CASE("RFC 9018 4.4: a cookie is good for one client cookie, address, time and secret only") {
  REQUIRE(check(kValid, "198.51.100.100", kNow).state == CookieState::Valid);
  for (std::size_t octet = 0; octet < kCookieOctets; ++octet) {
    Bytes changed = hex(kValid);
    changed[octet] ^= 1;
    CAPTURE(octet);
    CHECK(checkCookie(changed, clientAt("198.51.100.100").octets(), kNow, kSecrets).state ==
          CookieState::Invalid);
  }
  CHECK(check(kValid, "198.51.100.101", kNow).state == CookieState::Invalid);
  CHECK(check(kValid, "2001:db8::1", kNow).state == CookieState::Invalid);
  CHECK(checkCookie(hex(kValid), {}, kNow, kSecrets).state == CookieState::Invalid);
}

TEST_CASE("RFC 7873 4: a COOKIE is 8 octets, or 16 to 40; other lengths are FORMERR with an OPT") {
  CookieAnswers answers(CookieMode::On);
  for (std::size_t octets = 0; octets <= 60; ++octets) {
    const bool legal = octets == 8 || (octets >= 16 && octets <= 40);
    CAPTURE(octets);
    const Decoded response = answers.ask(asking(Bytes(octets, 7)));
    CHECK(response.rcode == (legal ? 0 : 1));
    CHECK(response.edns);
    CHECK(response.option(kCookie).has_value() == legal);
    CHECK(response.answer().size() == (legal ? 1 : 0));
  }
}

TEST_CASE("RFC 7873 5.2: every answer to a COOKIE carries the client cookie and a fresh server cookie") {
  CookieAnswers answers(CookieMode::On);
  CHECK(answers.ask(asking(hex(kClient))).option(kCookie) == hex(kValid));
  CHECK(answers.last().cookie == CookieState::ClientOnly);
  CHECK(answers.ask(asking(hex(kValid))).option(kCookie) == hex(kValid));
  CHECK(answers.last().cookie == CookieState::Valid);
  // Not ours: the data all the same, and a cookie to do better with.
  Bytes foreign = hex(kValid);
  foreign.back() ^= 1;
  const Decoded response = answers.ask(asking(foreign));
  CHECK(response.rcode == 0);
  CHECK(response.answer().size() == 1);
  CHECK(response.option(kCookie) == hex(kValid));
  CHECK(answers.last().cookie == CookieState::Invalid);
  // A server cookie of another server's kind has another length.
  CHECK(answers.ask(asking(hex("2464c4abcf10c957 0011223344556677"))).option(kCookie) == hex(kValid));
  // Errors too.
  Ask refused = asking(hex(kClient));
  refused.name = "other";
  CHECK(answers.ask(refused).rcode == 5);
  CHECK(answers.ask(refused).option(kCookie) == hex(kValid));
  CHECK_FALSE(answers.ask({.name = "ns.example", .edns = 1232}).option(kCookie));
  CHECK(answers.last().cookie == CookieState::Absent);
}

TEST_CASE("RFC 7873 5.2: of several COOKIE options the first counts and the others are ignored") {
  CookieAnswers answers(CookieMode::On);
  Ask ask = asking({});
  ask.options = optionBytes({{kCookie, hex(kClient)}, {kCookie, Bytes(9)}});
  CHECK(answers.ask(ask).option(kCookie) == hex(kValid));
  ask.options = optionBytes({{kCookie, Bytes(9)}, {kCookie, hex(kClient)}});
  CHECK(answers.ask(ask).rcode == 1);
}

TEST_CASE("RFC 7873 5.2: with cookies off the option is ignored, whatever its length") {
  CookieAnswers answers(CookieMode::Off);
  for (const std::size_t octets : {8u, 9u, 24u}) {
    const Decoded response = answers.ask(asking(Bytes(octets)));
    CHECK(response.rcode == 0);
    CHECK(response.options.empty());
  }
  CHECK(decode(answers.raw(withoutQuestion(optionBytes({{kCookie, hex(kClient)}}))))->rcode == 1);
}

TEST_CASE("RFC 7873 5.4: a query without a question but with a COOKIE gets a cookie") {
  struct Case {
    const char* description;
    const char* cookie;
    unsigned rcode;
  };
  const Case cases[] = {{"a client cookie", kClient, 0},
                        {"a valid cookie", kValid, 0},
                        {"an invalid cookie", "2464c4abcf10c957010000005cf79f110000000000000000", 23}};
  for (const CookieMode mode : {CookieMode::On, CookieMode::Require}) {
    CookieAnswers answers(mode);
    for (const Case& each : cases) {
      INFO(each.description);
      const auto response = decode(answers.raw(withoutQuestion(optionBytes({{kCookie, hex(each.cookie)}}))));
      REQUIRE(response);
      CHECK(response->rcode == each.rcode);
      CHECK(response->question.empty());
      CHECK_FALSE(response->truncated());
      CHECK(response->option(kCookie) == hex(kValid));
    }
    CHECK(decode(answers.raw(withoutQuestion({})))->rcode == 1);
    CHECK(decode(answers.raw(withoutQuestion({})))->edns);
    CHECK(decode(answers.raw(hex("1234 0000 0000 0000 0000 0000")))->rcode == 1);
    const Bytes record = withoutQuestion(optionBytes({{kCookie, hex(kClient)}}), "0000 0001 0000 0001");
    CHECK(decode(answers.raw(record))->rcode == 1);
  }
}

TEST_CASE("RFC 7873 5.2.3: where cookies are required, UDP without a valid one gets BADCOOKIE or TC") {
  CookieAnswers answers(CookieMode::Require);
  const Decoded first = answers.ask(asking(hex(kClient)));
  CHECK(first.rcode == 23);
  CHECK(first.answer().empty());
  CHECK(first.question == "ns.example. A");
  REQUIRE(first.option(kCookie) == hex(kValid));
  const Decoded second = answers.ask(asking(*first.option(kCookie)));
  CHECK(second.rcode == 0);
  CHECK(second.answer().size() == 1);

  for (const std::optional<std::uint16_t> edns : {std::optional<std::uint16_t>(), {1232}}) {
    const Decoded none = answers.ask({.name = "ns.example", .edns = edns});
    CHECK(none.rcode == 0);
    CHECK(none.truncated());
    CHECK(answers.last().truncated);
    CHECK(none.answer().empty());
    CHECK_FALSE(none.authoritative());
    CHECK(answers.ask({.name = "ns.example", .edns = edns}, Transport::Tcp).answer().size() == 1);
  }
  // TCP shows the address already, so nothing is required there.
  CHECK(answers.ask(asking(hex(kClient)), Transport::Tcp).answer().size() == 1);
}

}  // namespace holdfast::test
