#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "zone/name_table.h"

namespace holdfast {

/// Which nodes of a table a plan has again, just as they are: a bit for each, where others are copied. One
/// thread at a time.
class RepeatedNodes {
 public:
  /// Null where the table is so small that copies cost nothing. Shares the table.
  static std::unique_ptr<RepeatedNodes> of(const NameTable& known);

  /// Marks the node where the table has just these octets; false where it has not, or they are marked
  /// already, or nothing was found for so long that they are hardly looked for. REQUIRES: hash ==
  /// HashedName::of(node's name).
  bool mark(std::uint64_t hash, std::string_view node) noexcept;
  /// Takes over what `other` has marked. REQUIRES: of the same table. What both have marked is visited.
  void join(const RepeatedNodes& other, const std::function<void(NodeView)>& visitTwice);

  /// The table has 2^bits() buckets.
  unsigned bits() const noexcept { return known_.bits_; }
  /// Visits each bucket with marked nodes of one of the parts of GatheredNodes, ascending by index, with a
  /// bit for each of its nodes that is marked. Several threads may at once.
  using Visit = std::function<void(std::size_t index, const detail::Bucket& bucket, std::uint32_t marked)>;
  void forEachBucket(std::size_t part, const Visit& visit) const;

 private:
  explicit RepeatedNodes(const NameTable& known) : known_(known), marked_(std::size_t{1} << known.bits_) {}
  const detail::Bucket* bucketAt(std::size_t index) const noexcept;

  const NameTable known_;
  std::vector<std::uint32_t> marked_;  // by bucket, a bit for each node; those from the 33rd on have none
  unsigned missed_ = 0;                // since the last that was found
};

}  // namespace holdfast
