#pragma once

#include "server/answer.h"
#include "server/counters.h"
#include "zone/rcu.h"
#include "zone/snapshot.h"

namespace holdfast {

/// What the sockets of one worker answer with. One thread.
struct Serving {
  const RcuPointer<Snapshot>& snapshot;
  WorkerCounters& counters;
  AnswerScratch scratch;
};

}  // namespace holdfast
