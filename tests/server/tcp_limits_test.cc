#include <catch2/catch.hpp>

#include "tests/server/socket_fixture.h"

// What TCP clients may take up: places, and the time each of them is held.
namespace holdfast::test {

namespace {

using Clock = std::chrono::steady_clock;

const auto accepted = counter(&WorkerCounters::tcpAccepted);
const auto clientRefused = counter(&WorkerCounters::tcpClientRefused);
const auto evicted = counter(&WorkerCounters::tcpEvicted);
const auto slowMessage = counter(&WorkerCounters::tcpSlowMessage);
const auto slowResponse = counter(&WorkerCounters::tcpSlowResponse);
const auto expired = counter(&WorkerCounters::tcpExpired);

/// One thread, and no limit but those a test sets.
ServeSettings generous() {
  ServeSettings settings;
  settings.threads = 1;
  settings.tcp.idle = settings.tcp.message = settings.tcp.response = settings.tcp.lifetime =
      std::chrono::minutes(10);
  return settings;
}

Bytes bigQueries(unsigned count) {
  Bytes stream;
  for (unsigned i = 0; i < count; ++i)
    for (const std::uint8_t octet : framed(askFor(static_cast<std::uint16_t>(i), "big.example")))
      stream.push_back(octet);
  return stream;
}

bool isAnswered(Client& client, std::uint16_t id) {
  client.send(framed(askFor(id)));
  const Bytes response = client.message();
  return !response.empty() && decode(response)->id == id;
}

}  // namespace

TEST_CASE("a connection that is idle for too long is closed, and one that asks in time is kept") {
  ServeSettings settings = generous();
  settings.tcp.idle = milliseconds(400);
  Running server(settings);
  Client silent(SOCK_STREAM, server.address());
  Client asked(SOCK_STREAM, server.address());
  Client asking(SOCK_STREAM, server.address());
  REQUIRE(isAnswered(asked, 1));
  for (std::uint16_t i = 0; i < 16; ++i) {
    REQUIRE(isAnswered(asking, i));
    std::this_thread::sleep_for(milliseconds(60));
  }
  CHECK(server.sum(idle) == 2);
  CHECK(silent.isClosed());
  CHECK(asked.isClosed());
  CHECK(server.sum(closed) == 2);
}

TEST_CASE("a message must arrive within its time, however its octets trickle") {
  ServeSettings settings = generous();
  settings.tcp.message = milliseconds(400);
  Running server(settings);
  Client half(SOCK_STREAM, server.address());
  half.send({0});  // of the length
  Client trickling(SOCK_STREAM, server.address());
  Client steady(SOCK_STREAM, server.address());
  const Bytes query = framed(askFor(1));
  for (unsigned i = 0; i < 16; ++i) {
    trickling.sendSome({1});
    // Never without a part of a message on its way, and each in time.
    const auto cut = query.begin() + 5;
    if (i == 0) steady.send({query.begin(), cut});
    Bytes next(cut, query.end());
    next.insert(next.end(), query.begin(), cut);
    steady.send(next);
    REQUIRE(decode(steady.message())->id == 1);
    std::this_thread::sleep_for(milliseconds(60));
  }
  CHECK(server.reaches(slowMessage, 2));
  CHECK(half.isReset());
  CHECK(server.reaches(open, 1));
}

TEST_CASE("a client that takes nothing is reset, and one that takes slowly but steadily gets everything") {
  ServeSettings settings = generous();
  settings.tcp.response = milliseconds(500);
  Running server(settings);
  Client deaf(SOCK_STREAM, server.address(), 4096);
  Client slow(SOCK_STREAM, server.address(), 65536);
  constexpr unsigned kQueries = 400;  // 19 MB of responses: more than the system holds for it
  deaf.send(bigQueries(kQueries));
  slow.send(bigQueries(kQueries));
  const auto begun = Clock::now();
  for (unsigned i = 0; i < kQueries; ++i) {
    const Bytes response = slow.message();
    REQUIRE(response.size() > 48'000);
    REQUIRE((response[0] << 8 | response[1]) == static_cast<int>(i));
    std::this_thread::sleep_for(milliseconds(4));
  }
  CHECK(Clock::now() - begun > 2 * settings.tcp.response);
  CHECK(server.reaches(slowResponse, 1));
  CHECK(server.reaches(open, 1));
  CHECK(server.sum(closed) == 1);
}

TEST_CASE("a connection ends at the limit of its life, between two answers") {
  ServeSettings settings = generous();
  settings.tcp.lifetime = milliseconds(300);
  Running server(settings);
  Client asking(SOCK_STREAM, server.address());
  const auto begun = Clock::now();
  std::uint16_t answered = 0;
  while (isAnswered(asking, answered)) {
    ++answered;
    REQUIRE(Clock::now() - begun < std::chrono::seconds(10));
    std::this_thread::sleep_for(milliseconds(20));
    if (server.sum(expired) > 0) break;
  }
  CHECK(Clock::now() - begun >= settings.tcp.lifetime);
  CHECK(answered > 3);
  CHECK(server.reaches(expired, 1));
  CHECK(asking.isClosed());
  CHECK(server.reaches(closed, 1));
}

TEST_CASE("one client has no more than its share of the connections, in all workers together") {
  ServeSettings settings = generous();
  settings.threads = 3;
  settings.tcp.connectionsPerClient = 4;
  Running server(settings);
  std::vector<std::unique_ptr<Client>> clients;
  for (std::uint16_t i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(SOCK_STREAM, server.address()));
    REQUIRE(isAnswered(*clients.back(), i));
  }
  for (unsigned i = 0; i < 8; ++i) CHECK(Client(SOCK_STREAM, server.address()).isReset());
  CHECK(server.reaches(clientRefused, 8));
  Client other(SOCK_STREAM, server.address(), 0, "127.0.0.2:0");
  CHECK(isAnswered(other, 9));
  clients.pop_back();
  REQUIRE(server.reaches(open, 4));
  Client again(SOCK_STREAM, server.address());
  CHECK(isAnswered(again, 10));
  for (std::uint16_t i = 0; i < 3; ++i) CHECK(isAnswered(*clients[i], i));
}

TEST_CASE("the limit of connections is that of all workers together") {
  ServeSettings settings = generous();
  settings.threads = 4;
  settings.tcp.connections = 3;
  Running server(settings);
  std::vector<std::unique_ptr<Client>> clients;
  for (unsigned i = 1; i <= 40; ++i) {
    clients.push_back(std::make_unique<Client>(SOCK_STREAM, server.address()));
    REQUIRE(server.reaches(accepted, i));
    CHECK(server.sum(open) <= 3);
  }
  CHECK(server.reaches(open, 3));
  CHECK(server.sum(evicted) + server.sum(refused) == 37);
  CHECK(server.sum(closed) == server.sum(evicted));
}

TEST_CASE("while places run low idle connections go sooner, also those of other workers") {
  ServeSettings settings = generous();
  settings.threads = 4;
  settings.tcp.connections = 80;  // 50 for any one worker
  settings.tcp.idle = milliseconds(30'000);
  Running server(settings);
  std::vector<std::unique_ptr<Client>> clients;
  for (unsigned i = 0; i < 50; ++i)
    clients.push_back(std::make_unique<Client>(SOCK_STREAM, server.address()));
  std::this_thread::sleep_for(milliseconds(900));
  CHECK(server.sum(idle) == 0);
  const auto begun = Clock::now();
  for (unsigned i = 0; i < 30; ++i)
    clients.push_back(std::make_unique<Client>(SOCK_STREAM, server.address()));
  // A bound: with places left it would take 30 s.
  while (server.sum(idle) == 0 && Clock::now() - begun < milliseconds(20'000))
    std::this_thread::sleep_for(milliseconds(20));
  CHECK(server.sum(idle) > 0);
  CHECK(server.sum(evicted) == 0);
  CHECK(isAnswered(*clients.back(), 1));
}

TEST_CASE("a connection with part of a message makes room, but not before an idle one") {
  ServeSettings settings = generous();
  settings.tcp.connections = 2;
  Running server(settings);
  Client partial(SOCK_STREAM, server.address());
  partial.send({0, 40, 1});
  REQUIRE(server.reaches(open, 1));
  std::this_thread::sleep_for(milliseconds(50));
  Client second(SOCK_STREAM, server.address());
  REQUIRE(server.reaches(open, 2));
  Client third(SOCK_STREAM, server.address());
  CHECK(isAnswered(third, 3));
  CHECK(second.isClosed());
  third.send({0});
  std::this_thread::sleep_for(milliseconds(50));
  Client fourth(SOCK_STREAM, server.address());
  CHECK(isAnswered(fourth, 4));
  CHECK_FALSE(partial.message().size() > 0);
  CHECK(server.sum(evicted) == 2);
  CHECK(server.sum(refused) == 0);
}

}  // namespace holdfast::test
