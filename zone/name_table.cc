#include "zone/name_table.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "zone/bucket.h"

namespace holdfast {
namespace {

using namespace detail;

// How much is prefetched: the header and slots of a bucket, and of a node the name and a few addresses.
constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kSlotsOctets = 2 * kCacheLine;
constexpr std::size_t kNodeOctets = 3 * kCacheLine;

NodeView findIn(const Bucket* bucket, std::uint64_t hash, NameView name) noexcept {
  if (bucket == nullptr) return {};
  for (unsigned i = 0; i < bucket->count; ++i) {
    if (bucket->slots()[i].tag != tagOf(hash)) continue;
    const NodeView node = bucket->node(i);
    if (node.name() == name) return node;
  }
  return {};
}

/// Whole trees are walked bucket by bucket, and buckets lie anywhere in memory: so many ahead they are asked
/// for.
constexpr unsigned kBucketsAhead = 4;
constexpr std::size_t kBucketOctets = 8 * kCacheLine;

void prefetchBucket(const void* bucket) noexcept {
  const auto* octets = static_cast<const std::uint8_t*>(bucket);
  for (std::size_t i = 0; octets != nullptr && i < kBucketOctets; i += kCacheLine)
    __builtin_prefetch(octets + i);
}

const void* childOf(const void* directory, unsigned i) noexcept {
  return directory == nullptr ? nullptr : static_cast<const Directory*>(directory)->child[i];
}

/// Which children of a directory.
struct ChildRange {
  unsigned first = 0, end = kDirectoryChildren;
};

bool visitTree(const void* tree, unsigned tiers, const std::function<bool(NodeView)>& visit,
               ChildRange which = {}) {
  if (tree == nullptr) return true;
  if (tiers == 0) {
    const auto* bucket = static_cast<const Bucket*>(tree);
    for (unsigned i = 0; i < bucket->count; ++i)
      if (!visit(bucket->node(i))) return false;
    return true;
  }
  for (unsigned i = which.first; i < which.end; ++i) {
    if (tiers == 1 && i + kBucketsAhead < which.end) prefetchBucket(childOf(tree, i + kBucketsAhead));
    if (!visitTree(childOf(tree, i), tiers - 1, visit)) return false;
  }
  return true;
}

using VisitPair = NameTable::VisitPair;

bool compareNodes(NodeView before, NodeView after, const VisitPair& visit) {
  if (before && after) {
    const auto a = before.bytes();
    const auto b = after.bytes();
    if (a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0) return true;
  }
  return visit(before, after);
}

bool compareBuckets(const Bucket* before, const Bucket* after, const VisitPair& visit) {
  const auto match = [](const Bucket* in, const Bucket* of, unsigned i) {
    return findIn(in, of->slots()[i].tag, of->node(i).name());
  };
  for (unsigned i = 0; before != nullptr && i < before->count; ++i)
    if (!compareNodes(before->node(i), match(after, before, i), visit)) return false;
  for (unsigned i = 0; after != nullptr && i < after->count; ++i)
    if (!match(before, after, i) && !visit({}, after->node(i))) return false;
  return true;
}

bool compareTrees(const void* before, const void* after, unsigned tiers, const VisitPair& visit,
                  ChildRange which = {}) {
  if (before == after) return true;
  if (tiers == 0)
    return compareBuckets(static_cast<const Bucket*>(before), static_cast<const Bucket*>(after), visit);
  for (unsigned i = which.first; i < which.end; ++i) {
    if (const unsigned ahead = i + kBucketsAhead; tiers == 1 && ahead < which.end) {
      const void *a = childOf(before, ahead), *b = childOf(after, ahead);
      if (a != b) prefetchBucket(a), prefetchBucket(b);
    }
    if (!compareTrees(childOf(before, i), childOf(after, i), tiers - 1, visit)) return false;
  }
  return true;
}

/// The names of one part of GatheredNodes, which is a range of buckets: some children of one directory. All
/// of a table of fewer buckets than parts is part 0.
struct PartOfTree {
  const void* tree;
  unsigned tiers;
  ChildRange which;
};

PartOfTree partOf(const void* root, unsigned bits, std::size_t part) noexcept {
  const unsigned tiers = tiersFor(bits);
  if (bits < GatheredNodes::kPartBits) return {part == 0 ? root : nullptr, tiers, {}};
  // The root takes what bits the tiers below it leave, the rest of a part's number is the next tier's.
  const unsigned ofRoot = bits - kDirectoryBits * (tiers - 1), rest = GatheredNodes::kPartBits - ofRoot;
  const auto number = static_cast<unsigned>(part);
  if (rest == 0) return {root, tiers, {number, number + 1}};
  const unsigned first = (number & ((1u << rest) - 1)) << ofRoot;
  return {childOf(root, number >> rest), tiers - 1, {first, first + (1u << ofRoot)}};
}

/// A bucket's share of a change: entries that are put, and names that are gone.
struct BucketChange {
  std::size_t index;
  std::uint64_t hash;
  const Name* name;
  const std::string* node;  // nullptr: erased
};

/// The bucket with the changes applied. Borrows the change range.
const Bucket* editBucket(const Bucket* before, std::span<const BucketChange> changes) {
  std::vector<BucketEntry> entries;
  const auto isChanged = [&](NodeView node, std::uint32_t tag) {
    return std::any_of(changes.begin(), changes.end(), [&](const BucketChange& change) {
      return tagOf(change.hash) == tag && change.name->view() == node.name();
    });
  };
  for (unsigned i = 0; before != nullptr && i < before->count; ++i) {
    const std::uint32_t tag = before->slots()[i].tag;
    if (!isChanged(before->node(i), tag)) entries.push_back({tag, before->node(i)});
  }
  for (const BucketChange& change : changes) {
    if (change.node == nullptr) continue;
    entries.push_back(
        {tagOf(change.hash), NodeView(reinterpret_cast<const std::uint8_t*>(change.node->data()))});
  }
  return makeBucket(entries);
}

/// A copy of the tree with the changes applied, sharing every subtree without one. `changes` is by index.
const void* editTree(const void* before, unsigned tiers, std::span<const BucketChange> changes) {
  if (tiers == 0) return editBucket(static_cast<const Bucket*>(before), changes);
  auto directory = std::make_unique<Directory>();
  std::size_t next = 0;
  for (unsigned i = 0; i < kDirectoryChildren; ++i) {
    const void* child = before == nullptr ? nullptr : static_cast<const Directory*>(before)->child[i];
    const std::size_t first = next;
    while (next < changes.size() && childIndex(changes[next].index, tiers) == i) ++next;
    directory->child[i] = first == next ? share(child, tiers - 1)
                                        : editTree(child, tiers - 1, changes.subspan(first, next - first));
  }
  return directory.release();
}

}  // namespace

NameTable::NameTable(const NameTable& other) noexcept
    : root_(share(other.root_, tiersFor(other.bits_))), bits_(other.bits_), size_(other.size_) {}

NameTable::NameTable(NameTable&& other) noexcept
    : root_(std::exchange(other.root_, nullptr)),
      bits_(std::exchange(other.bits_, 0)),
      size_(std::exchange(other.size_, 0)) {}

NameTable& NameTable::operator=(NameTable other) noexcept {
  std::swap(root_, other.root_);
  std::swap(bits_, other.bits_);
  std::swap(size_, other.size_);
  return *this;
}

NameTable::~NameTable() {
  release(root_, tiersFor(bits_));
}

const Bucket* NameTable::bucketFor(std::uint64_t hash) const noexcept {
  const std::size_t index = bucketIndex(hash, bits_);
  const void* at = root_;
  for (unsigned tier = tiersFor(bits_); tier > 0 && at != nullptr; --tier)
    at = static_cast<const Directory*>(at)->child[childIndex(index, tier)];
  return static_cast<const Bucket*>(at);
}

NodeView NameTable::find(std::uint64_t hash, NameView name) const noexcept {
  return findIn(bucketFor(hash), hash, name);
}

const Bucket* NameTable::prefetchBucket(std::uint64_t hash) const noexcept {
  const Bucket* bucket = bucketFor(hash);
  const auto* slots = reinterpret_cast<const std::uint8_t*>(bucket);
  for (std::size_t at = 0; bucket != nullptr && at < kSlotsOctets; at += kCacheLine)
    __builtin_prefetch(slots + at);
  return bucket;
}

NodeView NameTable::prefetchNode(const Bucket* bucket, std::uint64_t hash) noexcept {
  for (unsigned i = 0; bucket != nullptr && i < bucket->count; ++i) {
    if (bucket->slots()[i].tag != tagOf(hash)) continue;
    const NodeView node = bucket->node(i);
    for (std::size_t at = 0; at < kNodeOctets; at += kCacheLine) __builtin_prefetch(node.data() + at);
    return node;
  }
  return {};
}

bool NameTable::forEach(const std::function<bool(NodeView)>& visit) const {
  return visitTree(root_, tiersFor(bits_), visit);
}

bool NameTable::differences(const NameTable& before, const NameTable& after, const VisitPair& visit) {
  for (std::size_t share = 0; share < kShares; ++share)
    if (!differencesOf(before, after, share, visit)) return false;
  return true;
}

bool NameTable::mayDiffer(const NameTable& before, const NameTable& after, std::size_t share) noexcept {
  const std::size_t part = share % GatheredNodes::kParts;
  const PartOfTree old = partOf(before.root_, before.bits_, part),
                   now = partOf(after.root_, after.bits_, part);
  if (before.bits_ != after.bits_) return (share == part ? old : now).tree != nullptr;
  if (share != part || old.tree == now.tree) return false;
  if (old.tiers == 0) return true;
  for (unsigned i = old.which.first; i < old.which.end; ++i)
    if (childOf(old.tree, i) != childOf(now.tree, i)) return true;
  return false;
}

bool NameTable::differencesOf(const NameTable& before, const NameTable& after, std::size_t share,
                              const VisitPair& visit) {
  static_assert(GatheredNodes::kPartBits == kDirectoryBits);
  const std::size_t part = share % GatheredNodes::kParts;
  const PartOfTree old = partOf(before.root_, before.bits_, part),
                   now = partOf(after.root_, after.bits_, part);
  if (before.bits_ == after.bits_)
    return share != part || compareTrees(old.tree, now.tree, old.tiers, visit, old.which);
  // Spread over different numbers of buckets, the tables share nothing: compare name by name. Of an empty one
  // nothing is asked, to spare the hashes.
  const auto other = [](const NameTable& in, NodeView node) {
    return in.root_ == nullptr ? NodeView() : in.find(HashedName::of(node.name()), node.name());
  };
  if (share == part)
    return visitTree(
        old.tree, old.tiers, [&](NodeView node) { return compareNodes(node, other(after, node), visit); },
        old.which);
  return visitTree(
      now.tree, now.tiers, [&](NodeView node) { return other(before, node) ? true : visit({}, node); },
      now.which);
}

NameTableEdit::NameTableEdit(NameTable base) : base_(std::move(base)), size_(base_.size()) {}

NodeView NameTableEdit::find(NameView name) const {
  const auto found = changes_.find(Name(name));
  if (found == changes_.end()) return base_.find(HashedName::of(name), name);
  if (!found->second) return {};
  return NodeView(reinterpret_cast<const std::uint8_t*>(found->second->data()));
}

void NameTableEdit::put(NameView name, std::string node) {
  if (!find(name)) ++size_;
  changes_[Name(name)] = std::move(node);
}

void NameTableEdit::erase(NameView name) {
  if (find(name)) --size_;
  changes_[Name(name)] = std::nullopt;
}

void NameTableEdit::forEachChange(const std::function<void(NodeView, NodeView)>& visit) const {
  for (const auto& [name, node] : changes_) {
    const NodeView before = base_.find(HashedName::of(name), name);
    visit(before, node ? NodeView(reinterpret_cast<const std::uint8_t*>(node->data())) : NodeView());
  }
}

NameTable NameTableEdit::finish() {
  const unsigned bits = spreadOf(size_, base_.bits_);

  std::vector<BucketChange> changes;
  changes.reserve(changes_.size());
  const auto add = [&](const Name& name, const std::string* node) {
    const std::uint64_t hash = HashedName::of(name);
    changes.push_back({bucketIndex(hash, bits), hash, &name, node});
  };
  for (const auto& [name, node] : changes_) add(name, node ? &*node : nullptr);

  std::vector<std::pair<Name, std::string>> moved;  // every unchanged node, when the spread changes
  if (bits != base_.bits_) {
    base_.forEach([&](NodeView node) {
      const Name name(node.name());
      if (!changes_.contains(name)) moved.emplace_back(name, withChildren(node, node.children()));
      return true;
    });
    for (const auto& [name, node] : moved) add(name, &node);
  }
  std::sort(changes.begin(), changes.end(),
            [](const BucketChange& a, const BucketChange& b) { return a.index < b.index; });

  const unsigned tiers = tiersFor(bits);
  NameTable next;
  const void* before = bits == base_.bits_ ? base_.root_ : nullptr;
  next.root_ = changes.empty() ? share(before, tiers) : editTree(before, tiers, changes);
  next.bits_ = bits;
  next.size_ = size_;
  return next;
}

}  // namespace holdfast
