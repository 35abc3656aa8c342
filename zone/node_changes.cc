#include "zone/node_changes.h"

#include <algorithm>

#include "zone/parallel.h"

namespace holdfast {

namespace {

bool isQuietChange(NodeView before, NodeView after) noexcept {
  if (!after || after.has(RRType::CNAME)) return false;
  return !before || (!before.isHidden() && !before.has(RRType::CNAME) && keepsTypes(before, after));
}

std::uint64_t octetsOf(NodeView node) noexcept {
  return node ? node.bytes().size() : 0;
}

}  // namespace

bool keepsTypes(NodeView before, NodeView after) noexcept {
  for (const RRsetView rrset : before)
    if (!after.has(rrset.type())) return false;
  return true;
}

void NodeChanges::Part::add(NodeView before, NodeView after) {
  changes.push_back({before, after});
  isQuiet.push_back(isQuietChange(before, after));
  octetsBefore += octetsOf(before);
  octetsAfter += octetsOf(after);
}

NodeChanges::NodeChanges(const NameTable& before, const NameTable& after, bool isWorthThreads,
                         const Made& made)
    : parts_(isWorthThreads ? NameTable::kShares : 1) {
  const auto collect = [](Part& part) {
    return [&part](NodeView old, NodeView now) {
      part.add(old, now);
      return true;
    };
  };
  if (!isWorthThreads) {
    NameTable::differences(before, after, collect(parts_.front()));
    if (made) made(0, parts_.front());
    return;
  }
  // Room for all names of a part, of which what is not used is never touched.
  const std::size_t most = std::max(before.size(), after.size()) / GatheredNodes::kParts;
  inParallel(NameTable::kShares, true, [&](std::size_t i) {
    if (!NameTable::mayDiffer(before, after, i)) return;
    Part part;
    part.changes.reserve(most + most / 8);
    part.isQuiet.reserve(most + most / 8);
    NameTable::differencesOf(before, after, i, collect(part));
    if (made) made(i, part);
    parts_[i] = std::move(part);
  });
}

}  // namespace holdfast
