// Answers batches for callgrind, which counts only what lies between the two requests:
// tools/bench/instructions runs this and divides. Prints how many questions were answered.
#include <valgrind/callgrind.h>

#include <cstdlib>
#include <iostream>

#include "tests/bench/workload.h"
#include "zone/rcu.h"

int main(int argc, char** argv) {
  const long endpoints = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1000;
  if (argc > 2 || endpoints < 1 || endpoints > 5'000'000) {
    std::cerr << "usage: bench_instructions [ENDPOINTS]\n";
    return 2;
  }
  constexpr unsigned kBatches = 300;
  constexpr unsigned kWarm = 20;
  using holdfast::MessageBatch;
  const holdfast::RcuThread rcu;
  const holdfast::bench::Workload workload(static_cast<unsigned>(endpoints), kBatches * MessageBatch::kMax);
  holdfast::bench::Answering answering(workload);
  for (unsigned i = 0; i < kWarm; ++i) answering.answerBatch(MessageBatch::kMax);
  CALLGRIND_START_INSTRUMENTATION;
  CALLGRIND_TOGGLE_COLLECT;
  unsigned answered = 0;
  for (unsigned i = 0; i < kBatches; ++i) answered += answering.answerBatch(MessageBatch::kMax);
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_STOP_INSTRUMENTATION;
  std::cout << answered << '\n';
}
