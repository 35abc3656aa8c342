#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "zone/gathered_nodes.h"
#include "zone/name.h"
#include "zone/node.h"
#include "zone/result.h"

namespace holdfast {

namespace detail {
struct Bucket;
struct Directory;
}  // namespace detail

/// An immutable map from owner names to compiled nodes that shares what did not change with the table it was
/// edited from. Names are spread by hash over buckets of about four; a bucket is one allocation that holds
/// its nodes side by side, found through a shallow directory of pointers. A change of k names copies k
/// buckets and the directories above them.
///
/// A value type: a copy shares everything and costs one increment. Threads may read and copy one table at
/// once; the reference counts are touched by those who make and drop tables, never by find().
class NameTable {
 public:
  NameTable() noexcept = default;
  NameTable(const NameTable& other) noexcept;
  NameTable(NameTable&& other) noexcept;
  NameTable& operator=(NameTable other) noexcept;
  ~NameTable();

  /// Makes one node of two or more of the same name, in the order they were added, what is shared
  /// last.
  using Merge = std::function<Result<std::string>(std::span<const NodeView>)>;
  /// Told of a node, which lives as long as the table, and of its part of GatheredNodes.
  using Made = std::function<void(std::size_t part, NodeView node)>;
  /// The table of all these nodes; it shares the buckets that it has in common with what they know. Large
  /// ones are made by several threads, which call `merge` at once. The Error is one of merge's.
  /// `made` is called with each node, before it is known whether all can be merged: those of different parts
  /// by several threads at once, of a small table all as of part 0.
  static Result<NameTable> of(GatheredNodes nodes, const Merge& merge, const Made& made = {});
  /// A table equal to this one that shares with `other` what both have, where they are of like size.
  /// Large ones are compared by several threads.
  NameTable sharing(const NameTable& other) const;

  /// The node of that name or a null view. REQUIRES: hash == HashedName::of(name).
  NodeView find(std::uint64_t hash, NameView name) const noexcept;
  /// The two halves of the way to a node, without waiting for its memory: for many names the first, then the
  /// second, so that their cache misses overlap. What the second returns is the node, if the table has the
  /// name and no other of nearly the same hash: its name() tells, and find() where it is another.
  const detail::Bucket* prefetchBucket(std::uint64_t hash) const noexcept;
  static NodeView prefetchNode(const detail::Bucket* bucket, std::uint64_t hash) noexcept;

  std::size_t size() const noexcept { return size_; }

  /// Visits every node, in no useful order, until `visit` returns false. Returns whether it ran to the end.
  bool forEach(const std::function<bool(NodeView)>& visit) const;

  using VisitPair = std::function<bool(NodeView before, NodeView after)>;
  /// Visits each name whose node differs, with the null view on the side that lacks it, until `visit` returns
  /// false. Buckets that both tables share are passed over.
  static bool differences(const NameTable& before, const NameTable& after, const VisitPair& visit);
  /// One share of them, so that several threads may each look at some: all shares in order are what
  /// differences() visits. The first kParts are of the parts of GatheredNodes, by hash. Where the tables are
  /// spread over different numbers of buckets those are of the names in `before`, and as many more of the
  /// names that only `after` has.
  static constexpr std::size_t kShares = 2 * GatheredNodes::kParts;
  static bool differencesOf(const NameTable& before, const NameTable& after, std::size_t share,
                            const VisitPair& visit);
  /// False where it shows at once that there are none in that share.
  static bool mayDiffer(const NameTable& before, const NameTable& after, std::size_t share) noexcept;

 private:
  friend class NameTableEdit;
  friend class NameTableBuckets;
  friend class NameTableLoader;
  friend class RepeatedNodes;
  const detail::Bucket* bucketFor(std::uint64_t hash) const noexcept;

  // Directories of levels_ tiers over 2^bits_ buckets; with levels_ == 0 root_ is a Bucket.
  const void* root_ = nullptr;
  unsigned bits_ = 0;
  std::size_t size_ = 0;
};

/// Collects changes against one table and makes the next. One thread at a time.
class NameTableEdit {
 public:
  explicit NameTableEdit(NameTable base);

  /// What finish() would contain now. Valid until the next put or erase of that name.
  NodeView find(NameView name) const;
  void put(NameView name, std::string node);
  void erase(NameView name);
  std::size_t size() const noexcept { return size_; }

  const NameTable& base() const noexcept { return base_; }
  /// Each name put or erased, in no useful order, as (before, after).
  void forEachChange(const std::function<void(NodeView before, NodeView after)>& visit) const;

  /// The table with all changes. The edit is spent.
  NameTable finish();

 private:
  using Changes = std::unordered_map<Name, std::optional<std::string>, NameHasher>;

  NameTable base_;
  Changes changes_;
  std::size_t size_;
};

}  // namespace holdfast
