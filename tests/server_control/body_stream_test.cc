// Large bodies that are handed on while they come in.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>

#include "server/http.h"
#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

constexpr std::size_t kLimit = 16u << 20;

std::string bodyOf(std::size_t size) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 7 + i / 251);
  return body;
}

/// A server that notes what its requests and their bodies were, and answers at once.
class Taker {
 public:
  explicit Taker(bool takes = true) {
    auto server = HttpServer::onUnixSocket(
        loop_.base(), socket(), {kLimit, "limits.plan-bytes", std::chrono::seconds(5)},
        {[this](HttpRequest request, const std::shared_ptr<HttpReply>& reply) {
           bodies.push_back(request.sink ? taken : std::string(request.body.join().view()));
           wasTaken.push_back(request.sink != nullptr);
           reply->send({200, "{\"n\":" + std::to_string(bodies.size()) + "}\n"});
         },
         [](auto&, int) {},
         [this, takes](const HttpStart& start) -> std::unique_ptr<BodySink> {
           asked.push_back(std::string(start.method) + " " + std::string(start.path) + " " +
                           std::string(start.query) + " " + std::string(start.contentType));
           taken.clear();
           return takes ? std::make_unique<Sink>(*this) : nullptr;
         }});
    REQUIRE(server);
    server_ = *std::move(server);
    loop_.start();
  }
  ~Taker() { end(); }
  /// What was noted may be looked at.
  void end() {
    loop_.stop();
    server_.reset();
  }
  std::string socket() const { return directory_.path() + "/control.sock"; }

  std::string taken;
  std::vector<std::string> bodies, asked;
  std::vector<bool> wasTaken;
  const std::shared_ptr<std::atomic<int>> sinks = std::make_shared<std::atomic<int>>(0);

 private:
  struct Sink : BodySink {
    explicit Sink(Taker& owner) : taker(owner), sinks(owner.sinks) { ++*sinks; }
    ~Sink() override { --*sinks; }
    void feed(std::string_view octets) override { taker.taken += octets; }
    Taker& taker;
    const std::shared_ptr<std::atomic<int>> sinks;
  };
  TemporaryDirectory directory_;
  LoopThread loop_;
  std::unique_ptr<HttpServer> server_;
};

std::string head(std::size_t length, const std::string& more = "") {
  return "POST /v1/zones/z/plans?base=1 HTTP/1.1\r\nHost: h\r\ncontent-TYPE: text/dns\r\n" + more +
         "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

constexpr const char* kGet = "GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n";

void sendBy(RawConnection& connection, std::string_view octets, std::size_t step) {
  for (std::size_t at = 0; at < octets.size(); at += step) REQUIRE(connection.send(octets.substr(at, step)));
}

}  // namespace

TEST_CASE("a large body is handed on as it comes, and is whole") {
  Taker server;
  const std::string body = bodyOf((3u << 20) + 77);
  const std::size_t step = GENERATE(1000, 65'536, 50'000'000);
  {
    RawConnection connection(server.socket());
    // Another one of the same connection, and a request that follows in the same octets.
    sendBy(connection, head(body.size()) + body + head(body.size()) + body + kGet, step);
    const std::string all = connection.readAll();
    CHECK_THAT(all,
               Catch::Contains("{\"n\":1}") && Catch::Contains("{\"n\":2}") && Catch::Contains("{\"n\":3}"));
  }
  server.end();
  REQUIRE(server.bodies.size() == 3);
  CHECK(server.bodies[0] == body);
  CHECK(server.bodies[1] == body);
  CHECK(server.bodies[2].empty());
  CHECK(server.wasTaken[0]);
  CHECK(server.asked.front() == "POST /v1/zones/z/plans base=1 text/dns");
  CHECK(*server.sinks == 0);
}

TEST_CASE("a client that waits to be told to go on is told") {
  Taker server;
  const std::string body = bodyOf(2u << 20);
  RawConnection connection(server.socket());
  REQUIRE(connection.send(head(body.size(), "Expect: 100-continue\r\n")));
  // It does wait: to one whose body is there already a server need not say so (RFC 9110, 10.1.1).
  REQUIRE(connection.readTo("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  sendBy(connection, body + kGet, 30'000);
  CHECK_THAT(connection.readAll(), Catch::Contains("{\"n\":1}") && Catch::Contains("{\"n\":2}"));
  server.end();
  CHECK(server.bodies.front() == body);
  CHECK(server.wasTaken.front());
}

TEST_CASE("what a client began to send and did not end is forgotten with its connection") {
  Taker server;
  const std::string body = bodyOf(4u << 20);
  for (int i = 0; i < 5; ++i) {
    RawConnection connection(server.socket());
    sendBy(connection, (head(body.size()) + body).substr(0, body.size() / 2), 100'000);
  }
  CHECK(httpRequest(server.socket(), "GET", "/v1/status").status == 200);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (*server.sinks > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(*server.sinks == 0);
  server.end();
  CHECK(server.bodies.size() == 1);
  CHECK(server.asked.size() == 5);
}

TEST_CASE("a server that goes away forgets what was being sent") {
  auto server = std::make_unique<Taker>();
  const auto sinks = server->sinks;
  RawConnection connection(server->socket());
  sendBy(connection, head(4u << 20) + bodyOf(1u << 20), 100'000);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (*sinks == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(*sinks == 1);
  server.reset();
  CHECK(*sinks == 0);
}

TEST_CASE("a body that is small, coded, of two lengths, or that nobody wants is kept in memory") {
  const std::string large = bodyOf(2u << 20);
  const auto sent = [](bool takes, const std::string& octets) {
    Taker server(takes);
    RawConnection connection(server.socket());
    sendBy(connection, octets + kGet, 100'000);
    const std::string all = connection.readAll();
    server.end();
    CHECK(std::ranges::find(server.wasTaken, true) == server.wasTaken.end());
    CHECK(server.asked.size() <= 1);  // not for each of its octets
    return std::pair(all, server.bodies.empty() ? "" : server.bodies.front());
  };
  CHECK(sent(true, head(100'000) + large.substr(0, 100'000)).second == large.substr(0, 100'000));
  CHECK(sent(false, head(large.size()) + large).second == large);
  CHECK(sent(true, "POST /v1/zones/z/plans HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + large +
                       "\r\n0\r\n\r\n")
            .second == large);
}

TEST_CASE("a head that can be read in two ways is nobody's to read along") {
  const std::string large = bodyOf(2u << 20);
  for (const std::string lengths :
       {"Content-Length: 2097152\r\nContent-Length: 2097152",
        "Content-Length: +1500000\r\nContent-Length: 2097152", "Content-Length:\r\n 2097152",
        "Content-Length: \f2097152", "Content-Length: 2097152\r\n junk", "X: y\rz\r\nContent-Length: 2097152",
        "Content-Type: a/b\r\nContent-Length: 2097152",
        "Content-Length: "
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000002097"
        "152"}) {
    CAPTURE(lengths);
    Taker server;
    {
      RawConnection connection(server.socket());
      connection.send("POST /v1/zones/z/plans HTTP/1.1\r\nContent-Type: text/dns\r\n" + lengths + "\r\n\r\n");
      connection.send(large + kGet);
      (void)connection.readAll();
    }
    server.end();
    CHECK(server.asked.empty());
    for (const std::string& body : server.bodies) CHECK(large.starts_with(body));
  }
}

TEST_CASE("a plan that comes in is answered as one that is there") {
  ServerFixture server;
  REQUIRE(server.request("PUT", "/v1/zones/example.net").status == 200);
  server.submit("example.net", samplePlan(1, 2), 200);
  std::string body =
      R"({"plan": 1, "base": 1, "kind": "full", "records": ["@ 3600 IN NS ns1", "ns1 3600 IN A 192.0.2.1"],)";
  body += R"("endpoints": {"api": {"targets": [{"address": "192.0.2.1"}, {"address": "192.0.2.2"}]})";
  for (int i = 0; i < 20'000; ++i)
    body += ",\n\"e" + std::to_string(i) + R"(": {"ttl": 5, "targets": [{"address": "192.0.2.7"}]})";
  const std::string good = body + "}}", bad = body + ", \"e7\": {}}}", broken = body + "]}";
  REQUIRE(good.size() > 1u << 20);
  for (const std::string& plan : {good, bad, broken, std::string(1u << 21, ' ')}) {
    const std::string target = "/v1/zones/example.net/plans?dry-run=true&diff=3";
    const std::string type = "Content-Type: application/json\r\n";
    RawConnection chunked(server.socket());
    std::ostringstream size;
    size << std::hex << plan.size();
    chunked.send("POST " + target + " HTTP/1.1\r\n" + type + "Transfer-Encoding: chunked\r\n\r\n" +
                 size.str() + "\r\n" + plan + "\r\n0\r\n\r\n");
    const HttpAnswer inMemory = chunked.readAnswer();
    const HttpAnswer streamed = server.request("POST", target, type, plan);
    INFO(streamed.body.substr(0, 600));
    CHECK(streamed.status == inMemory.status);
    auto one = nlohmann::json::parse(streamed.body), other = nlohmann::json::parse(inMemory.body);
    for (auto* each : {&one, &other}) each->erase("timings_us");
    CHECK(one == other);
    CHECK((streamed.status == 200) == (plan == good));
  }
  CHECK_THAT(server.log(), !Catch::Contains("kept in memory"));
}

}  // namespace holdfast
