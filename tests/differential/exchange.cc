#include "tests/differential/exchange.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "tests/differential/endpoint_socket.h"

namespace holdfast::differential {

namespace {

using Clock = std::chrono::steady_clock;
constexpr unsigned kWindow = 100;  // queries on the way to one server
constexpr unsigned kTries = 4;
constexpr std::chrono::milliseconds kPatience{400};  // doubled with every try
constexpr std::size_t kMaxMessage = 65535;

/// Some servers do not answer what they do not know: a long wait proves little.
unsigned triesOf(const Query& query) {
  return query.opcode == 0 && query.qclass == kClassIn ? kTries : 2;
}

/// The UDP side of one server: what it was asked and has not answered.
class Conversation {
 public:
  Conversation(const Server& server, std::size_t index, std::span<const Query> queries,
               std::vector<Replies>& replies, ExchangeCounts& counts)
      : socket_(udpSocketTo(server.port())),
        index_(index),
        queries_(queries),
        replies_(replies),
        counts_(counts),
        tries_(queries.size(), 0) {}

  int descriptor() const { return socket_.get(); }
  bool isDone() const { return next_ == queries_.size() && waiting_.empty() && onTheWay_ == 0; }

  /// Sends while the window has room, and again what has waited too long.
  void send(Clock::time_point now) {
    while (!waiting_.empty() && waiting_.front().deadline <= now) {
      const std::size_t query = waiting_.front().query;
      waiting_.pop_front();
      if (!replies_[query][index_].empty()) continue;
      if (tries_[query] < triesOf(queries_[query])) {
        ++counts_.resent;
        sendOne(query, now);
      } else {
        ++counts_.silences;
        --onTheWay_;
      }
    }
    while (onTheWay_ < kWindow && next_ < queries_.size()) {
      const std::size_t query = next_++;
      if (queries_[query].tcp) continue;
      ++onTheWay_;
      sendOne(query, now);
    }
    while (!waiting_.empty() && !replies_[waiting_.front().query][index_].empty()) waiting_.pop_front();
  }

  void receive() {
    static thread_local std::array<char, kMaxMessage> buffer;
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size < 0) return;
      if (size < 2) continue;
      const std::size_t id =
          static_cast<unsigned char>(buffer[0]) << 8U | static_cast<unsigned char>(buffer[1]);
      if (id >= queries_.size() || tries_[id] == 0 || !replies_[id][index_].empty()) continue;
      replies_[id][index_].assign(buffer.data(), static_cast<std::size_t>(size));
      --onTheWay_;
    }
  }

 private:
  struct Waiting {
    std::size_t query;
    Clock::time_point deadline;
  };

  void sendOne(std::size_t query, Clock::time_point now) {
    const std::string message = queries_[query].message(static_cast<std::uint16_t>(query));
    ++tries_[query];
    // A message that the system does not take is one lost on the way.
    (void)!::send(socket_.get(), message.data(), message.size(), 0);
    const Clock::time_point deadline = now + kPatience * (1U << (tries_[query] - 1U));
    const auto later = std::find_if(waiting_.rbegin(), waiting_.rend(),
                                    [&](const Waiting& other) { return other.deadline <= deadline; });
    waiting_.insert(later.base(), {query, deadline});
  }

  Descriptor socket_;
  std::size_t index_;
  std::span<const Query> queries_;
  std::vector<Replies>& replies_;
  ExchangeCounts& counts_;
  std::vector<std::uint8_t> tries_;
  std::deque<Waiting> waiting_;
  std::size_t next_ = 0;
  unsigned onTheWay_ = 0;
};

bool readAll(int socket, char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket, out, size, 0);
    if (got <= 0) return false;
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// One query over a connection; empty where the connection ended or nothing came.
std::string askOverTcp(int socket, const std::string& message) {
  std::string framed;
  framed += static_cast<char>(message.size() >> 8);
  framed += static_cast<char>(message.size() & 0xFFU);
  framed += message;
  if (::send(socket, framed.data(), framed.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(framed.size()))
    return {};
  std::array<unsigned char, 2> size{};
  if (!readAll(socket, reinterpret_cast<char*>(size.data()), size.size())) return {};
  std::string reply(static_cast<std::size_t>(size[0]) << 8U | size[1], '\0');
  return readAll(socket, reply.data(), reply.size()) ? reply : std::string();
}

void askOverTcp(const Server& server, std::size_t index, std::span<const Query> queries,
                std::vector<Replies>& replies, ExchangeCounts& counts) {
  Descriptor connection;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (!queries[i].tcp) continue;
    for (unsigned attempt = 0; attempt < 2 && replies[i][index].empty(); ++attempt) {
      if (!connection) connection = tcpSocketTo(server.port());
      if (!connection) continue;
      replies[i][index] = askOverTcp(connection.get(), queries[i].message(static_cast<std::uint16_t>(i)));
      if (replies[i][index].empty()) connection = Descriptor();
    }
    if (replies[i][index].empty()) ++counts.silences;
  }
}

}  // namespace

std::vector<Replies> ask(const ServerSet& servers, std::span<const Query> queries, ExchangeCounts& counts) {
  std::vector<Replies> replies(queries.size());
  std::deque<Conversation> conversations;
  for (std::size_t i = 0; i < servers.servers().size(); ++i)
    conversations.emplace_back(servers.servers()[i], i, queries, replies, counts);

  for (bool isDone = false; !isDone;) {
    isDone = true;
    std::array<pollfd, kServers> readable{};
    const auto now = Clock::now();
    for (std::size_t i = 0; i < conversations.size(); ++i) {
      conversations[i].send(now);
      readable[i] = {conversations[i].descriptor(), POLLIN, 0};
      isDone = isDone && conversations[i].isDone();
    }
    if (isDone) break;
    if (::poll(readable.data(), readable.size(), 50) <= 0) continue;
    for (std::size_t i = 0; i < conversations.size(); ++i)
      if (readable[i].revents != 0) conversations[i].receive();
  }
  for (std::size_t i = 0; i < servers.servers().size(); ++i)
    askOverTcp(servers.servers()[i], i, queries, replies, counts);
  return replies;
}

}  // namespace holdfast::differential
