#include "server/batch.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

constexpr const char* kZone =
    "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nns 60 IN A 192.0.2.2\n"
    "www 60 IN CNAME ns\nd 60 IN DNAME ns\ncut 60 IN NS ns.cut\nns.cut 60 IN A 192.0.2.3\n*.w 60 IN MX 1 "
    "ns\n";

/// One RRset of it is over 512 octets.
std::string flatText() {
  const std::string longText(200, 'x');
  return "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nns 60 IN A 192.0.2.2\nt 60 IN TXT "
         "x\n"
         "long 60 IN TXT " +
         longText + ' ' + longText + ' ' + longText + '\n';
}

/// Messages of every way that answering can go.
std::vector<Bytes> messages() {
  std::vector<Bytes> all;
  for (const char* name :
       {"ns.example", "WWW.example", "x.d.example", "x.cut.example", "x.w.example", "no.example", "ns.flat",
        "NO.flat", "t.flat", "other", "version.bind", "empty", "."})
    for (const RRType type : {RRType::A, RRType::AAAA, RRType::ANY, RRType::DS}) {
      const std::uint16_t qclass = std::string_view(name) == "version.bind" ? 3 : 1;
      all.push_back(queryBytes({.name = name, .type = type, .qclass = qclass}));
      all.push_back(
          queryBytes({.name = name, .type = type, .edns = 1232, .qclass = qclass, .dnssecOk = true}));
      all.push_back(all.back());
      all.back().resize(all.back().size() - 3);  // cut off
    }
  all.push_back(queryBytes({.name = "long.flat", .type = RRType::TXT}));
  all.push_back(queryBytes({.name = "ns.flat", .edns = 1232, .options = optionBytes({{10, Bytes(8, 1)}})}));
  all.push_back(Bytes(5));
  all.push_back(queryBytes({.name = "ns.example"}));
  all.back()[2] |= 0x80;  // a response
  return all;
}

/// What was counted of messages by UDP.
std::vector<std::uint64_t> numbersOf(const WorkerCounters& counters) {
  const WorkerCounters::PerTransport& udp = counters.of(Transport::Udp);
  std::vector<std::uint64_t> numbers{udp.queries.value(), udp.malformed.value(), udp.truncated.value()};
  for (const Counter& each : udp.responses) numbers.push_back(each.value());
  for (const Counter& each : udp.cookies) numbers.push_back(each.value());
  for (const Counter& each : udp.extendedErrors) numbers.push_back(each.value());
  return numbers;
}

}  // namespace

TEST_CASE("a batch answers each message as it is answered alone") {
  const Snapshot snapshot({zoneOf("example", kZone), zoneOf("flat", flatText()),
                           std::make_shared<const Zone>(*Name::absolute("empty."))});
  MessageSettings settings;
  settings.cookies = CookieMode::On;
  const RcuThread thread;
  const ReadSection section;
  const auto alone = std::make_unique<AnswerScratch>(7, std::uint16_t{1232}, settings);
  const auto together = std::make_unique<AnswerScratch>(7, std::uint16_t{1232}, settings);
  const std::vector<Bytes> all = messages();
  REQUIRE(all.size() > MessageBatch::kMax);
  std::vector<Bytes> out(MessageBatch::kMax, Bytes(1232));
  const auto batch = std::make_unique<MessageBatch>();
  const auto counted = std::make_unique<WorkerCounters>(), countedAlone = std::make_unique<WorkerCounters>();
  std::size_t at = 0;
  // Of several sizes, the places being used again by other messages.
  for (unsigned size = 1; at < all.size(); at += size, size = std::min(size * 3, MessageBatch::kMax)) {
    const unsigned count = static_cast<unsigned>(std::min<std::size_t>(size, all.size() - at));
    for (unsigned i = 0; i < count; ++i) (*batch)[i] = {{all[at + i]}, out[i]};
    batch->answer(count, snapshot, section, *together, *counted);
    for (unsigned i = 0; i < count; ++i) {
      Bytes expected(1232);
      expected.resize(answer(snapshot, section, {all[at + i]}, expected, *alone));
      countedAlone->count(Transport::Udp, expected.size(), alone->last);
      INFO("message " << at + i);
      REQUIRE((*batch)[i].octets == expected.size());
      CHECK(Bytes(out[i].begin(), out[i].begin() + static_cast<std::ptrdiff_t>(expected.size())) == expected);
    }
  }
  CHECK(numbersOf(*counted) == numbersOf(*countedAlone));
  const WorkerCounters::PerTransport& udp = counted->of(Transport::Udp);
  CHECK(udp.queries.value() == all.size());
  CHECK(udp.malformed.value() == 2);
  CHECK(udp.truncated.value() == 1);
  CHECK(udp.cookies[static_cast<std::size_t>(CookieState::ClientOnly)].value() == 1);
}

}  // namespace holdfast::test
