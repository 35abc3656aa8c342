#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <thread>

#include "tests/server/socket_fixture.h"

// The sockets, over the loopback interface.
namespace holdfast::test {

TEST_CASE("addresses are read and written, and wrong ones are named") {
  for (const char* text : {"127.0.0.1:5300", "[::1]:5300", "0.0.0.0:0", "[2001:db8::1]:65535"})
    CHECK(SocketAddress::parse(text)->text() == text);
  for (const char* text :
       {"", ":", "localhost:53", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:5x",
        "::1:53", "[::1]", "[127.0.0.1]:53", "[]:53", "[::1]53", "256.1.1.1:1"}) {
    const auto parsed = SocketAddress::parse(text);
    INFO(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().where.find(text) != std::string::npos);
  }
}

TEST_CASE("UDP and TCP answer on one port of the system's choice") {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    Running server({}, address);
    REQUIRE(server.address().port() != 0);
    Client udp(SOCK_DGRAM, server.address());
    udp.send(askFor(7));
    CHECK(decode(udp.receive())->answer() == std::vector<std::string>{"ns.example. 60 A 192.0.2.1"});
    Client tcp(SOCK_STREAM, server.address());
    tcp.send(framed(askFor(8)));
    CHECK(decode(tcp.message())->answer() == std::vector<std::string>{"ns.example. 60 A 192.0.2.1"});
    CHECK(server.reaches(udpQueries, 1));
    CHECK(server.reaches(tcpQueries, 1));
    CHECK(server.reaches(open, 1));
  }
}

TEST_CASE("on a wildcard address the reply comes from where the query went") {
  for (const auto& [bind, ask] : {std::pair{"0.0.0.0:0", "127.0.0.2"}, std::pair{"[::]:0", "[::1]"}}) {
    Running server({}, bind);
    const auto to = SocketAddress::parse(ask + (":" + std::to_string(server.address().port())));
    // A connected socket takes datagrams of that very peer only.
    Client udp(SOCK_DGRAM, *to);
    udp.send(askFor(9));
    CHECK(decode(udp.receive()).has_value());
  }
}

TEST_CASE("a burst of datagrams is answered, each to its own client") {
  Running server;
  std::vector<std::unique_ptr<Client>> clients;
  for (std::uint16_t i = 0; i < 8; ++i)
    clients.push_back(std::make_unique<Client>(SOCK_DGRAM, server.address()));
  for (std::uint16_t i = 0; i < 200; ++i) clients[i % 8]->send(askFor(i));
  for (std::uint16_t i = 0; i < 200; ++i) {
    const auto response = decode(clients[i % 8]->receive());
    REQUIRE(response);
    CHECK(response->id % 8 == i % 8);
  }
  CHECK(server.reaches(udpQueries, 200));
}

TEST_CASE("a response too long for UDP is truncated there and whole by TCP") {
  Running server;
  Client udp(SOCK_DGRAM, server.address());
  udp.send(askFor(1, "big.example"));
  CHECK(decode(udp.receive())->truncated());
  Client tcp(SOCK_STREAM, server.address());
  tcp.send(framed(askFor(2, "big.example")));
  CHECK(decode(tcp.message())->answer().size() == 3000);
}

TEST_CASE("pipelined TCP queries are answered in order, however they are cut into segments") {
  Running server;
  Bytes stream;
  for (std::uint16_t i = 0; i < 300; ++i)
    for (const std::uint8_t octet : framed(askFor(i))) stream.push_back(octet);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, stream.size()}) {
    Client tcp(SOCK_STREAM, server.address());
    const std::size_t cut = piece == 1 ? 300 : stream.size();
    for (std::size_t at = 0; at < cut; at += piece) {
      const auto begin = stream.begin() + static_cast<std::ptrdiff_t>(at);
      tcp.send({begin, begin + static_cast<std::ptrdiff_t>(std::min(piece, cut - at))});
      if (piece == 1 && at % 7 == 0) std::this_thread::sleep_for(milliseconds(1));
    }
    const std::size_t whole = cut / framed(askFor(0)).size();
    for (std::size_t i = 0; i < whole; ++i) REQUIRE(decode(tcp.message())->id == i);
  }
}

TEST_CASE("a client that has ended its side still gets its answers, then the end") {
  Running server;
  Client tcp(SOCK_STREAM, server.address());
  tcp.send(framed(askFor(1)));
  tcp.send(framed(askFor(2, "big.example")));
  tcp.endSending();
  CHECK(decode(tcp.message())->id == 1);
  CHECK(decode(tcp.message())->id == 2);
  CHECK(tcp.isClosed());
}

TEST_CASE("a length below a header's ends the connection, after what came before it was answered") {
  Running server;
  Client tcp(SOCK_STREAM, server.address());
  Bytes stream = framed(askFor(1));
  for (const std::uint8_t octet : hex("000b 0102030405060708090a0b")) stream.push_back(octet);
  tcp.send(stream);
  CHECK(decode(tcp.message())->id == 1);
  CHECK(tcp.isClosed());
}

TEST_CASE("a TCP client that does not read is not read from, and stops nobody else") {
  ServeSettings settings;
  settings.threads = 1;
  Running server(settings);
  Client greedy(SOCK_STREAM, server.address(), 4096);
  // Each brings 48 KiB: long before the end, buffers on the way are full and sending must stop.
  Bytes queries;
  for (unsigned i = 0; i < 20'000; ++i)
    for (const std::uint8_t octet : framed(askFor(static_cast<std::uint16_t>(i), "big.example")))
      queries.push_back(octet);
  std::size_t sent = 0;
  for (std::size_t some = 1; some > 0 && sent < 64u << 20; sent += some) {
    const auto from = queries.begin() + static_cast<std::ptrdiff_t>(sent % queries.size());
    some = greedy.sendSome({from, queries.end()});
  }
  CHECK(sent < 64u << 20);
  CHECK(server.sum(tcpQueries) < 2'000);
  Client other(SOCK_STREAM, server.address());
  other.send(framed(askFor(2)));
  CHECK(decode(other.message())->id == 2);
  // Once it reads it gets everything in order, more than the buffers on the way hold.
  for (unsigned i = 0; i < 2400; ++i) {
    const Bytes response = greedy.message();
    REQUIRE(response.size() > 48'000);
    REQUIRE((response[0] << 8 | response[1]) == static_cast<int>(i));
  }
}

TEST_CASE("over the limit of connections the one idle the longest makes room") {
  ServeSettings settings;
  settings.threads = 1;
  settings.tcp.connections = 2;
  Running server(settings);
  Client first(SOCK_STREAM, server.address());
  Client second(SOCK_STREAM, server.address());
  second.send(framed(askFor(1)));
  REQUIRE(decode(second.message()));
  first.send(framed(askFor(2)));
  REQUIRE(decode(first.message()));
  Client third(SOCK_STREAM, server.address());
  third.send(framed(askFor(3)));
  CHECK(decode(third.message())->id == 3);
  CHECK(second.isClosed());
  first.send(framed(askFor(4)));
  CHECK(decode(first.message())->id == 4);
  CHECK(server.reaches(open, 2));
  CHECK(server.sum(refused) == 0);
}

TEST_CASE("a new connection is refused when all others have responses under way") {
  ServeSettings settings;
  settings.threads = 1;
  settings.tcp.connections = 1;
  Running server(settings);
  Client busy(SOCK_STREAM, server.address(), 4096);
  Bytes queries;
  for (unsigned i = 0; i < 400; ++i)
    for (const std::uint8_t octet : framed(askFor(1, "big.example"))) queries.push_back(octet);
  busy.send(queries);
  std::this_thread::sleep_for(milliseconds(300));
  Client late(SOCK_STREAM, server.address());
  CHECK(server.reaches(refused, 1));
}

TEST_CASE("draining answers what was received, closes and ends in time") {
  Running server;
  Client udp(SOCK_DGRAM, server.address());
  Client tcp(SOCK_STREAM, server.address());
  Client deaf(SOCK_STREAM, server.address(), 4096);
  Bytes queries;
  for (unsigned i = 0; i < 400; ++i)
    for (const std::uint8_t octet : framed(askFor(1, "big.example"))) queries.push_back(octet);
  deaf.send(queries);
  tcp.send(framed(askFor(1)));
  REQUIRE(decode(tcp.message()));
  for (std::uint16_t i = 0; i < 50; ++i) udp.send(askFor(i));
  tcp.send(framed(askFor(2)));
  const auto before = std::chrono::steady_clock::now();
  server.workers().drain(milliseconds(300));
  const auto took = std::chrono::steady_clock::now() - before;
  CHECK(took >= milliseconds(290));
  CHECK(took < milliseconds(2000));
  for (std::uint16_t i = 0; i < 50; ++i) REQUIRE(decode(udp.receive()));
  CHECK(decode(tcp.message())->id == 2);
  CHECK(tcp.isClosed());
  CHECK(server.sum(udpQueries) == 50);
}

TEST_CASE("a worker of one socket ends its wait when it is told to, and counts nothing for that") {
  WorkerCounters counters;
  RcuPointer<Snapshot> snapshot(std::make_unique<Snapshot>());
  UdpWorker worker(kMinUdpPayload, {}, snapshot, counters);
  auto socket = openUdp(*SocketAddress::parse("127.0.0.1:0"), {});
  REQUIRE(socket);
  const SocketAddress address = *boundAddress(*socket);
  REQUIRE(worker.serve(*std::move(socket)));
  REQUIRE(worker.start(0));
  Client client(SOCK_DGRAM, address);
  const bool isAsked = GENERATE(false, true);
  if (isAsked) {
    client.send(askFor(5));
    CHECK(decode(client.receive())->id == 5);
  }
  std::this_thread::sleep_for(milliseconds(20));  // most likely it waits
  const auto begun = std::chrono::steady_clock::now();
  worker.stop(begun + std::chrono::seconds(60));
  worker.join();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
  CHECK(counters.of(Transport::Udp).queries.value() == (isAsked ? 1 : 0));
  CHECK(counters.of(Transport::Udp).malformed.value() == 0);
}

TEST_CASE("a worker told to stop answers the datagrams that wait, on all of its sockets") {
  WorkerCounters counters;
  RcuPointer<Snapshot> snapshot(std::make_unique<Snapshot>());
  UdpWorker worker(kMinUdpPayload, {}, snapshot, counters);
  std::vector<SocketAddress> addresses;
  const unsigned sockets = GENERATE(1u, 2u);
  for (unsigned i = 0; i < sockets; ++i) {
    auto socket = openUdp(*SocketAddress::parse("127.0.0.1:0"), {});
    REQUIRE(socket);
    addresses.push_back(*boundAddress(*socket));
    REQUIRE(worker.serve(*std::move(socket)));
  }
  // The order to stop is there first, so that it is the first thing the worker sees.
  worker.stop(std::chrono::steady_clock::now() + std::chrono::seconds(3));
  Client client(SOCK_DGRAM, addresses.front()), other(SOCK_DGRAM, addresses.back());
  // Between messages to which there is no reply.
  const Bytes cut(5);
  client.send(cut);
  for (std::uint16_t i = 0; i < 100; ++i) {
    client.send(askFor(i));
    client.send(cut);
  }
  other.send(askFor(7));
  REQUIRE(worker.start(0));
  worker.join();
  const WorkerCounters::PerTransport& udp = counters.of(Transport::Udp);
  CHECK(udp.queries.value() == 202);
  CHECK(udp.malformed.value() == 101);
  CHECK(udp.unsent.value() == 0);
  for (std::uint16_t i = 0; i < 100; ++i) REQUIRE(decode(client.receive())->id == i);
  CHECK(decode(other.receive())->id == 7);
}

TEST_CASE("an address in use is an error that names it, not a port shared in silence") {
  Running server;
  RcuPointer<Snapshot> snapshot(std::make_unique<Snapshot>());
  ServeSettings settings;
  settings.listen = {server.address()};
  const auto second = Workers::start(settings, snapshot);
  REQUIRE_FALSE(second);
  CHECK(second.error().text().find(server.address().text()) != std::string::npos);
  CHECK(second.error().text().find("in use") != std::string::npos);
}

}  // namespace holdfast::test
