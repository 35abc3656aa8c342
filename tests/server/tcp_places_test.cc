#include "server/tcp_places.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

// Who may have how many TCP connections, without sockets.
namespace holdfast::test {

namespace {

using Place = TcpPlaces::Place;
using Taken = TcpPlaces::Taken;
using std::chrono::milliseconds;

SocketAddress from(const char* address) {
  return *SocketAddress::parse(address);
}

TcpLimits limits(std::size_t connections, std::size_t perClient) {
  TcpLimits limits;
  limits.connections = connections;
  limits.connectionsPerClient = perClient;
  return limits;
}

}  // namespace

TEST_CASE("a client is an IPv4 address or an IPv6 /64, whatever its port") {
  const auto [first, other, same] = GENERATE(table<const char*, const char*, bool>({
      {"192.0.2.1:1", "192.0.2.1:2", true},
      {"192.0.2.1:1", "192.0.2.2:1", false},
      {"[2001:db8::1]:1", "[2001:db8::ffff:0:0:2]:2", true},
      {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
      {"[::1]:1", "127.0.0.1:1", false},
  }));
  TcpPlaces places(limits(10, 1));
  TcpPlaces::Share share;
  Place a, b;
  CAPTURE(first, other);
  REQUIRE(places.take(from(first), share, a) == Taken::Yes);
  CHECK(places.take(from(other), share, b) == (same ? Taken::ClientHasAll : Taken::Yes));
}

TEST_CASE("places are given back, refusals take none") {
  TcpPlaces places(limits(3, 2));
  TcpPlaces::Share share;
  std::vector<Place> held(3);
  Place none;
  REQUIRE(places.take(from("192.0.2.1:1"), share, held[0]) == Taken::Yes);
  REQUIRE(places.take(from("192.0.2.1:1"), share, held[1]) == Taken::Yes);
  for (unsigned i = 0; i < 10; ++i)
    CHECK(places.take(from("192.0.2.1:1"), share, none) == Taken::ClientHasAll);
  CHECK(places.used() == 2);
  REQUIRE(places.take(from("192.0.2.2:1"), share, held[2]) == Taken::Yes);
  for (unsigned i = 0; i < 10; ++i) CHECK(places.take(from("192.0.2.3:1"), share, none) == Taken::NoneLeft);
  CHECK(places.used() == 3);
  held.clear();
  CHECK(places.used() == 0);
  for (unsigned i = 0; i < 2; ++i)
    CHECK(places.take(from("192.0.2.3:1"), share, held.emplace_back()) == Taken::Yes);
}

TEST_CASE("workers together never take more than there is, and lose none") {
  TcpPlaces places(limits(50, 30), 4);   // six for each, and 26 for all
  std::atomic<std::size_t> together{0};  // counted after taking and before giving back: never too many
  std::atomic<std::size_t> most{0};
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < 4; ++w)
    workers.emplace_back([&, w] {
      TcpPlaces::Share share;
      std::vector<Place> held;
      const auto giveBack = [&] {
        together -= held.size();
        held.clear();
      };
      for (unsigned i = 0; i < 20'000; ++i) {
        const SocketAddress client = from(i % 2 == 0 ? "192.0.2.1:1" : "192.0.2.2:1");
        if (Place place; places.take(client, share, place) == Taken::Yes) {
          held.push_back(std::move(place));
          const std::size_t now = ++together;
          for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
        }
        // More than all the places, so that one worker alone reaches the limit.
        if ((i + w) % 137 == 0) giveBack();
      }
      giveBack();
    });
  for (std::thread& worker : workers) worker.join();
  CHECK(most >= 32);
  CHECK(most <= 50);
  CHECK(places.used() == 0);
  TcpPlaces::Share share;
  std::vector<Place> all(30);
  for (Place& place : all) CHECK(places.take(from("192.0.2.1:1"), share, place) == Taken::Yes);
}

TEST_CASE("half of the places is divided among workers, and nobody else gets a worker's own") {
  TcpPlaces places(limits(12, 100), 3);
  TcpPlaces::Share greedy, modest;
  std::vector<Place> many(20);
  std::size_t taken = 0;
  for (Place& place : many) taken += places.take(from("192.0.2.1:1"), greedy, place) == Taken::Yes ? 1 : 0;
  CHECK(taken == 8);  // its two, and the six that all have together
  Place a, b, none;
  CHECK(places.take(from("192.0.2.2:1"), modest, a) == Taken::Yes);
  CHECK(places.take(from("192.0.2.2:1"), modest, b) == Taken::Yes);
  CHECK(places.take(from("192.0.2.2:1"), modest, none) == Taken::NoneLeft);
  CHECK(places.used() == 10);
  a = Place();
  CHECK(places.take(from("192.0.2.1:1"), greedy, none) == Taken::NoneLeft);
  CHECK(places.take(from("192.0.2.2:1"), modest, a) == Taken::Yes);
  many.clear();
  CHECK(places.used() == 2);
}

TEST_CASE("the idle limit shrinks while the last quarter of the places goes, to a tenth") {
  TcpLimits limits;
  limits.connections = 1000;
  limits.idle = milliseconds(10'000);
  CHECK(limits.idleWhen(0) == milliseconds(10'000));
  CHECK(limits.idleWhen(750) == milliseconds(10'000));
  CHECK(limits.idleWhen(875) == milliseconds(5000));
  CHECK(limits.idleWhen(1000) == milliseconds(1000));
  CHECK(limits.idleWhen(2000) == milliseconds(1000));
  limits.connections = 1;
  CHECK(limits.idleWhen(1) == milliseconds(10'000));
}

}  // namespace holdfast::test
