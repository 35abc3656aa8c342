#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "server/answer.h"
#include "server/counters.h"

namespace holdfast {

inline constexpr std::size_t kCacheLine = 64;

/// One message of a batch, and the place for its response. In one cache line, as each message needs all of
/// it.
struct alignas(kCacheLine) Exchange {
  Request request;
  std::span<std::uint8_t> out;  ///< as answer() requires it
  std::size_t octets = 0;       ///< of the response in `out`; 0 where none is to be sent
};
static_assert(sizeof(Exchange) == kCacheLine);

/// Messages that arrived together and are answered from one snapshot (I3), in stages, so that the memory
/// which their names are in is waited for all at once rather than name by name. Holds the workspace of a
/// whole batch, so it lives with the socket. One thread.
class MessageBatch {
 public:
  static constexpr unsigned kMax = 64;

  /// REQUIRES: i < kMax.
  Exchange& operator[](unsigned i) noexcept { return exchanges_[i]; }

  /// Answers the first `count` exchanges, and counts them. As answer(): bounded work, no allocation, no lock,
  /// no system call. REQUIRES: count <= kMax; `snapshot` was read inside `section`; scratch.beginBatch() was
  /// called.
  void answer(unsigned count, const Snapshot& snapshot, const ReadSection& section, AnswerScratch& scratch,
              WorkerCounters& counters) noexcept;

 private:
  using Buckets = std::array<const detail::Bucket*, kMax>;

  void parse(unsigned count, const Snapshot& snapshot) noexcept;
  Buckets prefetchBuckets(unsigned count) const noexcept;

  // [i] of each belongs together.
  std::array<Exchange, kMax> exchanges_;
  std::array<ParsedMessage, kMax> messages_;
};

}  // namespace holdfast
