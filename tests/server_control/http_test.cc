#include "server/http.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "server/unix_socket.h"
#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

HttpSettings small(std::chrono::milliseconds idle = std::chrono::seconds(5)) {
  return {1u << 20, "limits.plan-bytes", idle};
}

mode_t modeOf(const std::string& path) {
  struct stat file {};
  REQUIRE(stat(path.c_str(), &file) == 0);
  return file.st_mode & 07777;
}

constexpr const char* kPost =
    "POST /v1/zones/example.net/plans HTTP/1.1\r\nContent-Type: application/json\r\n";

void checkTooLarge(const HttpAnswer& answer) {
  CHECK(answer.status == 413);
  CHECK_THAT(answer.head, Catch::Contains("Content-Type: application/json\r\n"));
  const auto document = nlohmann::json::parse(answer.body);
  CHECK_THAT(document["error"].get<std::string>(),
             Catch::Contains("limits.plan-bytes") && Catch::Contains("1048576"));
}

}  // namespace

TEST_CASE("a body over the limit is a 413 that the client gets to see") {
  ServerFixture server(small());
  const std::string body(8u << 20, 'x');
  checkTooLarge(
      server.request("POST", "/v1/zones/example.net/plans", "Content-Type: application/json\r\n", body));
  // With Expect the server says nothing before the client starts anyway.
  checkTooLarge(server.request("POST", "/v1/zones/example.net/plans",
                               "Content-Type: application/json\r\nExpect: 100-continue\r\n", body));
  {
    // On a connection that has been in use.
    RawConnection connection(server.socket());
    connection.send("GET /v1/status HTTP/1.1\r\n\r\n");
    connection.send(kPost + ("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n"));
    connection.send(body);
    const std::string all = connection.readAll();
    const std::size_t second = all.find("HTTP/1.1 413");
    REQUIRE(second != std::string::npos);
    CHECK_THAT(all.substr(second), Catch::Contains("limits.plan-bytes") && !Catch::Contains("HTML"));
  }
  {
    // In chunks, where nobody knows the size beforehand.
    RawConnection connection(server.socket());
    connection.send(kPost + std::string("Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 40 && connection.send("8000\r\n" + std::string(0x8000, 'x') + "\r\n"); ++i) continue;
    checkTooLarge(connection.readAnswer());
  }
  CHECK(server.connections().tooLarge == 4);
  CHECK_THAT(server.log(), Catch::Contains("\"request turned away\"") && Catch::Contains("\"status\":413"));
}

TEST_CASE("a body that is announced as too large, and does not come, is a 413 all the same") {
  ServerFixture server(small());
  const std::string length =
      GENERATE("1048577", "9223372036854775807", "18446744073709551616", "99999999999999999999999999");
  CAPTURE(length);
  const std::string sent = GENERATE("", "x", "{\"plan\": 1}");
  const auto begun = std::chrono::steady_clock::now();
  {
    RawConnection connection(server.socket());
    connection.send(kPost + ("cOntent-length:  " + length + " \r\n\r\n" + sent));
    checkTooLarge(connection.readAnswer());
  }
  {
    // Octet by octet, and after another request on the same connection.
    RawConnection connection(server.socket());
    const std::string both = "GET /v1/status HTTP/1.1\r\n\r\n" + std::string(kPost) +
                             "Content-Length: " + length + "\r\n\r\n" + sent;
    if (sent.empty())
      connection.send(both);  // in one piece: the second is there before the first is answered
    else
      for (const char octet : both) connection.send(std::string(1, octet));
    const std::string all = connection.readAll();
    CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 200"));
    CHECK_THAT(all, Catch::Contains("HTTP/1.1 413") && Catch::Contains("limits.plan-bytes"));
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
  CHECK(server.request("GET", "/v1/status").status == 200);
  CHECK(server.connections().tooLarge == 2);
  CHECK_THAT(server.log(), Catch::Contains("\"request turned away\"") && Catch::Contains("\"status\":413"));
}

TEST_CASE("of connections that have gone nothing is kept") {
  constexpr std::size_t kMany = 300, kFew = 64;
  const TemporaryDirectory directory;
  LoopThread loop;
  const std::string socket = directory.path() + "/control.sock";
  HttpSettings settings = small();
  settings.connections = 2 * kMany;
  std::atomic<std::uint64_t> kept{0};
  std::unique_ptr<HttpServer> server;
  auto made = HttpServer::onUnixSocket(loop.base(), socket, settings,
                                       {[&](HttpRequest, std::shared_ptr<HttpReply> reply) {
                                          kept = server->stats().kept;
                                          reply->send({200, "{}\n", "application/json", {}});
                                        },
                                        [](auto&, int) {}});
  REQUIRE(made);
  server = *std::move(made);
  loop.start();
  {
    // At once, so that each has an address of its own.
    std::vector<std::unique_ptr<RawConnection>> connections;
    for (std::size_t i = 0; i < kMany; ++i) {
      connections.push_back(std::make_unique<RawConnection>(socket));
      connections.back()->send("GET / HTTP/1.1\r\n\r\n");
      REQUIRE_FALSE(connections.back()->readTo("\r\n\r\n").empty());
    }
    CHECK(kept == kMany);
  }
  for (std::size_t i = 0; i < kMany; ++i) {
    { const RawConnection silent(socket); }
    REQUIRE(httpRequest(socket, "GET", "/").status == 200);
  }
  CHECK(kept <= 2 * kFew);
  loop.stop();
}

TEST_CASE("a body that is announced as too large is not the answer to the request before it") {
  const TemporaryDirectory directory;
  LoopThread loop;
  const std::string socket = directory.path() + "/control.sock";
  std::shared_ptr<HttpReply> first;
  auto server = HttpServer::onUnixSocket(
      loop.base(), socket, small(),
      {[&](HttpRequest, std::shared_ptr<HttpReply> reply) { first = std::move(reply); }, [](auto&, int) {}});
  REQUIRE(server);
  loop.start();
  RawConnection connection(socket);
  connection.send(kPost + std::string("Content-Length: 4\r\n\r\nplan") + kPost +
                  "Content-Length: 99999999\r\n\r\n");
  // Longer than a pause that is answered takes.
  std::this_thread::sleep_for(std::chrono::milliseconds(1800));
  loop.queue().post([&] { std::exchange(first, nullptr)->send({200, "{}\n", "application/json", {}}); });
  const std::string all = connection.readAll();
  CHECK_THAT(all, Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(all, Catch::Contains("HTTP/1.1 413"));
  loop.stop();
}

TEST_CASE("a length that is none is a 400") {
  const ServerFixture server(small());
  for (const char* length : {"-5", "abc", "5x", "", "0x10", "5, 5", "1e3"}) {
    CAPTURE(length);
    RawConnection connection(server.socket());
    connection.send(kPost + (std::string("Content-Length: ") + length + "\r\n\r\n12345"));
    const HttpAnswer answer = connection.readAnswer();
    CHECK(answer.status == 400);
    CHECK(nlohmann::json::parse(answer.body).contains("error"));
  }
}

TEST_CASE("what is not HTTP gets a JSON answer") {
  const ServerFixture server(small());
  RawConnection connection(server.socket());
  connection.send("garbage\r\n\r\n");
  const HttpAnswer answer = connection.readAnswer();
  CHECK(answer.status == 400);
  CHECK(nlohmann::json::parse(answer.body).contains("error"));
}

TEST_CASE("a truncated body changes nothing (I4)") {
  const ServerFixture server(small(std::chrono::milliseconds(300)));
  server.request("PUT", "/v1/zones/example.net");
  const std::string plan = samplePlan(5, 4);
  const std::string head = kPost + ("Content-Length: " + std::to_string(plan.size() + 1) + "\r\n\r\n");
  {
    RawConnection gone(server.socket());
    gone.send(head + plan);
  }
  RawConnection slow(server.socket());
  slow.send(head + plan);
  CHECK(slow.readAll().empty());  // the server lost patience
  const auto status = server.get("/v1/zones/example.net");
  CHECK(status["committed"] == 0);
  CHECK(status["last_refusal"].is_null());
}

TEST_CASE("incomplete requests time out") {
  const ServerFixture server(small(std::chrono::milliseconds(300)));
  const auto begun = std::chrono::steady_clock::now();
  RawConnection silent(server.socket()), half(server.socket());
  half.send("GET /v1/status HTTP/1.1\r\nAcc");
  CHECK(silent.readAll().empty());
  CHECK(half.readAll().empty());
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("one connection serves many requests, pipelined ones too") {
  const ServerFixture server(small());
  RawConnection connection(server.socket());
  connection.send("GET /v1/status HTTP/1.1\r\n\r\nGET /v1/nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string all = connection.readAll();
  CHECK_THAT(all, Catch::Contains("HTTP/1.1 200 OK") && Catch::Contains("HTTP/1.1 404 Not Found"));
}

TEST_CASE("a client that leaves before its answer harms nobody") {
  const ServerFixture server(small());
  server.request("PUT", "/v1/zones/example.net");
  for (int i = 0; i < 50; ++i) {
    RawConnection connection(server.socket());
    connection.send("GET /v1/status HTTP/1.1\r\n\r\n");
  }
  CHECK(server.request("GET", "/v1/status").status == 200);
}

TEST_CASE("the control socket is private, and only a dead server's is replaced") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/run/c.sock";
  {
    const auto first = UnixSocket::listen(path);
    REQUIRE(first);
    CHECK(modeOf(path) == 0660);
    CHECK(modeOf(directory.path() + "/run") == 0750);
    const auto second = UnixSocket::listen(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::Conflict);
    CHECK_THAT(second.error().text(), Catch::StartsWith(path + ": another server answers"));
  }
  CHECK(access(path.c_str(), F_OK) != 0);

  std::ofstream(path) << "precious";
  const auto file = UnixSocket::listen(path);
  REQUIRE_FALSE(file);
  CHECK_THAT(file.error().text(), Catch::Contains("is not a socket"));
  CHECK(access(path.c_str(), F_OK) == 0);
  unlink(path.c_str());

  {
    auto dead = UnixSocket::listen(path);
    REQUIRE(dead);
    // What kill -9 leaves behind: the file without a listener.
    REQUIRE(rename(path.c_str(), (path + ".kept").c_str()) == 0);
  }
  REQUIRE(rename((path + ".kept").c_str(), path.c_str()) == 0);
  CHECK(UnixSocket::listen(path));
  CHECK_FALSE(UnixSocket::listen(directory.path() + "/" + std::string(120, 'x')));
}

}  // namespace holdfast
