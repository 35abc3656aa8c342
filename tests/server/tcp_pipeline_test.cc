// A client that sends queries and takes no responses.
#include <event2/event.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "server/tcp_connection.h"
#include "tests/server/socket_fixture.h"

namespace holdfast::test {

namespace {

/// A connection over a pair of sockets, of which the system holds little. REQUIRES: a thread known to RCU.
class Pipelined final : TcpConnection::Owner {
 public:
  explicit Pipelined(std::size_t pipeline) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    client_ = FileDescriptor(ends[0]);
    FileDescriptor server(ends[1]);
    const int least = 1;
    ::setsockopt(server.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    connection_ = std::make_unique<TcpConnection>(base_.get(), std::move(server), ClientAddress{}, serving_,
                                                  pipeline, static_cast<TcpConnection::Owner&>(*this));
    REQUIRE(connection_->start());
  }

  void ask(const char* name, unsigned times) {
    Bytes stream;
    for (unsigned i = 0; i < times; ++i) {
      const Bytes query = framed(askFor(static_cast<std::uint16_t>(i), name));
      stream.insert(stream.end(), query.begin(), query.end());
    }
    REQUIRE(::send(client_.get(), stream.data(), stream.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(stream.size()));
  }
  void turns() {
    for (int i = 0; i < 20; ++i) event_base_loop(base_.get(), EVLOOP_NONBLOCK);
  }
  Bytes take() {
    Bytes part(1 << 20);
    const ssize_t got = ::recv(client_.get(), part.data(), part.size(), 0);
    part.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return part;
  }
  std::size_t heldBySystem() const {
    int octets = 0;
    REQUIRE(::ioctl(client_.get(), FIONREAD, &octets) == 0);
    return static_cast<std::size_t>(octets);
  }
  std::uint64_t answered() const { return counters_.of(Transport::Tcp).queries.value(); }
  std::uint64_t heldBack() const { return counters_.tcpHeldBack.value(); }

 private:
  bool entered(TcpConnection& /*connection*/, TcpState /*state*/) noexcept override { return true; }
  void finished(TcpConnection& /*connection*/) noexcept override { connection_.reset(); }

  RcuPointer<Snapshot> snapshot_{
      std::make_unique<Snapshot>(std::vector<std::shared_ptr<const Zone>>{servedZone()})};
  WorkerCounters counters_;
  Serving serving_{snapshot_, counters_, AnswerScratch(1, 1232)};
  const EventBasePtr base_{event_base_new()};
  FileDescriptor client_;
  std::unique_ptr<TcpConnection> connection_;
};

}  // namespace

TEST_CASE("a client that takes nothing has as many responses waiting as it may, and one more") {
  const RcuThread registered;
  const std::size_t pipeline = GENERATE(512u, 3000u, 20'000u);
  Pipelined one(kMostPipeline);
  one.ask("ns.example", 1);
  one.turns();
  const std::size_t octets = one.take().size();
  REQUIRE(octets > 40);
  REQUIRE(one.heldBack() == 0);

  Pipelined deaf(pipeline);
  constexpr unsigned kQueries = 1000;
  deaf.ask("ns.example", kQueries);
  deaf.turns();
  const std::size_t waiting = deaf.answered() * octets - deaf.heldBySystem();
  CHECK(waiting > 0);
  CHECK(waiting <= pipeline + octets);
  CHECK(deaf.answered() < kQueries);
  CHECK(deaf.heldBack() == 1);

  std::size_t taken = 0;
  for (unsigned i = 0; i < 10 * kQueries && taken < kQueries * octets; ++i) {
    taken += deaf.take().size();
    deaf.turns();
  }
  CHECK(taken == kQueries * octets);
  CHECK(deaf.answered() == kQueries);
}

TEST_CASE("beside the most responses that may wait one of any size has room") {
  const RcuThread registered;
  Pipelined deaf(kMostPipeline);
  deaf.ask("big.example", 6);  // 48 KB each
  deaf.turns();
  CHECK(deaf.answered() == 2);
  CHECK(deaf.heldBack() == 1);
}

}  // namespace holdfast::test
