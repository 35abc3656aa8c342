// What each step of the query path costs, without sockets. Times are per question.
//   bench_micro --json FILE    also as JSON; further options are Google Benchmark's
#include <benchmark/benchmark.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/message.h"
#include "server/message_writer.h"
#include "server/response.h"
#include "tests/bench/workload.h"
#include "zone/rcu.h"

namespace holdfast::bench {

namespace {

constexpr std::size_t kQuestions = std::size_t{1} << 18;
// So few that they and what answers them stay in the first caches.
constexpr std::size_t kHot = 64;

/// Any thread; the first that asks makes it.
const Workload& workloadOf(benchmark::State& state) {
  static std::mutex making;
  const std::lock_guard lock(making);
  static std::map<std::int64_t, std::unique_ptr<const Workload>> made;
  auto& workload = made[state.range(0)];
  if (workload == nullptr)
    workload = std::make_unique<Workload>(static_cast<unsigned>(state.range(0)), kQuestions);
  return *workload;
}

void parse(benchmark::State& state) {
  const Workload& workload = workloadOf(state);
  Query query;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parseQuery(workload.message(i++ % kHot), query));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// A name as it comes: in lower case, its labels found, and hashed whole; or with all its ancestors, whose
/// hashes hashing label by label would have on the way.
void hash(benchmark::State& state, bool withAncestors) {
  const Workload& workload = workloadOf(state);
  HashedName hashed;
  NameRoom lowered;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(hashed.read(workload.name(i++ % kHot).bytes(), lowered));
    const unsigned least = withAncestors ? 1 : hashed.labels();
    for (unsigned labels = hashed.labels(); labels >= least; --labels)
      benchmark::DoNotOptimize(hashed.hash(labels));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// `distinct` names in turn, found with hashes that were made before.
void find(benchmark::State& state, std::size_t distinct) {
  const Workload& workload = workloadOf(state);
  std::vector<std::uint64_t> hashes;
  for (std::size_t i = 0; i < distinct; ++i) hashes.push_back(HashedName(workload.name(i)).hash());
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(workload.zone().names().find(hashes[i], workload.name(i)));
    if (++i == distinct) i = 0;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// The first question of a workload that asks for `type` and is answered with `rcode`, taken apart.
struct Asked {
  Asked(const Workload& workload, RRType type, Rcode rcode) : snapshot(workload.snapshot()) {
    for (std::size_t i = 0;; ++i) {
      request.message = workload.message(i);
      holdfast::answer(snapshot, section, request, out, *scratch);
      message.parsed = parseQuery(request.message, message.query);
      if (scratch->last.rcode == rcode && message.query.type == type) break;
    }
    message.zone = snapshot.findZone(message.query.hashed);
  }

  const Snapshot& snapshot;
  const ReadSection section;
  const std::unique_ptr<AnswerScratch> scratch = std::make_unique<AnswerScratch>(1, std::uint16_t{1232});
  std::vector<std::uint8_t> out = std::vector<std::uint8_t>(1232);
  Request request;
  ParsedMessage message;
};

/// What finding and writing an answer costs when nothing is missed.
void compose(benchmark::State& state, RRType type, Rcode rcode) {
  Asked asked(workloadOf(state), type, rcode);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        answer(asked.snapshot, asked.section, asked.request, asked.message, asked.out, *asked.scratch));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// The same step by step, as all is answered that is not plain.
void composeInSteps(benchmark::State& state, RRType type, Rcode rcode) {
  Asked asked(workloadOf(state), type, rcode);
  const Query& query = asked.message.query;
  for (auto _ : state) {
    MessageWriter writer(asked.out, responseLimit(asked.request, query, *asked.scratch), query, 0);
    const Rcode found =
        Response(asked.snapshot, query, asked.message.zone, View::Client, writer, *asked.scratch).run();
    benchmark::DoNotOptimize(writer.finish(found, {asked.scratch->udpPayload, {}, 0}));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// One message after the other, as by TCP: what stages and prefetching bring is what this takes more than
/// `batch`.
void answerAlone(benchmark::State& state) {
  const Workload& workload = workloadOf(state);
  AnswerScratch scratch(1, 1232);
  std::vector<std::uint8_t> out(1232);
  const ReadSection section;
  std::size_t i = 0;
  Request request;
  for (auto _ : state) {
    request.message = workload.message(i++);
    benchmark::DoNotOptimize(answer(workload.snapshot(), section, request, out, scratch));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// By threads at once, each as a worker, with its own scratch and read sections, of one snapshot: what an
/// answer of two takes more than one of one is what they lose to each other.
void batch(benchmark::State& state) {
  const Workload& workload = workloadOf(state);
  std::optional<RcuThread> rcu;
  if (state.thread_index() > 0) rcu.emplace();  // the first thread is main's
  Answering answering(workload, kQuestions / 2 * static_cast<std::size_t>(state.thread_index()));
  std::int64_t answered = 0;
  while (state.KeepRunningBatch(MessageBatch::kMax)) answered += answering.answerBatch(MessageBatch::kMax);
  state.SetItemsProcessed(answered);
}

void registerComposing(const std::string& prefix, void (*how)(benchmark::State&, RRType, Rcode)) {
  benchmark::RegisterBenchmark((prefix + "A").c_str(), how, RRType::A, Rcode::NoError)->Arg(1000);
  benchmark::RegisterBenchmark((prefix + "AAAA").c_str(), how, RRType::AAAA, Rcode::NoError)->Arg(1000);
  benchmark::RegisterBenchmark((prefix + "NXDOMAIN").c_str(), how, RRType::A, Rcode::NxDomain)->Arg(1000);
}

void registerAll() {
  for (const std::int64_t endpoints : {1000, 100'000, 1'000'000}) {
    benchmark::RegisterBenchmark("find/hot", find, kHot)->Arg(endpoints);
    benchmark::RegisterBenchmark("find/cold", find, kQuestions)->Arg(endpoints);
    benchmark::RegisterBenchmark("answer", answerAlone)->Arg(endpoints);
    benchmark::RegisterBenchmark("batch", batch)->Arg(endpoints)->Threads(1)->Threads(2);
  }
  benchmark::RegisterBenchmark("parse", parse)->Arg(1000);
  benchmark::RegisterBenchmark("hash", hash, false)->Arg(1000);
  benchmark::RegisterBenchmark("hash/with ancestors", hash, true)->Arg(1000);
  registerComposing("compose/", compose);
  registerComposing("compose in steps/", composeInSteps);
}

}  // namespace

}  // namespace holdfast::bench

int main(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--json" && i + 1 < argc) {
      arguments.push_back("--benchmark_out=" + std::string(argv[++i]));
      arguments.emplace_back("--benchmark_out_format=json");
    } else {
      arguments.push_back(argument);
    }
  }
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  int count = static_cast<int>(raw.size());
  benchmark::Initialize(&count, raw.data());
  if (benchmark::ReportUnrecognizedArguments(count, raw.data())) return 2;
  const holdfast::RcuThread rcu;
  holdfast::bench::registerAll();
  benchmark::RunSpecifiedBenchmarks();
}
