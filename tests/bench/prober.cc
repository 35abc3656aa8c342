// Asks a server at a fixed rate, whatever becomes of the answers, and counts how long they take and how many
// are lost, window by window; tells when endpoint 0 has new addresses. tools/bench/run reads what it prints.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

#include "tests/bench/probe.h"
#include "tests/bench/stamped_client.h"
#include "tools/flood/latency_histogram.h"

namespace {

using holdfast::bench::ClientMessages;
using holdfast::bench::Question;
using holdfast::bench::QuestionDraw;
using holdfast::bench::Reply;
using holdfast::bench::stampedClient;
using holdfast::flood::LatencyHistogram;

constexpr unsigned kBatch = 64;
constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t read(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

/// In nanoseconds, as other processes read it too.
std::int64_t now() {
  return read(CLOCK_MONOTONIC);
}

/// From the system's time stamps to now(): read again where something came between.
std::int64_t sinceRealtime() {
  constexpr std::int64_t kAtOnce = 2'000;
  for (int tries = 0;; ++tries) {
    const std::int64_t before = now();
    const std::int64_t realtime = read(CLOCK_REALTIME);
    if (now() - before < kAtOnce || tries == 100) return before - realtime;
  }
}

/// [[longest time of a bucket, count], ...] of the buckets that are not empty, shortest first.
void writeHistogram(std::ostream& out, const LatencyHistogram& times) {
  const char* separator = "";
  out << '[';
  times.forEach([&](std::uint64_t longest, std::uint64_t count) {
    out << separator << '[' << longest << ',' << count << ']';
    separator = ",";
  });
  out << ']';
}

/// What became of the queries that were sent between two commands.
struct Window {
  std::string label;
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;
  std::uint64_t failed = 0;  // neither NOERROR nor NXDOMAIN
  LatencyHistogram latency;
  LatencyHistogram lateness;  // of the prober itself: from when a query was due to when it was sent
};

struct Options {
  std::uint16_t port = 0;
  unsigned endpoints = 0;
  unsigned rate = 0;
  unsigned firstPercent = 0;
  /// In nanoseconds: how often what is due goes out together and answers are fetched. A prober that wakes for
  /// each of them takes a core for itself, which the server it measures then has not.
  std::int64_t tick = 0;
};

class Prober {
 public:
  Prober(int socket, const Options& options)
      : socket_(socket),
        interval_(kSecond / options.rate),
        tick_(options.tick),
        draw_(options.endpoints, options.firstPercent) {
    beginWindow("start");
  }

  /// Until standard input ends, and a second longer for answers.
  void run() {
    for (due_ = now(); isOpen_; readCommands()) {
      sendDue();
      receive();
      sleepUntil(std::max(due_, now() + tick_));
    }
    for (const std::int64_t end = now() + kSecond; now() < end; receive()) sleepUntil(now() + tick_);
    for (const Sent& sent : sent_)
      if (sent.isOutstanding) ++windows_[sent.window].lost;
  }

  void writeJson(std::ostream& out) const {
    out << '{';
    const char* separator = "";
    for (const Window& window : windows_) {
      out << separator << '"' << window.label << R"(":{"sent":)" << window.sent << R"(,"answered":)"
          << window.answered << R"(,"lost":)" << window.lost << R"(,"failed":)" << window.failed
          << R"(,"latency_ns":)";
      writeHistogram(out, window.latency);
      out << R"(,"lateness_ns":)";
      writeHistogram(out, window.lateness);
      out << '}';
      separator = ",";
    }
    out << "}\n";
  }

 private:
  struct Sent {
    std::int64_t at = 0;
    std::size_t window = 0;
    unsigned endpoint = 0;
    bool isOutstanding = false;
  };

  /// A label that was used before goes on with what it counted.
  void beginWindow(const std::string& label) {
    for (window_ = 0; window_ < windows_.size(); ++window_)
      if (windows_[window_].label == label) return;
    windows_.emplace_back().label = label;
  }

  void sendDue() {
    const std::int64_t at = now();
    unsigned count = 0;
    for (; count < kBatch && due_ <= at; ++count, due_ += interval_) {
      const Question question = draw_.next();
      messages_.put(count, nextId_, question);
      Sent& sent = sent_[nextId_++];
      if (sent.isOutstanding) ++windows_[sent.window].lost;
      sent = {at, window_, question.endpoint, true};
      windows_[window_].lateness.add(static_cast<std::uint64_t>(at - due_));
    }
    windows_[window_].sent += count;
    for (unsigned done = 0; done < count;) {
      const int more = ::sendmmsg(socket_, messages_.queryHeaders.data() + done, count - done, 0);
      done += more > 0 ? static_cast<unsigned>(more) : 1;  // what is not taken counts as lost
    }
  }

  /// An answer counts from when the system had it, not from when it was fetched.
  void receive() {
    for (int count = kBatch; count == static_cast<int>(kBatch);) {
      count = messages_.receive(socket_);
      const std::int64_t toMonotonic = sinceRealtime();
      for (int i = 0; i < count; ++i) {
        const auto place = static_cast<unsigned>(i);
        if (const auto reply = messages_.reply(place)) take(*reply, messages_.stamp(place) + toMonotonic);
      }
    }
  }

  void take(const Reply& reply, std::int64_t at) {
    Sent& sent = sent_[reply.id];
    if (!sent.isOutstanding) return;
    sent.isOutstanding = false;
    Window& window = windows_[sent.window];
    ++window.answered;
    window.failed += reply.rcode != 0 && reply.rcode != 3;
    window.latency.add(static_cast<std::uint64_t>(std::max<std::int64_t>(at - sent.at, 0)));
    if (sent.endpoint != 0 || !reply.tag || *reply.tag == tag_) return;
    tag_ = *reply.tag;
    std::cout << "changed " << tag_ << ' ' << at << std::endl;
  }

  static void sleepUntil(std::int64_t at) {
    const timespec until{at / kSecond, at % kSecond};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }

  void readCommands() {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return;
    std::array<char, 256> octets{};
    const ssize_t got = ::read(STDIN_FILENO, octets.data(), octets.size());
    if (got <= 0) isOpen_ = false;
    for (ssize_t i = 0; i < got; ++i) {
      const char octet = octets[static_cast<std::size_t>(i)];
      if (octet != '\n') {
        command_ += octet;
        continue;
      }
      beginWindow(command_);
      command_.clear();
    }
  }

  int socket_;
  std::int64_t interval_;
  std::int64_t tick_;
  std::int64_t due_ = 0;
  QuestionDraw draw_;
  bool isOpen_ = true;
  std::uint16_t nextId_ = 0;
  unsigned tag_ = ~0u;
  std::string command_;
  std::deque<Window> windows_;
  std::size_t window_ = 0;
  std::vector<Sent> sent_{1u << 16};
  ClientMessages<kBatch> messages_;
};

int roomyClient(std::uint16_t port) {
  const int socket = stampedClient(port, 0);
  const int octets = 4 << 20;  // of a second at least, so that nothing is lost here
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  return socket;
}

bool readOptions(int argc, char** argv, Options& options) {
  if (argc != 6) return false;
  std::array<unsigned long, 5> numbers{};
  for (unsigned i = 0; i < numbers.size(); ++i) numbers[i] = std::strtoul(argv[i + 1], nullptr, 10);
  options = {static_cast<std::uint16_t>(numbers[0]), static_cast<unsigned>(numbers[1]),
             static_cast<unsigned>(numbers[2]), static_cast<unsigned>(numbers[3]),
             static_cast<std::int64_t>(numbers[4]) * 1000};
  return numbers[0] > 0 && numbers[0] <= 65535 && numbers[1] > 0 && numbers[1] <= 5'000'000 &&
         numbers[2] > 0 && numbers[2] <= 1'000'000 && numbers[3] <= 100 && numbers[4] > 0 &&
         numbers[2] * numbers[4] <= kBatch * 1'000'000;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!readOptions(argc, argv, options)) {
    std::cerr << "usage: bench_prober PORT ENDPOINTS QUERIES-PER-SECOND PERCENT-FOR-ENDPOINT-0 "
                 "TICK-MICROSECONDS\n"
                 "A line on standard input begins a window of that name; its end ends the prober.\n";
    return 2;
  }
  const int socket = roomyClient(options.port);
  if (socket < 0) {
    std::cerr << "bench_prober: cannot connect to 127.0.0.1:" << options.port << '\n';
    return 1;
  }
  // As far as it may: what else runs on its core must not look like slow answers. `lateness` tells what is
  // left.
  const sched_param first{1};
  ::sched_setscheduler(0, SCHED_FIFO, &first);
  Prober prober(socket, options);
  prober.run();
  prober.writeJson(std::cout);
}
