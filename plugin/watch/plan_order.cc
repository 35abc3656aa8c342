#include "plugin/watch/plan_order.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <vector>

namespace holdfast::watch {

namespace {

/// For each candidate the newest generation to which it leads, others applied after it on their bases.
std::vector<std::uint64_t> reaches(std::span<const FoundPlan> candidates) {
  std::vector<std::size_t> newestFirst(candidates.size());
  std::iota(newestFirst.begin(), newestFirst.end(), std::size_t{0});
  std::sort(newestFirst.begin(), newestFirst.end(),
            [&](std::size_t a, std::size_t b) { return candidates[a].target() > candidates[b].target(); });
  std::vector<std::uint64_t> reach(candidates.size());
  std::map<std::uint64_t, std::uint64_t> from;  // the newest generation that starts on this base
  for (const std::size_t i : newestFirst) {
    const FoundPlan& each = candidates[i];
    const auto onward = from.find(each.target());
    reach[i] = onward == from.end() ? each.target() : std::max(each.target(), onward->second);
    if (each.base != 0) from[each.base] = std::max(from[each.base], reach[i]);
  }
  return reach;
}

}  // namespace

std::optional<std::size_t> nextToSubmit(std::span<const FoundPlan> candidates, std::uint64_t committed) {
  const std::vector<std::uint64_t> reach = reaches(candidates);
  std::optional<std::size_t> best;
  // At equal reach the shorter way; of those without a generation, the one written last.
  const auto rank = [&](std::size_t i) {
    const FoundPlan& each = candidates[i];
    return std::tuple(!each.isPlan, reach[i], each.target(), each.identity.modifiedSeconds,
                      each.identity.modifiedNanos);
  };
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].isPlan && !candidates[i].fits(committed)) continue;
    if (!best || rank(i) > rank(*best)) best = i;
  }
  return best;
}

}  // namespace holdfast::watch
