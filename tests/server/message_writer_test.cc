#include "server/message_writer.h"

#include <catch2/catch.hpp>

#include "tests/server/dns_message.h"

namespace holdfast::test {

namespace {

/// A writer with the message it writes and the query it answers.
struct Desk {
  explicit Desk(const std::string& question, std::size_t limit = 512, bool edns = false)
      : in(queryBytes({question, RRType::A, edns ? std::optional<std::uint16_t>(1232) : std::nullopt})),
        out(limit),
        parsed(parseQuery(in, query)),
        writer(out, limit, query) {}

  bool add(const std::string& owner, RRType type, const Bytes& rdata, Section section = Section::Answer) {
    const Bytes name = nameBytes(owner);
    Owner at(NameView(name.data(), name.size()));
    return writer.add(section, at, type, 60, rdata);
  }
  Decoded finish() {
    size = writer.finish(Rcode::NoError, {1232});
    return decode({out.data(), size}).value();
  }

  Bytes in, out;
  Query query;
  Parsed parsed;
  MessageWriter writer;
  std::size_t size = 0;
};

Bytes soaRdata() {
  Bytes out = nameBytes("ns1.example.");
  for (const Bytes& part : {nameBytes("Admin.EXAMPLE."), hex("00000001 00000002 00000003 00000004 00000005")})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace

TEST_CASE("owners and names in RDATA are compressed against the question and each other") {
  Desk desk("www.Example.");
  const std::size_t empty = 12 + 13 + 4;
  REQUIRE(desk.add("www.example.", RRType::CNAME, nameBytes("a.b.example.")));
  // pointer + 10 + "a" "b" pointer
  const std::size_t first = empty + 2 + 10 + 2 + 2 + 2;
  CHECK(desk.writer.mark().size == first);
  REQUIRE(desk.add("A.B.example.", RRType::NS, nameBytes("b.example.")));
  CHECK(desk.writer.mark().size == first + 2 + 10 + 2);
  REQUIRE(desk.add("example.", RRType::SOA, soaRdata(), Section::Authority));
  const Decoded decoded = desk.finish();
  CHECK(decoded.question == "www.Example. A");
  CHECK(decoded.answer() ==
        std::vector<std::string>{"www.Example. 60 CNAME a.b.Example.", "a.b.Example. 60 NS b.Example."});
  CHECK(decoded.authority() ==
        std::vector<std::string>{"Example. 60 SOA ns1.Example. Admin.Example. 1 2 3 4 5"});
}

TEST_CASE("names in RDATA of newer types are never compressed") {
  for (const RRType type : {RRType::DNAME, RRType::SRV, RRType{65280}}) {
    Desk desk("www.example.");
    Bytes rdata = type == RRType::SRV ? hex("0001 0002 0035") : Bytes();
    for (const std::uint8_t octet : nameBytes("www.example.")) rdata.push_back(octet);
    const std::size_t before = desk.writer.mark().size;
    REQUIRE(desk.add("www.example.", type, rdata));
    CHECK(desk.writer.mark().size == before + 2 + 10 + rdata.size());
  }
}

TEST_CASE("a rollback leaves no trace of what was added") {
  Desk desk("www.example.");
  REQUIRE(desk.add("www.example.", RRType::CNAME, nameBytes("one.example.")));
  const auto mark = desk.writer.mark();
  REQUIRE(desk.add("one.example.", RRType::CNAME, nameBytes("two.other.")));
  desk.writer.rollback(mark);
  // Were "other." still remembered, this name would point at itself: its octets still stand there.
  REQUIRE(desk.add("one.example.", RRType::CNAME, nameBytes("six.other.")));
  CHECK(desk.finish().answer() ==
        std::vector<std::string>{"www.example. 60 CNAME one.example.", "one.example. 60 CNAME six.other."});
}

TEST_CASE("what does not fit is refused at every limit, and the OPT always fits") {
  for (std::size_t limit = 300; limit < 420; ++limit) {
    Desk desk("www.example.", limit, true);
    for (unsigned i = 0; i < 40; ++i) {
      const auto mark = desk.writer.mark();
      if (!desk.add("n" + std::to_string(i) + ".example.", RRType::MX, hex("000a 0161 0162 00")))
        desk.writer.rollback(mark);
    }
    const Decoded decoded = desk.finish();
    CHECK(desk.size <= limit);
    CHECK(desk.size + 40 > limit);
    CHECK(decoded.edns);
  }
}

TEST_CASE("more names than are remembered still make a well-formed message") {
  Desk desk("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.aa.bb.cc.dd.ee.ff.gg.hh.ii.jj.kk.example.",
            kMaxMessageOctets);
  for (unsigned i = 0; i < 2000; ++i)
    REQUIRE(desk.add("n" + std::to_string(i) + ".m" + std::to_string(i % 7) + ".example.", RRType::PTR,
                     nameBytes("p" + std::to_string(i) + ".example.")));
  const Decoded decoded = desk.finish();
  REQUIRE(decoded.answer().size() == 2000);
  CHECK(decoded.answer()[1999] == "n1999.m4.example. 60 PTR p1999.example.");
}

}  // namespace holdfast::test
