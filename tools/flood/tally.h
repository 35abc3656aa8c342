#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "tools/flood/judge.h"
#include "tools/flood/latency_histogram.h"
#include "tools/flood/questions.h"

namespace holdfast::flood {

/// What happened in a span of time. Two add up. One thread.
struct Tally {
  std::uint64_t sent = 0;      ///< questions; garbage is counted apart
  std::uint64_t answered = 0;  ///< of the questions, in time
  std::uint64_t lost = 0;      ///< without an answer within the timeout
  std::uint64_t garbage = 0;   ///< messages sent that were no legal questions
  std::uint64_t garbageAnswered = 0;
  std::uint64_t unasked = 0;  ///< responses to nothing that waits: late ones, or to nobody
  std::uint64_t truncated = 0;
  std::uint64_t closed = 0;  ///< TCP connections that the server closed
  std::array<std::uint64_t, 16> rcodes{};
  std::array<std::uint64_t, kFaults> faults{};
  std::optional<Stamp> newest;  ///< generation
  /// From when a question should have been sent until its answer was there: a generator that is kept from
  /// sending does not hide what the clients would have waited.
  LatencyHistogram latency;

  void add(const Tally& other) noexcept;
  /// A question by its number, or garbage.
  void countSent(std::uint32_t question) noexcept { ++(question == kGarbage ? garbage : sent); }
  void count(const Verdict& verdict, std::uint64_t nanoseconds) noexcept;
  std::uint64_t faulty() const noexcept;
};

}  // namespace holdfast::flood
