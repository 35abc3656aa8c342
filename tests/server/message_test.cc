#include "server/message.h"

#include <catch2/catch.hpp>

#include "tests/server/dns_message.h"

namespace holdfast::test {

namespace {

struct Case {
  const char* description;
  const char* bytes;
  Parsed expected;
};

constexpr const char* kHeader = "1234 0100 0001 0000 0000 0000";
constexpr const char* kHeaderOneMore = "1234 0100 0001 0000 0000 0001";
constexpr const char* kQuestion = "03777777 07 6578616d706c65 00 0001 0001";

Bytes join(std::initializer_list<const char*> parts) {
  Bytes out;
  for (const char* part : parts)
    for (const std::uint8_t octet : hex(part)) out.push_back(octet);
  return out;
}

}  // namespace

TEST_CASE("a query is taken apart field by field") {
  const Bytes message = join({"beef 0110 0001 0000 0000 0001", "03 575777 07 6578414d706c65 00 001c 0001",
                              "00 0029 1000 00 00 8000 0007 000a 0003 010203"});
  Query query;
  REQUIRE(parseQuery(message, query) == Parsed::Query);
  CHECK(query.id == 0xbeef);
  CHECK(query.opcode() == 0);
  CHECK(toText(query.name()) == "www.example.");
  CHECK(Bytes(query.received.begin(), query.received.end()) == nameBytes("WWw.exAMple."));
  CHECK(query.type == RRType::AAAA);
  CHECK(query.qclass == 1);
  CHECK(query.edns.present);
  CHECK(query.edns.version == 0);
  CHECK(query.edns.dnssecOk);
  CHECK(query.edns.payload == 4096);
  CHECK(Bytes(query.edns.options.begin(), query.edns.options.end()) == hex("000a 0003 010203"));
}

TEST_CASE("what is no query at all is told apart from what is malformed") {
  const Case cases[] = {
      {"nothing", "", Parsed::NotAQuery},
      {"eleven octets", "1234 0100 0001 0000 0000 00", Parsed::NotAQuery},
      {"a response", "1234 8100 0001 0000 0000 0000 00 0001 0001", Parsed::NotAQuery},
      {"a header without a question", "1234 0100 0000 0000 0000 0000", Parsed::NoQuestion},
      {"no question, and an octet behind", "1234 0100 0000 0000 0000 0000 00", Parsed::NoQuestion},
      {"two questions", "1234 0100 0002 0000 0000 0000 00 0001 0001 00 0001 0001", Parsed::Malformed},
      {"the root", "1234 0100 0001 0000 0000 0000 00 0001 0001", Parsed::Query},
      {"no class", "1234 0100 0001 0000 0000 0000 00 0001", Parsed::Malformed},
      {"an octet behind the end", "1234 0100 0001 0000 0000 0000 00 0001 0001 00", Parsed::Query},
      {"a pointer to itself", "1234 0100 0001 0000 0000 0000 c00c 0001 0001", Parsed::Malformed},
      {"a pointer into the header", "1234 0100 0001 0000 0000 0000 c004 0001 0001", Parsed::Malformed},
      {"a label, then a pointer back to it", "1234 0100 0001 0000 0000 0000 0161 c00c 0001 0001",
       Parsed::Malformed},
      {"a label type that is reserved", "1234 0100 0001 0000 0000 0000 4161 00 0001 0001", Parsed::Malformed},
      {"a label over the end", "1234 0100 0001 0000 0000 0000 3f61", Parsed::Malformed},
  };
  for (const Case& each : cases) {
    INFO(each.description);
    Query query;
    CHECK(parseQuery(hex(each.bytes), query) == each.expected);
  }
}

TEST_CASE("OPT records are held to RFC 6891") {
  const Case cases[] = {
      {"plain", "00 0029 04d0 00000000 0000", Parsed::Query},
      {"with an owner", "0161 00 0029 04d0 00000000 0000", Parsed::Malformed},
      {"with an owner by pointer", "c00c 0029 04d0 00000000 0000", Parsed::Malformed},
      {"data over the end", "00 0029 04d0 00000000 0004 0000", Parsed::Malformed},
      {"options are not looked at", "00 0029 04d0 00000000 0004 000a 0001", Parsed::Query},
      {"another record, its owner by a legal pointer", "c00c 0001 0001 00000000 0004 01020304",
       Parsed::Query},
      {"another record, its owner by a forward pointer", "c0ff 0001 0001 00000000 0004 01020304",
       Parsed::Malformed},
  };
  for (const Case& each : cases) {
    INFO(each.description);
    Query query;
    CHECK(parseQuery(join({kHeaderOneMore, kQuestion, each.bytes}), query) == each.expected);
  }
  Query query;
  const char* opt = "00 0029 04d0 00000000 0000";
  CHECK(parseQuery(join({"1234 0100 0001 0000 0000 0002", kQuestion, opt, opt}), query) == Parsed::Malformed);
  CHECK(parseQuery(join({"1234 0100 0001 0001 0000 0000", kQuestion, opt}), query) == Parsed::Malformed);
  CHECK(parseQuery(join({kHeader, kQuestion}), query) == Parsed::Query);
}

TEST_CASE("a name of 255 octets is taken and one of 256 is not") {
  const auto message = [](unsigned lastLabel) {
    Bytes out = hex(kHeader);
    for (const unsigned label : {63u, 63u, 63u, lastLabel}) {
      out.push_back(static_cast<std::uint8_t>(label));
      out.insert(out.end(), label, 'x');
    }
    for (const std::uint8_t octet : hex("00 0001 0001")) out.push_back(octet);
    return out;
  };
  Query query;
  CHECK(parseQuery(message(61), query) == Parsed::Query);
  CHECK(query.name().size() == 255);
  CHECK(parseQuery(message(62), query) == Parsed::Malformed);
}

}  // namespace holdfast::test
