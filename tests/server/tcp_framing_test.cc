#include <catch2/catch.hpp>

#include "tests/server/socket_fixture.h"

// What a connection makes of odd messages and of odd ends.
namespace holdfast::test {

namespace {

const auto malformed = [](const WorkerCounters& c) -> const Counter& {
  return c.of(Transport::Tcp).malformed;
};

void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

TEST_CASE("an empty message ends the connection, after what came before it was answered") {
  Running server;
  Client tcp(SOCK_STREAM, server.address());
  Bytes stream = framed(askFor(1));
  append(stream, hex("0000"));
  tcp.send(stream);
  CHECK(decode(tcp.message())->id == 1);
  CHECK(tcp.isClosed());
  CHECK(server.reaches(malformed, 1));
}

TEST_CASE("a message that is no query, and one that is malformed, leave the connection open") {
  Running server;
  Client tcp(SOCK_STREAM, server.address());
  Bytes response = askFor(1);
  response[2] |= 0x80;
  Bytes stream = framed(response);
  append(stream, framed(hex("0002 0000 0001 0000 0000 0000")));
  append(stream, framed(askFor(3)));
  tcp.send(stream);
  const auto refusedOne = decode(tcp.message());
  REQUIRE(refusedOne);
  CHECK(refusedOne->id == 2);
  CHECK(refusedOne->rcode == 1);
  CHECK(decode(tcp.message())->id == 3);
  tcp.send(framed(askFor(4)));
  CHECK(decode(tcp.message())->id == 4);
}

TEST_CASE("octets of no meaning cost one connection and nothing else") {
  Running server;
  Random random(7);
  for (unsigned round = 0; round < 50; ++round) {
    Client tcp(SOCK_STREAM, server.address());
    Bytes junk(1 + random.below(3000));
    for (std::uint8_t& octet : junk) octet = static_cast<std::uint8_t>(random.next());
    tcp.sendSome(junk);
    tcp.endSending();
    while (!tcp.receive().empty()) {
    }
  }
  CHECK(server.reaches(open, 0));
  Client after(SOCK_STREAM, server.address());
  after.send(framed(askFor(9)));
  CHECK(decode(after.message())->id == 9);
}

TEST_CASE("a client that ends its side within a length or a message gets the answers before it") {
  Running server;
  for (const std::size_t left : {std::size_t{1}, std::size_t{2}, std::size_t{20}}) {
    Client tcp(SOCK_STREAM, server.address());
    Bytes stream = framed(askFor(1));
    const Bytes rest = framed(askFor(2));
    stream.insert(stream.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(left));
    tcp.send(stream);
    tcp.endSending();
    CHECK(decode(tcp.message())->id == 1);
    CHECK(tcp.isClosed());
  }
}

TEST_CASE("a client that ends its side gets every answer, also those that no buffer held yet") {
  Running server;
  Client tcp(SOCK_STREAM, server.address(), 4096);
  Bytes stream;
  constexpr unsigned kQueries = 250;  // 12 MB of responses
  for (std::uint16_t i = 0; i < kQueries; ++i) append(stream, framed(askFor(i, "big.example")));
  tcp.send(stream);
  tcp.endSending();
  for (unsigned i = 0; i < kQueries; ++i) {
    const Bytes response = tcp.message();
    REQUIRE(response.size() > 48'000);
    REQUIRE((response[0] << 8 | response[1]) == static_cast<int>(i));
  }
  CHECK(tcp.isClosed());
  CHECK(server.reaches(open, 0));
}

TEST_CASE("a client that resets with responses under way is forgotten") {
  Running server;
  {
    Client tcp(SOCK_STREAM, server.address(), 4096);
    Bytes stream;
    for (std::uint16_t i = 0; i < 300; ++i) append(stream, framed(askFor(i, "big.example")));
    tcp.send(stream);
    REQUIRE(tcp.receive(100).size() == 100);
  }
  CHECK(server.reaches(closed, 1));
  CHECK(server.sum(open) == 0);
}

}  // namespace holdfast::test
