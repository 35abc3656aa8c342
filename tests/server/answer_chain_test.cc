#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

// CNAME and DNAME chains, within a zone and from one to the next.
namespace holdfast::test {

namespace {

using Lines = std::vector<std::string>;

constexpr const char* kHead = "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";

Answers chainAnswers() {
  std::string text = kHead;
  text +=
      "www 60 IN CNAME Host\nhost 60 IN A 192.0.2.2\ngone 60 IN CNAME nothing\nbare 60 IN CNAME ns\n"
      "away 60 IN CNAME www.elsewhere.\nacross 60 IN CNAME www.second.\nempty 60 IN CNAME www.empty.\n"
      "loop1 60 IN CNAME loop2\nloop2 60 IN CNAME loop1\nself 60 IN CNAME self\n"
      "cut 60 IN NS ns.cut\nns.cut 60 IN A 192.0.2.4\nbelow 60 IN CNAME x.cut\n"
      "old 30 IN DNAME new\nx.new 60 IN A 192.0.2.3\n"
      "*.w 60 IN CNAME host\n";
  std::string label(63, 'l');
  text += "short 60 IN DNAME " + label + "." + label + "." + label + ".long\n";
  text += "c0 60 IN A 192.0.2.5\n";
  for (unsigned i = 1; i < 40; ++i)
    text += "c" + std::to_string(i) + " 60 IN CNAME c" + std::to_string(i - 1) + "\n";
  return Answers({zoneOf("example", text),
                  zoneOf("second", std::string(kHead) + "www 60 IN CNAME host\nhost 60 IN A 192.0.2.9\n"),
                  std::make_shared<Zone>(*Name::absolute("empty"))});
}

}  // namespace

TEST_CASE("a CNAME is followed within its zone and across zones") {
  Answers answers = chainAnswers();
  const Decoded within = answers.ask({"WWW.example"});
  CHECK(within.authoritative());
  CHECK(within.answer() == Lines{"WWW.example. 60 CNAME Host.example.", "Host.example. 60 A 192.0.2.2"});
  CHECK(answers.ask({"across.example"}).answer() == Lines{"across.example. 60 CNAME www.second.",
                                                          "www.second. 60 CNAME host.second.",
                                                          "host.second. 60 A 192.0.2.9"});
  CHECK(answers.ask({"www.example", RRType::CNAME}).answer() == Lines{"www.example. 60 CNAME Host.example."});
  CHECK(answers.ask({"p.q.w.example"}).answer() ==
        Lines{"p.q.w.example. 60 CNAME host.example.", "host.example. 60 A 192.0.2.2"});
}

TEST_CASE("the rcode and authority of a chain are those of its last name") {
  Answers answers = chainAnswers();
  const Decoded gone = answers.ask({"gone.example"});
  CHECK(gone.rcode == 3);
  CHECK(gone.answer().size() == 1);
  CHECK(gone.authority().size() == 1);
  const Decoded bare = answers.ask({"bare.example", RRType::AAAA});
  CHECK(bare.rcode == 0);
  CHECK(bare.answer().size() == 1);
  CHECK(bare.authority().size() == 1);
  const Decoded away = answers.ask({"away.example"});
  CHECK(away.rcode == 0);
  CHECK(away.answer().size() == 1);
  CHECK(away.authority().empty());
  // Adding a zone that has no content yet must not empty an alias into it: the chain leaves, as before.
  const Decoded empty = answers.ask({"empty.example"});
  CHECK(empty.rcode == 0);
  CHECK(empty.authoritative());
  CHECK(empty.answer().size() == 1);
}

TEST_CASE("a chain into a zone cut ends with the referral and keeps its authority") {
  Answers answers = chainAnswers();
  const Decoded response = answers.ask({"below.example"});
  CHECK(response.authoritative());
  CHECK(response.answer() == Lines{"below.example. 60 CNAME x.cut.example."});
  CHECK(response.authority() == Lines{"cut.example. 60 NS ns.cut.example."});
  CHECK(response.additional() == Lines{"ns.cut.example. 60 A 192.0.2.4"});
}

TEST_CASE("loops and overlong chains end, with what was found") {
  Answers answers = chainAnswers();
  CHECK(answers.ask({"self.example"}).answer() == Lines{"self.example. 60 CNAME self.example."});
  CHECK(answers.ask({"loop1.example"}).answer() ==
        Lines{"loop1.example. 60 CNAME loop2.example.", "loop2.example. 60 CNAME loop1.example."});
  CHECK(answers.ask({"c16.example"}).answer().size() == 17);
  CHECK(answers.ask({"c16.example"}).answer().back() == "c0.example. 60 A 192.0.2.5");
  const Decoded tooLong = answers.ask({"c39.example", RRType::A, 1232});
  CHECK(tooLong.rcode == 0);
  CHECK(tooLong.answer().size() == 17);
}

TEST_CASE("a DNAME is answered with the CNAME it makes, and followed") {
  Answers answers = chainAnswers();
  const Decoded response = answers.ask({"x.Old.example"});
  CHECK(response.authoritative());
  CHECK(response.answer() == Lines{"Old.example. 30 DNAME new.example.",
                                   "x.Old.example. 30 CNAME x.new.example.",
                                   "x.new.example. 60 A 192.0.2.3"});
  const Decoded none = answers.ask({"y.old.example"});
  CHECK(none.rcode == 3);
  CHECK(none.answer().size() == 2);
  CHECK(answers.ask({"old.example", RRType::DNAME}).answer() == Lines{"old.example. 30 DNAME new.example."});
  CHECK(answers.ask({"old.example"}).answer().empty());
}

TEST_CASE("a DNAME that makes an overlong name is YXDOMAIN") {
  Answers answers = chainAnswers();
  const Decoded response = answers.ask({std::string(60, 'x') + ".short.example"});
  CHECK(response.rcode == 6);
  CHECK(response.answer().size() == 1);
  CHECK(answers.ask({"x.short.example"}).answer().size() == 2);
}

TEST_CASE("a DNAME that a chain comes through again, or ends at, stands in the answer once") {
  Answers answers({zoneOf("example", std::string(kHead) + "a 60 IN DNAME z.b\nb 60 IN DNAME a\n"
                                                          "e 60 IN DNAME f\nx.f 60 IN CNAME e\n")});
  const auto dnames = [](const Decoded& decoded) {
    return std::count_if(decoded.answer().begin(), decoded.answer().end(),
                         [](const std::string& line) { return line.find(" DNAME ") != std::string::npos; });
  };
  const Decoded loop = answers.ask({"x.a.example"}, Transport::Tcp);
  CHECK(loop.answer().size() > 8);
  CHECK(dnames(loop) == 2);
  CHECK(answers.ask({"x.e.example", RRType::DNAME}).answer() == Lines{"e.example. 60 DNAME f.example.",
                                                                      "x.e.example. 60 CNAME x.f.example.",
                                                                      "x.f.example. 60 CNAME e.example."});
}

TEST_CASE("a query for the CNAME that a DNAME makes goes no further") {
  Answers answers = chainAnswers();
  for (const RRType type : {RRType::CNAME, RRType::ANY}) {
    const Decoded response = answers.ask({"y.old.example", type});
    CHECK(response.rcode == 0);
    CHECK(response.answer() ==
          Lines{"old.example. 30 DNAME new.example.", "y.old.example. 30 CNAME y.new.example."});
    CHECK(response.authority().empty());
  }
}

}  // namespace holdfast::test
