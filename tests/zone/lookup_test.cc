#include <catch2/catch.hpp>

#include "tests/zone/fixtures.h"
#include "zone/lookup.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

constexpr const char* kZone = R"(
@            3600 IN NS    ns1
@            3600 IN MX    10 mail
ns1          3600 IN A     192.0.2.53
www          60   IN CNAME web
web          60   IN A     192.0.2.1
dangling     60   IN CNAME nothing
loop1        60   IN CNAME loop2
loop2        60   IN CNAME loop1
away         60   IN CNAME www.example.org.
*.wild       60   IN A     192.0.2.2
host.wild    60   IN TXT   "here"
a.b.wild     60   IN A     192.0.2.3
sub          60   IN NS    ns.sub
ns.sub       60   IN A     192.0.2.4
sub          60   IN DS    1 8 2 0000000000000000000000000000000000000000000000000000000000000000
old          60   IN DNAME new
web.new      60   IN A     192.0.2.5
x.ent        60   IN A     192.0.2.6
*.c          60   IN CNAME web
)";

std::string foundText(Found found) {
  switch (found) {
    case Found::Data:
      return "data";
    case Found::Cname:
      return "cname";
    case Found::Dname:
      return "dname";
    case Found::Delegation:
      return "delegation";
    case Found::NoData:
      return "nodata";
    case Found::NxDomain:
      return "nxdomain";
  }
  return "";
}

}  // namespace

TEST_CASE("lookup finds what RFC 1034 4.3.2, RFC 4592 and RFC 6672 say") {
  const auto zone = test::zoneOf("example.com.", kZone);
  const auto [text, type, expected, wildcard] = GENERATE(table<std::string, RRType, std::string, bool>({
      {"example.com.", RRType::SOA, "data", false},
      {"example.com.", RRType::NS, "data", false},
      {"example.com.", RRType::A, "nodata", false},
      {"www.example.com.", RRType::A, "cname", false},
      {"www.example.com.", RRType::CNAME, "data", false},
      {"nope.example.com.", RRType::A, "nxdomain", false},
      {"a.www.example.com.", RRType::A, "nxdomain", false},
      {"any.wild.example.com.", RRType::A, "data", true},
      {"any.wild.example.com.", RRType::TXT, "nodata", true},
      {"x.y.wild.example.com.", RRType::A, "data", true},
      {"host.wild.example.com.", RRType::A, "nodata", false},
      {"b.wild.example.com.", RRType::A, "nodata", false},
      {"x.b.wild.example.com.", RRType::A, "nxdomain", false},
      {"*.wild.example.com.", RRType::A, "data", false},
      {"wild.example.com.", RRType::A, "nodata", false},
      {"sub.example.com.", RRType::A, "delegation", false},
      {"sub.example.com.", RRType::DS, "data", false},
      {"ns.sub.example.com.", RRType::A, "delegation", false},
      {"ns.sub.example.com.", RRType::DS, "delegation", false},
      {"deep.er.sub.example.com.", RRType::A, "delegation", false},
      {"old.example.com.", RRType::DNAME, "data", false},
      {"old.example.com.", RRType::A, "nodata", false},
      {"web.old.example.com.", RRType::A, "dname", false},
      {"ent.example.com.", RRType::A, "nodata", false},
      {"q.c.example.com.", RRType::A, "cname", true},
  }));
  INFO(text);
  const Name asked = name(text);
  const Lookup result = lookup(*zone, HashedName(asked.view()), type);
  CHECK(foundText(result.found) == expected);
  CHECK(result.wildcard == wildcard);
}

TEST_CASE("the effect of a name is what a client gets at the end of its chain") {
  const Snapshot snapshot({test::zoneOf("example.com.", kZone)});
  const auto [text, type, expected] = GENERATE(table<std::string, RRType, Effect>({
      {"www.example.com.", RRType::A, Effect::Positive},
      {"www.example.com.", RRType::AAAA, Effect::NoData},
      {"dangling.example.com.", RRType::A, Effect::NxDomain},
      {"dangling.example.com.", RRType::CNAME, Effect::Positive},
      {"loop1.example.com.", RRType::A, Effect::Failed},
      {"away.example.com.", RRType::A, Effect::Leaves},
      {"host.sub.example.com.", RRType::A, Effect::Referral},
      {"web.old.example.com.", RRType::A, Effect::Positive},
      {"none.old.example.com.", RRType::A, Effect::NxDomain},
      {"q.c.example.com.", RRType::A, Effect::Positive},
  }));
  INFO(text);
  CHECK(effectOf(snapshot, name(text), type) == expected);
}

TEST_CASE("a snapshot finds the same zone whichever name was asked for before") {
  const auto held = [](const char* apex) { return test::zoneOf(apex, "@ 60 IN NS ns\n"); };
  const auto empty = std::make_shared<const Zone>(name("c.example.com."));
  const Snapshot deep({held("example.com."), held("a.example.com."), held("b.example.com."), empty,
                       held("x.y.a.example.com."), held("x.y.example.org.")});
  const Snapshot flat({held("example.com."), held("a.example.com."), empty});
  const std::vector<const char*> texts{"example.com.",
                                       "a.example.com.",
                                       "www.a.example.com.",
                                       "q.r.s.b.example.com.",
                                       "www.c.example.com.",
                                       "x.y.example.org.",
                                       "z.x.y.example.org.",
                                       "y.example.org.",
                                       "z.x.y.a.example.com.",
                                       "y.a.example.com.",
                                       "ba.example.com.",
                                       "com.",
                                       "."};
  for (const Snapshot* each : {&deep, &flat})
    for (const char* earlier : texts)
      for (const char* later : texts) {
        INFO(earlier << " and then " << later);
        const Name first = name(earlier), second = name(later);
        Snapshot::ZoneBefore before;
        each->findZone(HashedName(first.view()), before);
        CHECK(each->findZone(HashedName(second.view()), before) == each->findZone(HashedName(second.view())));
      }
}

TEST_CASE("a snapshot finds the closest zone with content, and passes over a child that has none yet") {
  const auto parent = test::zoneOf("example.com.", "@ 60 IN NS ns\nwww.child 60 IN A 192.0.2.1\n");
  const auto child = test::zoneOf("child.example.com.", "@ 60 IN NS ns\n");
  const auto empty = std::make_shared<const Zone>(name("child.example.com."));
  const Name asked = name("www.child.example.com.");
  const HashedName hashed(asked.view());
  const Snapshot both({parent, child});
  CHECK(both.findZone(hashed) == child.get());
  const Snapshot waiting({parent, empty});
  CHECK(waiting.findZone(hashed) == parent.get());
  const Snapshot alone({empty});
  REQUIRE(alone.findZone(hashed) == empty.get());
  CHECK_FALSE(alone.findZone(hashed)->hasContent());
  const Name apex = name("child.example.com.");
  CHECK(both.findZone(HashedName(apex.view()), 2) == parent.get());
  const Name other = name("example.org.");
  CHECK(both.findZone(HashedName(other.view())) == nullptr);
}
