// The short way to the usual response must give what the long way gives, octet for octet.
#include "server/plain_answer.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "server/message_writer.h"
#include "server/response.h"
#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

constexpr const char* kFlat =
    "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\none 5 IN AAAA 2001:db8::1\n"
    "alias 60 IN CNAME ns\n*.w 60 IN A 192.0.2.9\nt 60 IN TXT x\n";

/// Zones without wildcards whose SOA has names that end in other ways.
std::vector<std::shared_ptr<const Zone>> negativeZones() {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (const auto& [apex, soa] : {std::pair{"in.test", "ns contact 1 2 3 4 5"},
                                  {"out.test", "NS.Other.ORG. Contact.out.test. 1 2 3 4 90"},
                                  {"part.test", "ns.test. contact.part.TEST. 1 2 3 4 5"},
                                  {"more.test", "a.ns b.ns 1 2 3 4 5"},
                                  {"self.test", "@ contact 1 2 3 4 5"},
                                  {"far.test", ". contact.other.org. 1 2 3 4 5"}})
    zones.push_back(zoneOf(apex, std::string("@ 60 IN SOA ") + soa +
                                     "\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nalias 60 IN CNAME ns\n"
                                     "one 60 IN AAAA 2001:db8::1\ndeep.er 60 IN TXT x\nsvc 60 IN HTTPS 1 .\n"
                                     "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 0 - "
                                     "2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n"));
  return zones;
}

/// A zone with endpoints of many sizes, all their targets in each response or some.
std::shared_ptr<const Zone> flatZone() {
  auto zone = zoneOf("example", kFlat);
  for (int targets = 1; targets < 60; targets += targets < 8 ? 1 : 7) {
    RRset rrset{RRType::A, 30, static_cast<std::uint16_t>(targets % 3 == 0 ? 2 : 0), {}, {}};
    for (int i = 0; i < targets; ++i) {
      rrset.rdata.push_back({'\x0a', '\0', static_cast<char>(i), '\1'});
      rrset.targets.push_back({"", 100});
    }
    zone = withRRset(*zone, ("e" + std::to_string(targets) + ".example").c_str(), rrset);
  }
  return zone;
}

struct Answerer {
  explicit Answerer(CookieMode cookies) : scratch(11, 1232, settingsOf(cookies)) {}
  static MessageSettings settingsOf(CookieMode cookies) {
    MessageSettings settings;
    settings.cookies = cookies;
    return settings;
  }
  AnswerScratch scratch;
  Bytes out = Bytes(kMaxMessageOctets);
};

/// As answer() does it where nothing is refused and the query has no options.
std::size_t theLongWay(const Snapshot& snapshot, const Request& request, const ParsedMessage& message,
                       Answerer& by) {
  by.scratch.last = {};
  MessageWriter writer(by.out, responseLimit(request, message.query, by.scratch), message.query, 0);
  const Rcode rcode = Response(snapshot, message.query, message.zone, request.view, writer, by.scratch).run();
  by.scratch.last.rcode = rcode;
  return writer.finish(rcode, {by.scratch.udpPayload, {}, 0});
}

}  // namespace

TEST_CASE("an answer made plainly is the one that the sections make, step by step") {
  std::vector<std::shared_ptr<const Zone>> zones = negativeZones();
  zones.push_back(flatZone());
  zones.push_back(zoneOf("cut", "@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nsub 60 IN NS ns.sub\n"));
  zones.push_back(zoneOf("turned", "@ 60 IN NS ns.x.\nd 60 IN DNAME x.\na 60 IN A 192.0.2.1\n"));
  zones.push_back(std::make_shared<const Zone>(*Name::absolute("empty.")));
  const Snapshot snapshot(zones);
  const RcuThread thread;
  const ReadSection section;
  std::vector<std::string> names{"ns.example", "NS.Example", "one.example", "alias.example", "x.w.example",
                                 "t.example",  "no.example", "example",     "ns.cut",        "a.turned",
                                 "other",      ".",          "x.empty"};
  for (int i = 1; i < 60; ++i) names.push_back("e" + std::to_string(i) + ".example");
  for (const char* apex : {"in.test", "out.test", "part.test", "more.test", "self.test", "far.test"})
    for (const char* below : {"", "no.", "NO.", "x.y.", "er.", "alias.", "one.", "ns.", "x.ns.", "contact.",
                              "svc.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom."})
      names.push_back(std::string(below) + apex);
  auto plain = std::make_unique<Answerer>(CookieMode::Off),
       full = std::make_unique<Answerer>(CookieMode::Off);
  std::mt19937 random(3);
  int made = 0, asked = 0;
  std::map<std::pair<Rcode, bool>, int> kinds;  // by rcode and whether there are answers
  for (int round = 0; round < 20'000; ++round) {
    Ask text{.name = names[random() % names.size()]};
    if (random() % 2 == 0) text.type = RRType::AAAA;
    if (random() % 4 == 0)
      text.type = std::array{RRType::TXT, RRType::NS, RRType::ANY, RRType::HTTPS}.at(random() % 4);
    if (random() % 2 == 0) text.edns = std::array<std::uint16_t, 4>{0, 512, 1232, 4096}.at(random() % 4);
    text.dnssecOk = text.edns.has_value() && random() % 2 == 0;
    Bytes octets = queryBytes(text);
    if (random() % 3 == 0) octets[2] |= 1;      // RD
    if (random() % 9 == 0) octets[3] |= 0x30;   // AD, CD
    if (random() % 20 == 0) octets[2] |= 0x10;  // another opcode
    if (random() % 20 == 0) octets[octets.size() - 1] ^= 2;
    const Request request{octets,
                          {},
                          random() % 4 == 0 ? Transport::Tcp : Transport::Udp,
                          random() % 8 == 0 ? View::Stable : View::Client};
    ParsedMessage message;
    message.parsed = parseQuery(octets, message.query);
    if (message.parsed == Parsed::Query) message.zone = snapshot.findZone(message.query.hashed);
    // What was found on the way there may be the node, another of the zone, or nothing.
    if (message.zone != nullptr && random() % 2 == 0)
      message.likely = message.zone->find(random() % 2 == 0 ? message.query.name() : message.zone->apex());
    ++asked;
    plain->scratch.random = full->scratch.random;
    const std::size_t size = answerPlainly(request, message, plain->out, plain->scratch);
    if (size == 0) continue;
    ++made;
    const std::size_t expected = theLongWay(snapshot, request, message, *full);
    CAPTURE(text.name, static_cast<int>(text.type), round);
    REQUIRE(message.query.opcode() == 0);
    REQUIRE(Bytes(plain->out.begin(), plain->out.begin() + static_cast<std::ptrdiff_t>(size)) ==
            Bytes(full->out.begin(), full->out.begin() + static_cast<std::ptrdiff_t>(expected)));
    REQUIRE(full->scratch.last.rcode == plain->scratch.last.rcode);
    ++kinds[{plain->scratch.last.rcode, plain->out[7] != 0}];
    REQUIRE(!full->scratch.last.truncated);
    // And both drew as often.
    REQUIRE(plain->scratch.random.next() == full->scratch.random.next());
  }
  CHECK(made > asked / 20);
  CHECK(made < asked);
  CHECK(kinds[{Rcode::NoError, true}] > 100);
  CHECK(kinds[{Rcode::NoError, false}] > 100);
  CHECK(kinds[{Rcode::NxDomain, false}] > 100);
}

TEST_CASE("what takes more to say is not answered plainly") {
  const std::string signedSoa =
      "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN RRSIG SOA 13 1 60 20300101000000 20200101000000 1 signed.example. "
      "AAAA\nns 60 IN A 192.0.2.1\n";
  const Snapshot snapshot({zoneOf("example", kFlat), zoneOf("signed", signedSoa), negativeZones().front()});
  const RcuThread thread;
  const ReadSection section;
  const auto size = [&](const Bytes& octets, CookieMode cookies = CookieMode::Off) {
    Answerer by(cookies);
    ParsedMessage message;
    message.parsed = parseQuery(octets, message.query);
    if (message.parsed == Parsed::Query) message.zone = snapshot.findZone(message.query.hashed);
    return answerPlainly({octets}, message, by.out, by.scratch);
  };
  CHECK(size(queryBytes({.name = "ns.example"})) > 0);
  CHECK(size(queryBytes({.name = "ns.example"}), CookieMode::Require) == 0);
  CHECK(size(queryBytes({.name = "no.example"})) == 0);  // where there are wildcards
  CHECK(size(queryBytes({.name = "no.in.test"})) > 0);
  CHECK(size(queryBytes({.name = "one.in.test"})) > 0);
  CHECK(size(queryBytes({.name = "ns.in.test", .type = RRType::AAAA})) == 0);  // its SOA names the question
  CHECK(size(queryBytes({.name = "alias.in.test"})) == 0);
  CHECK(size(queryBytes({.name = "no.signed", .edns = 1232})) > 0);
  CHECK(size(queryBytes({.name = "no.signed", .edns = 1232, .dnssecOk = true})) == 0);
  CHECK(size(queryBytes({.name = "ns.example", .qclass = 3})) == 0);
  Bytes update = queryBytes({.name = "ns.example"});
  update[2] |= 0x28;
  CHECK(size(update) == 0);
  CHECK(size(queryBytes({.name = "ns.example", .edns = 1232})) > 0);
  CHECK(size(queryBytes({.name = "ns.example", .edns = 1232, .ednsVersion = 1})) == 0);
  CHECK(size(queryBytes({.name = "ns.example", .edns = 1232, .options = optionBytes({{3, {}}})})) == 0);
}

}  // namespace holdfast::test
