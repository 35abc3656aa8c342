#include "zone/node_changes.h"

#include <algorithm>

#include "zone/parallel.h"

namespace holdfast {

NodeChanges::NodeChanges(const NameTable& before, const NameTable& after, bool isWorthThreads)
    : parts_(isWorthThreads ? NameTable::kParts : 1) {
  const auto collect = [&](Part& part) {
    return [&part](NodeView old, NodeView now) {
      part.push_back({old, now});
      return true;
    };
  };
  if (!isWorthThreads) {
    NameTable::differences(before, after, collect(parts_.front()));
  } else {
    // Room for all names of a part, of which what is not used is never touched.
    const std::size_t most = std::max(before.size(), after.size()) / NameTable::kSpreadParts;
    inParallel(NameTable::kParts, true, [&](std::size_t i) {
      Part part;
      if (NameTable::mayDiffer(before, after, i)) part.reserve(most + most / 8);
      NameTable::differencesOf(before, after, i, collect(part));
      parts_[i] = std::move(part);
    });
  }
  for (const Part& part : parts_) size_ += part.size();
}

}  // namespace holdfast
