#include "tools/flood/tally.h"

#include <numeric>

namespace holdfast::flood {

void Tally::add(const Tally& other) noexcept {
  sent += other.sent;
  answered += other.answered;
  lost += other.lost;
  garbage += other.garbage;
  garbageAnswered += other.garbageAnswered;
  unasked += other.unasked;
  truncated += other.truncated;
  closed += other.closed;
  for (std::size_t i = 0; i < rcodes.size(); ++i) rcodes[i] += other.rcodes[i];
  for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
  if (other.newest && (!newest || newest->isBefore(*other.newest))) newest = other.newest;
  latency.add(other.latency);
}

void Tally::count(const Verdict& verdict, std::uint64_t nanoseconds) noexcept {
  ++answered;
  ++rcodes[verdict.rcode & 0x0fu];
  ++faults[static_cast<std::size_t>(verdict.fault)];
  truncated += verdict.isTruncated;
  if (verdict.stamp && (!newest || newest->isBefore(*verdict.stamp))) newest = verdict.stamp;
  latency.add(nanoseconds);
}

std::uint64_t Tally::faulty() const noexcept {
  return std::accumulate(faults.begin() + 1, faults.end(), std::uint64_t{0});
}

}  // namespace holdfast::flood
