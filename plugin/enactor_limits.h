#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast {

/// What one Enactor may take of the server. Each stands in the configuration below `limits`.
struct EnactorLimits {
  std::chrono::milliseconds call{5000};    ///< for create, start, stop and destroy to return: enactor-call
  std::uint64_t concurrent = 1;            ///< submissions judged at once: enactor-concurrent
  std::uint64_t rate = 20;                 ///< submissions a second, in the long run: enactor-rate
  std::uint64_t burst = 100;               ///< submissions after a rest: enactor-burst
  std::chrono::milliseconds wait{10000};   ///< for its turn, then it fails: enactor-wait
  std::uint64_t logLines = 20;             ///< a second, ten times as many after a rest: enactor-log-lines
  std::uint64_t textOctets = 1024;         ///< of a log line, health or name of a source: enactor-text
  std::uint64_t planBytes = 512ull << 20;  ///< of one document: plan-bytes
  friend bool operator==(const EnactorLimits&, const EnactorLimits&) = default;
};

}  // namespace holdfast
