// Octets into a real TcpConnection, cut as the input says. What comes back must be what answer() makes of
// each framed message, in order, and then the end.
// The input is a row of steps: a control octet, then for 1 to 127 that many octets to send, for 128 and above
// nothing: the client takes up to 64 times the low bits of what waits, and the server has a turn.
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "server/tcp_connection.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/served_zones.h"
#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::uint16_t kPayload = 1232;
constexpr std::uint64_t kSeed = 5;

struct Fixture {
  RcuThread thread;
  RcuPointer<Snapshot> snapshot{std::make_unique<Snapshot>(servedZones())};
  EventBasePtr base{event_base_new()};
};

/// The server's end of a socket pair and the client's.
class Pair final : TcpConnection::Owner {
 public:
  explicit Pair(const Fixture& fixture)
      : fixture_(fixture), serving_{fixture.snapshot, counters_, AnswerScratch(kSeed, kPayload)} {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::runtime_error("socketpair");
    client_ = FileDescriptor(ends[0]);
    FileDescriptor server(ends[1]);
    // The least the system grants, so that responses have to wait for the client.
    const int least = 1;
    ::setsockopt(server.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    connection_ =
        std::make_unique<TcpConnection>(fixture.base.get(), std::move(server), ClientAddress{}, serving_,
                                        kMostPipeline, static_cast<TcpConnection::Owner&>(*this));
    if (!connection_->start()) throw std::runtime_error("libevent");
  }

  /// Sends as the client; what does not fit gives the server turns, and is lost where the server has closed.
  void send(Octets octets) {
    for (unsigned turns = 0; !octets.empty() && connection_ != nullptr; turn(1 << 12)) {
      const ssize_t sent = ::send(client_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent > 0) octets = octets.subspan(static_cast<std::size_t>(sent));
      expect(++turns < 10'000, "the connection takes what is sent once its responses are taken");
    }
  }
  /// Takes up to that much as the client, then the server has a turn.
  void turn(std::size_t atMost) {
    Bytes part(atMost);
    const ssize_t got = ::recv(client_.get(), part.data(), part.size(), 0);
    if (got > 0) received_.insert(received_.end(), part.begin(), part.begin() + got);
    event_base_loop(fixture_.base.get(), EVLOOP_NONBLOCK);
  }
  void finish() {
    ::shutdown(client_.get(), SHUT_WR);
    for (unsigned turns = 0; connection_ != nullptr; turn(1 << 12))
      expect(++turns < 10'000, "the connection ends once the client has ended its side");
    for (std::size_t before = received_.size() + 1; before != received_.size();) {
      before = received_.size();
      turn(1 << 12);
    }
  }
  const Bytes& received() const { return received_; }
  std::uint64_t queries() const { return counters_.of(Transport::Tcp).queries.value(); }

 private:
  bool entered(TcpConnection& /*connection*/, TcpState /*state*/) noexcept override { return true; }
  void finished(TcpConnection& /*connection*/) noexcept override { connection_.reset(); }

  const Fixture& fixture_;
  WorkerCounters counters_;
  Serving serving_;
  FileDescriptor client_;
  std::unique_ptr<TcpConnection> connection_;
  Bytes received_;
};

/// What must come back for the stream.
Bytes expected(const Fixture& fixture, Octets stream) {
  AnswerScratch scratch(kSeed, kPayload);
  Bytes all;
  Bytes out(kMaxMessageOctets);
  const ReadSection section;
  const Snapshot& snapshot = fixture.snapshot.read(section);
  while (stream.size() >= 2) {
    const std::size_t size = static_cast<std::size_t>(stream[0] << 8 | stream[1]);
    if (size < kHeaderOctets || stream.size() - 2 < size) break;
    const std::size_t octets =
        answer(snapshot, section, {stream.subspan(2, size), {}, Transport::Tcp}, out, scratch);
    stream = stream.subspan(2 + size);
    if (octets == 0) continue;
    all.push_back(static_cast<std::uint8_t>(octets >> 8));
    all.push_back(static_cast<std::uint8_t>(octets));
    all.insert(all.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(octets));
  }
  return all;
}

void run(const Fixture& fixture, Octets input) {
  Pair pair(fixture);
  Bytes stream;
  while (!input.empty()) {
    const std::uint8_t control = input[0];
    input = input.subspan(1);
    if (control >= 128) {
      pair.turn((control & 127u) * 64);
      continue;
    }
    const Octets piece = input.first(std::min<std::size_t>(control, input.size()));
    input = input.subspan(piece.size());
    stream.insert(stream.end(), piece.begin(), piece.end());
    pair.send(piece);
  }
  pair.finish();
  const Bytes wanted = expected(fixture, stream);
  expect(pair.received().size() == wanted.size(), "as many octets come back as answer() makes",
         std::to_string(pair.received().size()) + " instead of " + std::to_string(wanted.size()));
  expect(pair.received() == wanted, "the octets that come back are those answer() makes");
}

}  // namespace

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const holdfast::test::Fixture fixture;
  holdfast::test::run(fixture, {data, size});
  return 0;
}
