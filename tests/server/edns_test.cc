#include "server/edns.h"

#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

// EDNS as answer() does it. Packets are put together from octets.
namespace holdfast::test {

namespace {

constexpr unsigned kNsid = 3, kCookie = 10, kKeepalive = 11, kPadding = 12, kExtendedError = 15;
constexpr const char* kQuestion = "026e73 07 6578616d706c65 00 0001 0001";  // ns.example A
constexpr const char* kOpt = "00 0029 04d0 00000000 0000";

Answers someAnswers(MessageSettings settings = {}) {
  const auto zone = zoneOf(
      "example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nalias 60 IN CNAME ns\n");
  return Answers({withRRset(*zone, "big.example", endpointOf(0, std::vector<std::uint32_t>(4000, 1))),
                  std::make_shared<Zone>(*Name::absolute("empty.test"))},
                 1232, std::move(settings));
}

Bytes join(std::initializer_list<std::string_view> parts) {
  Bytes out;
  for (const std::string_view part : parts)
    for (const std::uint8_t octet : hex(part)) out.push_back(octet);
  return out;
}

Decoded respond(Answers& answers, const Bytes& message, Transport transport = Transport::Udp) {
  const auto decoded = decode(answers.raw(message, transport));
  REQUIRE(decoded);
  return *decoded;
}

Ask asking(const std::vector<std::pair<unsigned, Bytes>>& options, const char* name = "ns.example") {
  return {.name = name, .edns = 1232, .options = optionBytes(options)};
}

std::string textOf(const Bytes& bytes, std::size_t from) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end()};
}

}  // namespace

TEST_CASE("RFC 6891 6.1.1: a fault of the OPT record is FORMERR, and the response has an OPT") {
  struct Case {
    const char* description;
    const char* counts;
    const char* records;
  };
  const Case cases[] = {
      {"two OPTs", "0000 0000 0002", "00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000"},
      {"an owner", "0000 0000 0001", "0161 00 0029 04d0 00000000 0000"},
      {"an owner by pointer", "0000 0000 0001", "c00c 0029 04d0 00000000 0000"},
      {"in the answer section", "0001 0000 0000", kOpt},
      {"in the authority section", "0000 0001 0000", kOpt},
      {"an option that runs over", "0000 0000 0001", "00 0029 04d0 00000000 0004 000a 0001"},
      {"half an option", "0000 0000 0001", "00 0029 04d0 00000000 0002 000a"},
      {"an octet behind the options", "0000 0000 0001", "00 0029 04d0 00000000 0005 ffff 0000 00"},
      {"a record behind it that is cut", "0000 0000 0002", "00 0029 04d0 00000000 0000 00"},
  };
  Answers answers = someAnswers();
  for (const Case& each : cases) {
    INFO(each.description);
    const Decoded response = respond(answers, join({"1234 0100 0001", each.counts, kQuestion, each.records}));
    CHECK(response.rcode == 1);
    CHECK(response.edns);
    CHECK(response.payload == 1232);
    CHECK(response.options.empty());
    CHECK(response.question == "ns.example. A");
    CHECK(response.answer().empty());
  }
  // One that was never reached cannot be known.
  CHECK_FALSE(respond(answers, join({"1234 0100 0001 0000 0000 0002", kQuestion, "00", kOpt})).edns);
}

TEST_CASE("RFC 6891 7: FORMERR and NOTIMP carry an OPT exactly where the message had one") {
  Answers answers = someAnswers();
  for (const bool edns : {false, true}) {
    const char* more = edns ? "0001" : "0000";
    const char* opt = edns ? kOpt : "";
    for (const char* head : {"1234 0100 0002 0000 0000", "1234 2900 0002 0000 0000"}) {
      const Decoded response = respond(answers, join({head, more, kQuestion, kQuestion, opt}));
      CHECK((response.rcode == 1 || response.rcode == 4));
      CHECK(response.edns == edns);
      CHECK(response.question.empty());
    }
    CHECK(respond(answers, join({"1234 0100 0000 0000 0000", more, opt})).edns == edns);
    CHECK(respond(answers, join({"1234 2100 0001 0000 0000", more, kQuestion, opt})).edns == edns);
  }
}

TEST_CASE("RFC 6891 6.1.3: another version is BADVERS, whatever comes in its OPT and with whatever else") {
  Answers answers = someAnswers();
  for (const char* version : {"01", "02", "ff"})
    for (const char* rest : {"0000", "0004 000a 0001", "0002 000a", "0007 000a 0003 010203"}) {
      const Decoded response = respond(answers, join({"1234 0100 0001 0000 0000 0001", kQuestion,
                                                      "00 0029 04d0 00", version, "8000", rest}));
      CAPTURE(version, rest);
      CHECK(response.rcode == 16);
      CHECK(response.edns);
      CHECK(response.ednsVersion == 0);
      CHECK(response.dnssecOk);
      CHECK(response.options.empty());
      CHECK(response.answer().empty());
      CHECK_FALSE(response.authoritative());
    }
  CHECK(answers.ask({.name = "other", .edns = 1232, .ednsVersion = 1}).rcode == 16);
  CHECK(answers.ask({.name = "ns.example", .edns = 1232, .flags = 0x2000, .ednsVersion = 1}).rcode == 16);
  CHECK(answers.ask({.name = "id.server", .edns = 1232, .qclass = 3, .ednsVersion = 1}).rcode == 16);
}

TEST_CASE("RFC 6891 6.1.2: unknown options are ignored") {
  Answers answers = someAnswers();
  for (const unsigned code : {0u, 1u, 8u, 9u, 13u, 14u, 15u, 16u, 65001u, 65535u}) {
    const Decoded response = answers.ask(asking({{code, Bytes(5)}, {code, {}}}));
    CHECK(response.rcode == 0);
    CHECK(response.options.empty());
    CHECK(response.answer().size() == 1);
  }
}

TEST_CASE(
    "RFC 6891 6.1.4: of the flags DO is echoed and no other; the upper RCODE bits of a query are ignored") {
  Answers answers = someAnswers();
  for (const char* flags : {"ffff", "8000"}) {
    const Decoded response = respond(
        answers, join({"1234 0100 0001 0000 0000 0001", kQuestion, "00 0029 04d0 ff 00", flags, "0000"}));
    CHECK(response.rcode == 0);
    CHECK(response.dnssecOk);  // decode() takes no other flag
  }
  CHECK_FALSE(
      respond(answers, join({"1234 0100 0001 0000 0000 0001", kQuestion, "00 0029 04d0 00 00 7fff 0000"}))
          .dnssecOk);
}

TEST_CASE("RFC 6891 6.2.3, 6.2.5: a response by UDP is within the smaller payload, and 512 is the least") {
  MessageSettings settings;
  settings.nsid = std::string(128, 'n');
  settings.cookies = CookieMode::On;
  const auto zone = zoneOf("example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\n");
  // 30 targets: 12 + 17 + 30 * 16 + 11 = 520 octets, and 160 of options.
  Answers answers({withRRset(*zone, "some.example", endpointOf(0, std::vector<std::uint32_t>(30, 1)))}, 700,
                  settings);
  const Bytes options = optionBytes({{kNsid, {}}, {kCookie, Bytes(8)}});
  struct Case {
    std::uint16_t payload;
    bool options;
    bool whole;
  };
  const Case cases[] = {{0, false, false}, {511, false, false}, {520, false, false}, {521, false, true},
                        {681, true, true}, {680, true, false},  {700, true, true},   {65535, true, true}};
  for (const Case& each : cases) {
    CAPTURE(each.payload, each.options);
    Ask ask{.name = "some.example", .edns = each.payload};
    if (each.options) ask.options = options;
    const Decoded response = answers.ask(ask);  // which judges the size
    CHECK(response.truncated() != each.whole);
    CHECK(response.answer().size() == (each.whole ? 30 : 0));
    // What was kept free for them, the options have, also where the answer is cut.
    CHECK(response.options.size() == (each.options ? 2 : 0));
  }
  Answers small({withRRset(*zone, "some.example", endpointOf(0, std::vector<std::uint32_t>(30, 1)))}, 512);
  CHECK(small.ask({.name = "some.example", .edns = 4096}).truncated());
}

TEST_CASE("RFC 5001: NSID is told where it is configured and asked for") {
  MessageSettings settings;
  settings.nsid = "ns7.example";
  Answers answers = someAnswers(settings);
  const Bytes expected(settings.nsid.begin(), settings.nsid.end());
  CHECK(answers.ask(asking({{kNsid, {}}})).option(kNsid) == expected);
  CHECK(answers.ask(asking({{kNsid, hex("0102")}})).option(kNsid) == expected);
  CHECK(answers.ask(asking({{kNsid, {}}, {kNsid, {}}})).option(kNsid) == expected);
  CHECK(answers.ask(asking({{kNsid, {}}}, "other")).option(kNsid) == expected);
  CHECK(answers.ask(asking({{kNsid, {}}}), Transport::Tcp).option(kNsid) == expected);
  CHECK(answers.ask(asking({})).options.empty());
  Answers silent = someAnswers();
  CHECK(silent.ask(asking({{kNsid, {}}})).options.empty());
}

TEST_CASE("RFC 8914: what is not answered tells why") {
  struct Case {
    const char* description;
    Ask ask;
    unsigned rcode;
    unsigned code;
  };
  const Case cases[] = {
      {"a zone not held", {"other"}, 5, 20},
      {"a zone without content", {"www.empty.test"}, 2, 14},
      {"AXFR", {"example", RRType::AXFR}, 5, 21},
      {"IXFR", {"example", RRType::IXFR}, 5, 21},
      {"class CH", {.name = "version.bind", .type = RRType::TXT, .qclass = 3}, 5, 18},
      {"class HS", {.name = "ns.example", .qclass = 4}, 5, 21},
      {"STATUS", {.name = "ns.example", .flags = 0x1000}, 4, 21},
      {"NOTIFY", {.name = "example", .type = RRType::SOA, .flags = 0x2000}, 4, 21},
      {"UPDATE", {.name = "example", .type = RRType::SOA, .flags = 0x2800}, 4, 21},
  };
  Answers answers = someAnswers();
  for (const Case& each : cases) {
    INFO(each.description);
    Ask ask = each.ask;
    CHECK(answers.ask(ask).options.empty());
    CHECK_FALSE(answers.ask(ask).edns);
    ask.edns = 512;
    const Decoded response = answers.ask(ask);
    CHECK(response.rcode == each.rcode);
    REQUIRE(response.option(kExtendedError));
    const Bytes option = *response.option(kExtendedError);
    REQUIRE(option.size() > 10);
    CHECK((option[0] << 8 | option[1]) == static_cast<int>(each.code));
    CHECK(textOf(option, 2).find('\0') == std::string::npos);
    CHECK(answers.last().extendedError != ExtendedError::None);
  }
}

TEST_CASE("RFC 8914: an answer never carries an extended error") {
  Answers answers = someAnswers();
  struct Case {
    const char* name;
    RRType type;
  };
  for (const Case& each : {Case{"ns.example", RRType::A},
                           {"ns.example", RRType::AAAA},
                           {"no.example", RRType::A},
                           {"alias.example", RRType::A},
                           {"big.example", RRType::A}}) {
    CHECK_FALSE(answers.ask({each.name, each.type, 1232}).option(kExtendedError));
    CHECK(answers.last().extendedError == ExtendedError::None);
  }
}

TEST_CASE("RFC 8914: where there is no room for the text the code alone is told, or nothing") {
  for (const auto& [spare, octets] :
       {std::pair<std::size_t, std::size_t>{5, 0}, {6, 6}, {38, 6}, {39, 39}, {512, 39}}) {
    ResponseOptions options;
    CHECK(options.addExtendedError(ExtendedError::NotAuthoritative, spare) == (octets > 0));
    CHECK(options.octets().size() == octets);
  }
}

TEST_CASE("RFC 7828: the idle timeout is told by TCP to clients that ask, and never by UDP") {
  Answers answers = someAnswers();
  answers.scratch().tcpKeepalive = keepaliveUnits(std::chrono::milliseconds(10'050));
  CHECK(answers.ask(asking({{kKeepalive, {}}}), Transport::Tcp).option(kKeepalive) == hex("0064"));
  CHECK(answers.ask(asking({}), Transport::Tcp).options.empty());
  CHECK(answers.ask(asking({{kKeepalive, {}}})).options.empty());
  // 3.2.1: a query has no timeout in it. By UDP the option is ignored (3.3.2).
  const Decoded response = answers.ask(asking({{kKeepalive, hex("0064")}}), Transport::Tcp);
  CHECK(response.rcode == 1);
  CHECK(response.edns);
  CHECK(response.answer().empty());
  CHECK(answers.ask(asking({{kKeepalive, hex("0064")}})).rcode == 0);
  CHECK(keepaliveUnits(std::chrono::hours(24)) == 65535);
  CHECK(keepaliveUnits(std::chrono::milliseconds(99)) == 0);
}

TEST_CASE("RFC 7830, 8467: responses by TCP are padded to a multiple of 468 for clients that pad") {
  MessageSettings settings;
  settings.nsid = "x";
  Answers answers = someAnswers(settings);
  for (const char* name : {"ns.example", "no.example", "other", "big.example"}) {
    CAPTURE(name);
    const Bytes padded =
        answers.raw(queryBytes(asking({{kPadding, Bytes(3, 9)}, {kNsid, {}}}, name)), Transport::Tcp);
    CHECK((padded.size() % 468 == 0 || padded.size() == 65535));
    const auto decoded = decode(padded);
    REQUIRE(decoded);
    REQUIRE_FALSE(decoded->options.empty());
    CHECK(decoded->options.back().first == kPadding);
    for (const std::uint8_t octet : decoded->options.back().second) CHECK(octet == 0);
    CHECK(decoded->option(kNsid));
    CHECK_FALSE(answers.ask(asking({}, name), Transport::Tcp).option(kPadding));
  }
}

TEST_CASE("RFC 7830: by UDP nothing is padded, as the padding could go to a forged address") {
  Answers answers = someAnswers();
  const Bytes plain = answers.raw(queryBytes(asking({})));
  CHECK(answers.raw(queryBytes(asking({{kPadding, Bytes(300)}}))).size() == plain.size());
}

TEST_CASE("RFC 7830: padding ends at the largest message") {
  const auto zone = zoneOf("example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\n");
  // 12 + 18 + n * 16 + 11: 65529 octets of 4093 targets, 6 below the limit and above the last multiple of
  // 468.
  Answers answers({withRRset(*zone, "full.example", endpointOf(0, std::vector<std::uint32_t>(4093, 1)))});
  const Bytes response = answers.raw(queryBytes(asking({{kPadding, {}}}, "full.example")), Transport::Tcp);
  CHECK(response.size() == 65535);
  CHECK(decode(response)->option(kPadding)->size() == 2);
}

}  // namespace holdfast::test
