#include "tools/flood/judge.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace holdfast::flood {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t kA = 1, kAaaa = 28, kCname = 5;

void put16(Bytes& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

void putName(Bytes& to, const std::string& label) {
  to.push_back(static_cast<std::uint8_t>(label.size()));
  to.insert(to.end(), label.begin(), label.end());
  to.push_back(0);
}

Bytes question(const std::string& label = "ep", std::uint16_t type = kA) {
  Bytes message{0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  putName(message, label);
  put16(message, type);
  put16(message, 1);
  return message;
}

/// The response to a question, with records that follow.
Bytes response(Bytes message, std::uint8_t rcode = 0) {
  message[2] |= 0x84;
  message[3] = rcode;
  return message;
}

void add(Bytes& message, std::uint16_t type, const Bytes& rdata) {
  ++message[7];
  put16(message, 0xc00c);
  put16(message, type);
  put16(message, 1);
  message.insert(message.end(), {0, 0, 0, 5});
  put16(message, rdata.size());
  message.insert(message.end(), rdata.begin(), rdata.end());
}

Bytes four(std::uint8_t target, std::uint16_t generation) {
  return {10, target, static_cast<std::uint8_t>(generation >> 8), static_cast<std::uint8_t>(generation)};
}

Bytes of(std::initializer_list<std::uint16_t> generations) {
  Bytes message = response(question());
  std::uint8_t target = 0;
  for (const std::uint16_t each : generations) add(message, kA, four(target++, each));
  return message;
}

constexpr Expectation kSure{true, true};

}  // namespace

TEST_CASE("an answer of one generation, or a newer one, is right") {
  Judge judge;
  CHECK_FALSE(judge.newest());
  CHECK(judge.judge(question(), of({7, 7, 7}), kSure).fault == Fault::None);
  CHECK(judge.judge(question(), of({7}), kSure).fault == Fault::None);
  const Verdict verdict = judge.judge(question(), of({300}), kSure);
  CHECK(verdict.fault == Fault::None);
  CHECK(verdict.stamp == Stamp(300));
  CHECK(judge.newest() == Stamp(300));
}

TEST_CASE("generations go round") {
  Judge judge;
  for (const std::uint16_t each : std::vector<std::uint16_t>{65'000, 65'535, 0, 1, 30'000})
    CHECK(judge.judge(question(), of({each}), kSure).fault == Fault::None);
  CHECK(judge.judge(question(), of({1}), kSure).fault == Fault::Backward);
}

TEST_CASE("an answer that is empty, torn or older is told, and does not count as seen") {
  Judge judge;
  REQUIRE(judge.judge(question(), of({9}), kSure).fault == Fault::None);
  CHECK(judge.judge(question(), of({}), kSure).fault == Fault::Empty);
  CHECK(judge.judge(question(), response(question(), 3), kSure).fault == Fault::Empty);
  CHECK(judge.judge(question(), of({9, 10}), kSure).fault == Fault::Torn);
  CHECK(judge.judge(question(), of({8, 8}), kSure).fault == Fault::Backward);
  CHECK(judge.newest() == Stamp(9));
  CHECK(judge.judge(question(), of({}), {false, true}).fault == Fault::None);
  CHECK(judge.judge(question(), of({8, 9}), {true, false}).fault == Fault::None);
  Bytes alias = response(question());
  add(alias, kCname, {1, 'x', 0});
  CHECK(judge.judge(question(), alias, kSure).fault == Fault::Empty);
}

TEST_CASE("each group has its own order, and what may go back has none") {
  Judge judge(2);
  const auto faultOf = [&](std::uint16_t generation, std::optional<Group> group) {
    return judge.judge(question(), of({generation, generation}), {true, true, group}).fault;
  };
  CHECK(faultOf(9, 0) == Fault::None);
  CHECK(faultOf(5, 1) == Fault::None);
  CHECK(faultOf(4, 1) == Fault::Backward);
  CHECK(faultOf(8, 0) == Fault::Backward);
  CHECK(faultOf(1, std::nullopt) == Fault::None);
  CHECK(judge.judge(question(), of({1, 2}), {true, true, std::nullopt}).fault == Fault::Torn);
  CHECK(judge.judge(question(), of({}), {true, true, std::nullopt}).fault == Fault::Empty);
  CHECK(judge.newest(0) == Stamp(9));
  CHECK(judge.newest(1) == Stamp(5));
  // The progress of a run is that of one group.
  CHECK_FALSE(judge.judge(question(), of({9}), {true, true, Group{1}}).stamp);
  CHECK(judge.judge(question(), of({9}), {true, true, Group{0}}).stamp == Stamp(9));
}

TEST_CASE("AAAA records carry the generation at their end, and A records beside them nothing") {
  Judge judge;
  Bytes six(16);
  six[14] = 1;
  six[15] = 2;
  Bytes message = response(question("ep", kAaaa));
  add(message, kAaaa, six);
  add(message, kA, four(0, 77));
  CHECK(judge.judge(question("ep", kAaaa), message, kSure).stamp == Stamp(0x102));
}

TEST_CASE("what is no answer to the question is told apart") {
  Judge judge;
  CHECK(judge.judge(question(), {}, kSure).fault == Fault::Malformed);
  CHECK(judge.judge(question(), question(), kSure).fault == Fault::Malformed);
  CHECK(judge.judge(question(), response(question("other")), kSure).fault == Fault::Other);
  CHECK(judge.judge(question(), response(question("ep", kAaaa)), kSure).fault == Fault::Other);
  for (const std::uint8_t rcode : Bytes{1, 2, 4, 5})
    CHECK(judge.judge(question(), response(question(), rcode), kSure).fault == Fault::Failed);
  Bytes truncated = response(question());
  truncated[2] |= 2;
  const Verdict verdict = judge.judge(question(), truncated, kSure);
  CHECK(verdict.fault == Fault::None);
  CHECK(verdict.isTruncated);
}

TEST_CASE("a response that is cut off or spoilt is never read past its end") {
  const Bytes whole = of({5, 5, 5});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Judge judge;
    // On the heap and of the exact size, so that the address sanitizer sees every octet out of bounds.
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(judge.judge(question(), cut, kSure).fault != Fault::None);
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Judge judge;
    Bytes spoilt = whole;
    for (int i = 0; i < 3; ++i) spoilt[random() % spoilt.size()] = static_cast<std::uint8_t>(random());
    spoilt.resize(1 + random() % spoilt.size());
    const Verdict verdict = judge.judge(question(), spoilt, kSure);
    if (verdict.stamp) CHECK(spoilt.size() > 40);
  }
}

}  // namespace holdfast::flood
