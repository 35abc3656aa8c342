#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

// The header: opcodes, flags, counts and classes.
namespace holdfast::test {

namespace {

constexpr const char* kQuestion = "026e73 07 6578616d706c65 00 0001 0001";  // ns.example A

Answers someAnswers() {
  return Answers({zoneOf("example", "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n")});
}

Bytes join(std::initializer_list<std::string_view> parts) {
  Bytes out;
  for (const std::string_view part : parts)
    for (const std::uint8_t octet : hex(part)) out.push_back(octet);
  return out;
}

}  // namespace

TEST_CASE("RFC 1035 4.1.1: opcodes other than QUERY are NOTIMP, with the question where there is one") {
  Answers answers = someAnswers();
  for (std::uint16_t opcode = 1; opcode < 16; ++opcode) {
    const auto flags = static_cast<std::uint16_t>(opcode << 11);
    CAPTURE(opcode);
    for (const std::optional<std::uint16_t> edns : {std::optional<std::uint16_t>(), {1232}}) {
      const Decoded response = answers.ask({.name = "ns.example", .edns = edns, .flags = flags});
      CHECK(response.rcode == 4);
      CHECK((response.flags & 0x7800) == flags);
      CHECK(response.question == "ns.example. A");
      CHECK(response.answer().empty());
      CHECK(response.edns == edns.has_value());
    }
  }
}

TEST_CASE("opcodes other than QUERY are NOTIMP whatever else is in the message") {
  struct Case {
    const char* description;
    const char* bytes;
  };
  const Case cases[] = {
      {"IQUERY without a question (RFC 1035 section 6.4)",
       "1234 0800 0000 0001 0000 0000 00 0001 0001 00000000 0004 c0000201"},
      {"DSO keepalive (RFC 8490 section 7.1)", "1234 3000 0000 0000 0000 0000 0001 0008 00003a98 00003a98"},
      {"UPDATE with a prerequisite (RFC 2136 section 2.4.3)",
       "1234 2800 0001 0001 0000 0000 07 6578616d706c65 00 0006 0001 0161 00 00ff 00fe 00000000 0000"},
      {"a bare header of STATUS", "1234 1000 0000 0000 0000 0000"},
      {"NOTIFY with a question cut short", "1234 2000 0001 0000 0000 0000 07 6578"},
  };
  Answers answers = someAnswers();
  for (const Case& each : cases) {
    INFO(each.description);
    const auto response = decode(answers.raw(hex(each.bytes)));
    REQUIRE(response);
    CHECK(response->rcode == 4);
    CHECK(answers.last().extendedError == ExtendedError::OpcodeMissing);
  }
}

TEST_CASE("RFC 1035 4.1.1: a response is never answered") {
  Answers answers = someAnswers();
  for (unsigned opcode = 0; opcode < 16; ++opcode) {
    Bytes message = queryBytes({.name = "ns.example", .edns = 1232});
    message[2] = static_cast<std::uint8_t>(0x80 | opcode << 3);
    CHECK(answers.raw(message).empty());
    CHECK(answers.raw(message, Transport::Tcp).empty());
  }
}

TEST_CASE("RFC 1035 4.1.1, 4035 3.1.6: of the flags RD is copied; AD, CD, Z and RA are clear") {
  Answers answers = someAnswers();
  for (unsigned bits = 0; bits < 0x800; ++bits) {
    const auto flags = static_cast<std::uint16_t>(bits);
    const Decoded response = answers.ask({.name = "ns.example", .flags = flags});
    CAPTURE(bits);
    // AA, TC, RA, Z, AD, CD and RCODE of a query mean nothing to us.
    REQUIRE(response.flags == (0x8400 | (flags & 0x0100)));
    REQUIRE(response.answer().size() == 1);
  }
}

TEST_CASE("RFC 9619: a QDCOUNT other than 1 is FORMERR with no question") {
  Answers answers = someAnswers();
  for (const Bytes& message :
       {hex("1234 0100 0000 0000 0000 0000"), join({"1234 0100 0002 0000 0000 0000", kQuestion, kQuestion}),
        join({"1234 0100 ffff 0000 0000 0000", kQuestion})}) {
    const Bytes response = answers.raw(message);
    CHECK(response.size() == 12);
    CHECK(decode(response)->rcode == 1);
    CHECK((decode(response)->flags & 0x0100) != 0);
  }
}

TEST_CASE("a malformed query gets its question back where that could be read") {
  Answers answers = someAnswers();
  const auto behind = decode(answers.raw(join({"1234 0100 0001 0000 0000 0001", kQuestion, "00"})));
  CHECK(behind->rcode == 1);
  CHECK(behind->question == "ns.example. A");
  const auto cut = decode(answers.raw(hex("1234 0100 0001 0000 0000 0000 026e73")));
  CHECK(cut->rcode == 1);
  CHECK(cut->question.empty());
  const auto records = decode(
      answers.raw(join({"1234 0100 0001 0001 0000 0000", kQuestion, "00 0001 0001 00000000 0004 c0000201"})));
  CHECK(records->rcode == 1);
  CHECK(records->question == "ns.example. A");
}

TEST_CASE("classes: IN and ANY are answered, others REFUSED") {
  Answers answers = someAnswers();
  for (const std::uint16_t qclass : {std::uint16_t{1}, std::uint16_t{255}})
    CHECK(answers.ask({.name = "ns.example", .qclass = qclass}).answer().size() == 1);
  for (const unsigned qclass : {0u, 2u, 3u, 4u, 77u, 254u, 256u, 65535u}) {
    const Decoded response =
        answers.ask({.name = "ns.example", .qclass = static_cast<std::uint16_t>(qclass)});
    CHECK(response.rcode == 5);
    CHECK(response.answer().empty());
  }
}

}  // namespace holdfast::test
