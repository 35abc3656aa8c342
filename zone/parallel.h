#pragma once

#include <cstddef>
#include <functional>

namespace holdfast {

/// Calls step(i) for each i below `count`, begun in that order, on the calling thread and on as many others
/// as the machine has processors, at a low priority: what answers queries goes first. Returns when all are
/// done. What a step throws is thrown here, of several the one of the lowest i; no further step is begun
/// then. `isWorthThreads` false: on the calling thread alone.
void inParallel(std::size_t count, bool isWorthThreads, const std::function<void(std::size_t)>& step);

/// How many threads inParallel uses at most.
std::size_t parallelThreads() noexcept;

/// Calls it, on a thread of low priority where that `isLong`, and returns when it is done. What it throws is
/// thrown here.
void givingWay(bool isLong, const std::function<void()>& work);

}  // namespace holdfast
