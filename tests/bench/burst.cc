// What a number of workers makes of a burst of queries that waits for them when they begin, while nothing
// else runs: the load generator takes no time from them, and every batch they receive is a full one. The
// server is stopped (SIGSTOP), its sockets are filled, it goes on, and the answers are counted when it is at
// rest again. tools/bench/run reads what this prints: of each burst, the nanoseconds from SIGCONT until the
// system had the last answer, and the CPU time of each worker.
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/probe.h"
#include "tests/bench/stamped_client.h"
#include "tests/bench/stoppable_server.h"

namespace {

using holdfast::bench::ClientMessages;
using holdfast::bench::kQueryOctets;
using holdfast::bench::QuestionDraw;
using holdfast::bench::stampedClient;
using holdfast::bench::StoppableServer;

/// A client's: with eight clients 384 queries for an address, which are six full batches of one worker, three
/// of two each, and fit a socket's buffer where the system allows no more than by default (512).
constexpr unsigned kQueries = 48;
constexpr unsigned kClientsOfAddress = 8;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr unsigned kWarmUps = 1;

struct Options {
  std::uint16_t port = 0;
  pid_t pid = 0;
  unsigned workers = 0;
  unsigned addresses = 0;
  unsigned endpoints = 0;
  unsigned bursts = 0;
};

struct Burst {
  std::int64_t nanoseconds = 0;
  std::vector<std::int64_t> cpuNanoseconds;  // of each worker
};

std::int64_t realtime() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void sleepFor(std::int64_t nanoseconds) {
  const timespec time{nanoseconds / kSecond, nanoseconds % kSecond};
  ::nanosleep(&time, nullptr);
}

[[noreturn]] void fail(const std::string& problem) {
  throw std::runtime_error(problem);
}

std::vector<unsigned> coresOfThis() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<unsigned> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

void moveTo(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

class Bursts {
 public:
  explicit Bursts(const Options& options)
      : options_(options), cores_(coresOfThis()), server_(options.pid), draw_(options.endpoints, 0) {
    if (server_.workers() != options.workers)
      fail(std::to_string(server_.workers()) + " threads answer, " + std::to_string(options.workers) +
           " should");
    for (unsigned number = 0; number < options.addresses; ++number) openClients(number);
  }

  std::size_t queries() const { return clients_.size() * kQueries; }

  Burst next() {
    server_.stop();
    forEachClient([this](int client) { fill(client); });
    const std::vector<std::int64_t> before = server_.cpuNanoseconds();
    const std::int64_t begun = realtime();
    server_.goOn();
    sleepFor(pause_);
    const std::int64_t last = waitForAnswers();
    Burst burst{last - begun, server_.cpuNanoseconds()};
    for (std::size_t i = 0; i < before.size(); ++i) burst.cpuNanoseconds[i] -= before[i];
    pause_ = burst.nanoseconds * 11 / 10;  // so that the next is not looked at before it is done
    return burst;
  }

 private:
  /// As many for each worker: that the system spreads few clients unevenly is nothing that workers lose to
  /// each other. A worker is known by its core, which is that where its answer came in.
  void openClients(unsigned number) {
    constexpr unsigned kMostTries = 1000;
    const unsigned each = kClientsOfAddress / options_.workers;
    std::map<int, unsigned> ofCore;
    unsigned opened = 0;
    for (unsigned tries = 0; opened < each * options_.workers; ++tries) {
      if (tries == kMostTries) fail("the workers have no core each, or not the same share of the clients");
      const int client = stampedClient(options_.port, number);
      if (client < 0) fail("cannot connect to 127.0.0." + std::to_string(number + 1));
      const int core = askOnce(client);
      if (ofCore[core] == each || (ofCore[core] == 0 && ofCore.size() > options_.workers)) {
        ::close(client);
        continue;
      }
      ++ofCore[core];
      ++opened;
      clients_.push_back(client);
    }
  }

  /// The core where the answer came in.
  int askOnce(int client) {
    const timeval second{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
    std::array<std::uint8_t, kQueryOctets> query{};
    const std::size_t octets = writeQuery(query, 0, holdfast::bench::Question());
    if (::send(client, query.data(), octets, 0) < 0 || ::recv(client, query.data(), query.size(), 0) < 0)
      fail("no answer");
    int core = -1;
    socklen_t size = sizeof core;
    ::getsockopt(client, SOL_SOCKET, SO_INCOMING_CPU, &core, &size);
    return core;
  }

  /// From each core the same share of each worker's clients: where one has filled a buffer, another takes it
  /// from there with more effort, and one worker must not have more of that than two.
  template <class Do>
  void forEachClient(Do&& act) {
    for (std::size_t turn = 0; turn < cores_.size(); ++turn) {
      moveTo(cores_[turn]);
      for (std::size_t i = turn; i < clients_.size(); i += cores_.size()) act(clients_[i]);
    }
  }

  void fill(int client) {
    for (unsigned i = 0; i < kQueries; ++i) messages_.put(i, static_cast<std::uint16_t>(i), draw_.next());
    if (::sendmmsg(client, messages_.queryHeaders.data(), kQueries, 0) != static_cast<int>(kQueries))
      fail("cannot send");
  }

  /// When the system had the last one.
  std::int64_t waitForAnswers() {
    constexpr std::int64_t kPatience = 5 * kSecond;
    const std::int64_t end = realtime() + kPatience;
    std::size_t answers = 0;
    std::int64_t last = 0;
    while (answers < queries()) {
      if (realtime() > end)
        fail("only " + std::to_string(answers) + " of " + std::to_string(queries()) + " answered");
      while (!server_.isAtRest() && realtime() < end) sleepFor(5 * kMillisecond);
      forEachClient([&](int client) { answers += fetch(client, last); });
    }
    return last;
  }

  std::size_t fetch(int client, std::int64_t& last) {
    const int count = messages_.receive(client);
    for (int i = 0; i < count; ++i) {
      const auto place = static_cast<unsigned>(i);
      const auto reply = messages_.reply(place);
      if (!reply || (reply->rcode != 0 && reply->rcode != 3)) fail("a wrong answer");
      last = std::max(last, messages_.stamp(place));
    }
    return static_cast<std::size_t>(std::max(count, 0));
  }

  Options options_;
  std::vector<unsigned> cores_;
  StoppableServer server_;
  QuestionDraw draw_;
  ClientMessages<kQueries> messages_;
  std::vector<int> clients_;
  std::int64_t pause_ = 100 * kMillisecond;
};

bool readOptions(int argc, char** argv, Options& options) {
  if (argc != 7) return false;
  std::array<unsigned long, 6> numbers{};
  for (unsigned i = 0; i < numbers.size(); ++i) numbers[i] = std::strtoul(argv[i + 1], nullptr, 10);
  options = {static_cast<std::uint16_t>(numbers[0]), static_cast<pid_t>(numbers[1]),
             static_cast<unsigned>(numbers[2]),      static_cast<unsigned>(numbers[3]),
             static_cast<unsigned>(numbers[4]),      static_cast<unsigned>(numbers[5])};
  return numbers[0] > 0 && numbers[0] <= 65535 && numbers[1] > 1 && numbers[2] > 0 &&
         kClientsOfAddress % numbers[2] == 0 && numbers[3] > 0 && numbers[3] <= 200 && numbers[4] > 0 &&
         numbers[4] <= 5'000'000 && numbers[5] > 0;
}

void measure(const Options& options) {
  Bursts bursts(options);
  for (unsigned i = 0; i < kWarmUps; ++i) bursts.next();
  std::cout << R"({"queries":)" << bursts.queries() << R"(,"bursts":[)";
  for (unsigned i = 0; i < options.bursts; ++i) {
    const Burst burst = bursts.next();
    std::cout << (i == 0 ? "" : ",") << R"({"ns":)" << burst.nanoseconds << R"(,"cpu_ns":[)";
    for (std::size_t worker = 0; worker < burst.cpuNanoseconds.size(); ++worker)
      std::cout << (worker == 0 ? "" : ",") << burst.cpuNanoseconds[worker];
    std::cout << "]}";
  }
  std::cout << "]}\n";
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!readOptions(argc, argv, options)) {
    std::cerr
        << "usage: bench_burst PORT PID WORKERS ADDRESSES ENDPOINTS BURSTS\n"
           "The process listens on 127.0.0.1 and the addresses after it; WORKERS is 1, 2, 4 or 8, each\n"
           "a thread udp-N with a core of its own.\n";
    return 2;
  }
  try {
    measure(options);
  } catch (const std::runtime_error& error) {
    std::cerr << "bench_burst: " << error.what() << '\n';
    return 1;
  }
}
