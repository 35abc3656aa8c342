#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/batch.h"
#include "server/counters.h"
#include "zone/snapshot.h"

namespace holdfast::bench {

/// The zone and the questions that all benchmarks of the query path use, those against peers too
/// (tools/bench/data.py): N endpoints epI.svcJ.us-east-1.example.net, J = I mod 97, with four addresses,
/// every fourth with two of IPv6; questions drawn uniformly, 85 % A, 10 % AAAA (of which three quarters are
/// NODATA) and 5 % for names that do not exist. The same for the same numbers, on every machine.
class Workload {
 public:
  Workload(unsigned endpoints, std::size_t questions);

  const Snapshot& snapshot() const noexcept { return *snapshot_; }
  const Zone& zone() const noexcept { return *snapshot_->zones().front(); }
  std::size_t questions() const noexcept { return ends_.size(); }
  /// The message of question i, counted round and round.
  std::span<const std::uint8_t> message(std::size_t i) const noexcept;
  /// The name that it asks for, lower-case.
  NameView name(std::size_t i) const noexcept;

 private:
  void ask(unsigned endpoint, bool exists, RRType type);

  std::unique_ptr<const Snapshot> snapshot_;
  std::vector<std::uint8_t> octets_;  // all messages one behind the other
  std::vector<std::size_t> ends_;
};

/// Answers the questions of a workload in batches, as a UDP socket does, without a socket.
class Answering {
 public:
  /// Begins with question `first`.
  explicit Answering(const Workload& workload, std::size_t first = 0);

  /// The next batch of `size`; returns how many responses it gave. REQUIRES: size <= MessageBatch::kMax, and
  /// the thread holds an RcuThread.
  unsigned answerBatch(unsigned size) noexcept;

 private:
  const Workload& workload_;
  std::size_t next_;
  AnswerScratch scratch_;
  WorkerCounters counters_;
  MessageBatch batch_;
  std::vector<std::uint8_t> out_;
};

}  // namespace holdfast::bench
