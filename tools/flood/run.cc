#include "tools/flood/run.h"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tools/flood/asker.h"
#include "tools/flood/tcp_flow.h"
#include "tools/flood/udp_flow.h"

namespace holdfast::flood {

namespace {

constexpr auto kLook = std::chrono::milliseconds(100);
constexpr double kNanoseconds = 1e9;

using Flows = std::vector<std::unique_ptr<Flow>>;
using Askers = std::vector<std::unique_ptr<Asker>>;

Result<Flows> openUdpFlows(const Options& options, const Asking& asking) {
  Flows flows;
  for (unsigned i = 0; i < options.sockets; ++i) {
    for (const ServerAddress& server : options.servers) {
      auto flow = UdpFlow::open(server, asking);
      if (!flow) return flow.error();
      flows.push_back(*std::move(flow));
    }
  }
  return flows;
}

Flows openTcpFlows(const Options& options, const Asking& asking) {
  Flows flows;
  for (unsigned i = 0; i < options.connections; ++i)
    for (const ServerAddress& server : options.servers)
      flows.push_back(std::make_unique<TcpFlow>(server, asking));
  return flows;
}

/// Threads ask by UDP or by TCP, not by both: a slow connection keeps no datagram waiting.
Result<Askers> makeAskers(const Options& options, const Questions& questions, const Asking& asking) {
  Askers askers;
  std::uint64_t seed = options.seed;
  const auto add = [&](Flows flows, const Draw& draw, double share) {
    const Pace pace{options.perSecond * share / options.threads, options.window};
    askers.push_back(std::make_unique<Asker>(std::move(flows), Drawing(questions, draw, seed++), pace));
  };
  // A server may close a connection that garbage comes by, and what waits on it waits longer.
  Draw legal = options.draw;
  legal.garbage = 0;
  for (unsigned i = 0; i < options.threads; ++i) {
    if (options.tcp < 1) {
      auto flows = openUdpFlows(options, asking);
      if (!flows) return flows.error();
      add(*std::move(flows), options.draw, 1 - options.tcp);
    }
    if (options.tcp > 0) add(openTcpFlows(options, asking), legal, options.tcp);
  }
  return askers;
}

/// What all of them did until now.
void collect(const Askers& askers, Timeline& timeline) {
  Tally together;
  for (const auto& asker : askers) together.add(asker->take());
  timeline.add(static_cast<double>(now() - timeline.start()) / kNanoseconds, together);
}

}  // namespace

Result<Timeline> run(const Options& options, const Watching& watch) {
  const auto questions = Questions::read(options.questions);
  if (!questions) return questions.error();
  const Asking asking{*questions, options.isStamped,
                      static_cast<std::int64_t>(options.timeout * kNanoseconds)};
  auto askers = makeAskers(options, *questions, asking);
  if (!askers) return askers.error();
  const std::int64_t start = now();
  for (const auto& asker : *askers)
    if (const Status started = asker->start(); !started) return started.error();
  Timeline timeline(start);
  const std::int64_t end = start + static_cast<std::int64_t>(options.seconds * kNanoseconds);
  do {
    std::this_thread::sleep_for(kLook);
    collect(*askers, timeline);
  } while (now() < end && watch(timeline));
  for (const auto& asker : *askers) asker->end();
  for (const auto& asker : *askers) asker->join();
  collect(*askers, timeline);
  timeline.finish();
  return timeline;
}

}  // namespace holdfast::flood
