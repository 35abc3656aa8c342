// Tables made of all their nodes at once, and tables that share what they have in common.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "zone/bucket.h"
#include "zone/name_table.h"
#include "zone/parallel.h"
#include "zone/repeated_nodes.h"

namespace holdfast {

namespace {

using namespace detail;
using Entry = GatheredNodes::Entry;

/// Fewer nodes than these are made into a table sooner than threads for it are.
constexpr std::size_t kWorthThreads = 20'000;

/// As what they know is spread, where that will do: then buckets can be shared.
unsigned bitsFor(const GatheredNodes& nodes) noexcept {
  const RepeatedNodes* repeated = nodes.repeated();
  if (repeated != nullptr && spreadOf(nodes.size(), repeated->bits()) == repeated->bits())
    return repeated->bits();
  return spreadOf(nodes.size(), 0);
}

/// The leaves of a tree that is being made. Owns them until they are taken.
class Buckets {
 public:
  explicit Buckets(unsigned bits) : bits_(bits), all_(std::size_t{1} << bits) {}
  ~Buckets() {
    for (const Bucket* bucket : all_) release(bucket, 0);
  }
  Buckets(const Buckets&) = delete;
  Buckets& operator=(const Buckets&) = delete;

  /// REQUIRES: entries by hash, no name twice; all entries of their buckets.
  void make(std::span<const Entry> entries) {
    std::vector<BucketEntry> inBucket;
    for (std::size_t i = 0; i < entries.size();) {
      const std::size_t index = bucketIndex(entries[i].hash, bits_);
      inBucket.clear();
      for (; i < entries.size() && bucketIndex(entries[i].hash, bits_) == index; ++i)
        inBucket.push_back({tagOf(entries[i].hash), entries[i].node});
      all_[index] = makeBucket(inBucket);
    }
  }

  void share(std::size_t index, const Bucket& bucket) {
    detail::share(&bucket, 0);
    all_[index] = &bucket;
  }

  unsigned bits() const noexcept { return bits_; }

  /// The nodes of all buckets, or where there are as many parts or more of those of one part.
  void visit(std::size_t part, const NameTable::Made& made) const {
    const bool isSplit = bits_ < GatheredNodes::kPartBits;
    const std::size_t count = isSplit ? all_.size() : all_.size() / GatheredNodes::kParts;
    for (const Bucket* bucket : std::span(all_).subspan(isSplit ? 0 : part * count, count))
      for (unsigned i = 0; bucket != nullptr && i < bucket->count; ++i) made(part, bucket->node(i));
  }

  /// The whole tree, with one reference.
  const void* takeTree() { return directoriesOver(all_, tiersFor(bits_)); }

 private:
  const unsigned bits_;
  std::vector<const Bucket*> all_;
};

/// By hash, those of one hash in the order they were added. REQUIRES: the entries of one part, for a table
/// spread by so many bits.
void sortByHash(std::vector<Entry>& entries, unsigned bits) {
  constexpr std::size_t kWorthCounting = 1024, kFew = 32;
  const auto byHash = [](std::span<Entry> some) { std::ranges::stable_sort(some, {}, &Entry::hash); };
  if (bits <= GatheredNodes::kPartBits || entries.size() < kWorthCounting) return byHash(entries);
  // Into their buckets by counting; within one there are few.
  const std::size_t mask = (std::size_t{1} << (bits - GatheredNodes::kPartBits)) - 1;
  std::vector<std::uint32_t> ends(mask + 2);
  for (const Entry& entry : entries) ++ends[(bucketIndex(entry.hash, bits) & mask) + 1];
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<Entry> sorted(entries.size());
  for (const Entry& entry : entries) sorted[ends[bucketIndex(entry.hash, bits) & mask]++] = entry;
  for (std::size_t i = 0, begin = 0; i <= mask; begin = ends[i++]) {
    const std::span bucket = std::span(sorted).subspan(begin, ends[i] - begin);
    if (bucket.size() > kFew) {
      byHash(bucket);
      continue;
    }
    for (std::size_t at = 1; at < bucket.size(); ++at)
      for (std::size_t to = at; to > 0 && bucket[to].hash < bucket[to - 1].hash; --to)
        std::swap(bucket[to], bucket[to - 1]);
  }
  entries = std::move(sorted);
}

/// Leaves one entry for each name. REQUIRES: entries by hash, else in the order they were added. What is
/// merged is held by the part.
Status mergeEqual(GatheredNodes::Part& part, const NameTable::Merge& merge) {
  std::vector<Entry>& entries = part.entries;
  std::vector<NodeView> same;
  std::size_t kept = 0;
  for (std::size_t i = 0, next = 0; i < entries.size(); i = next) {
    const auto isOfHash = [&](const Entry& entry) { return entry.hash == entries[i].hash; };
    while (next < entries.size() && isOfHash(entries[next])) ++next;
    if (next - i == 1) {
      entries[kept++] = entries[i];
      continue;
    }
    std::ranges::stable_sort(std::span(entries).subspan(i, next - i), {},  // nearly always of one name
                             [](const Entry& entry) { return entry.node.name(); });
    while (i < next) {
      same.clear();
      Entry entry = entries[i];
      for (; i < next && entries[i].node.name() == entry.node.name(); ++i) same.push_back(entries[i].node);
      if (same.size() > 1) {
        const Result<std::string> merged = merge(same);
        if (!merged) return merged.error();
        auto block = std::make_unique_for_overwrite<std::uint8_t[]>(merged->size());
        std::memcpy(block.get(), merged->data(), merged->size());
        entry.node = NodeView(block.get());
        part.blocks.push_back(std::move(block));
      }
      entries[kept++] = entry;
    }
  }
  entries.resize(kept);
  return Done{};
}

/// The nodes that are shared become entries, but for buckets that are taken as they are. Returns how many
/// nodes those have. REQUIRES: entries by hash, which they stay.
std::size_t joinRepeated(const GatheredNodes& nodes, std::size_t part, std::vector<Entry>& entries,
                         Buckets& buckets) {
  if (nodes.repeated() == nullptr) return 0;
  const RepeatedNodes& repeated = *nodes.repeated();
  const std::size_t added = entries.size();
  std::size_t next = 0;
  std::size_t shared = 0;
  repeated.forEachBucket(part, [&](std::size_t index, const Bucket& bucket, std::uint32_t marked) {
    const auto indexOf = [&](const Entry& entry) { return bucketIndex(entry.hash, repeated.bits()); };
    while (next < added && indexOf(entries[next]) < index) ++next;
    const bool hasOthers = next < added && indexOf(entries[next]) == index;
    const bool isWhole = static_cast<unsigned>(std::popcount(marked)) == bucket.count;
    if (isWhole && !hasOthers && buckets.bits() == repeated.bits()) {
      buckets.share(index, bucket);
      shared += bucket.count;
      return;
    }
    for (; marked != 0; marked &= marked - 1) {
      const NodeView node = bucket.node(static_cast<unsigned>(std::countr_zero(marked)));
      entries.push_back({HashedName::of(node.name()), node});
    }
  });
  if (entries.size() > added) sortByHash(entries, buckets.bits());
  return shared;
}

/// The tree `now` with what it has in common with `before` taken from there; one reference. By several
/// threads below directories of that tier; 0: by one.
const void* sharedTree(const void* now, const void* before, unsigned tiers, unsigned tierOfThreads) {
  if (now == before || now == nullptr || before == nullptr) return share(now, tiers);
  if (tiers == 0) {
    const bool isSame = isSameBucket(static_cast<const Bucket*>(now), static_cast<const Bucket*>(before));
    return share(isSame ? before : now, tiers);
  }
  const auto& a = static_cast<const Directory*>(now)->child;
  const auto& b = static_cast<const Directory*>(before)->child;
  // Released as a tree, where memory runs out on the way.
  const auto letGo = [tiers](const Directory* directory) { release(directory, tiers); };
  std::unique_ptr<Directory, decltype(letGo)> directory(new Directory, letGo);
  inParallel(kDirectoryChildren, tiers == tierOfThreads,
             [&](std::size_t i) { directory->child[i] = sharedTree(a[i], b[i], tiers - 1, tierOfThreads); });
  if (directory->child == b) return share(before, tiers);
  if (directory->child == a) return share(now, tiers);
  return directory.release();
}

}  // namespace

Result<NameTable> NameTable::of(GatheredNodes nodes, const Merge& merge, const Made& made) {
  NameTable table;
  table.bits_ = bitsFor(nodes);
  const bool isWorthThreads = nodes.size() >= kWorthThreads;
  Buckets buckets(table.bits_);
  std::array<std::size_t, GatheredNodes::kParts> sizes{};
  std::vector<Status> problems(GatheredNodes::kParts, Done{});
  const bool isSplit = table.bits_ < GatheredNodes::kPartBits;  // a bucket is of several parts
  std::vector<Entry> all;
  std::vector<GatheredNodes::Part> held;
  inParallel(GatheredNodes::kParts, isWorthThreads, [&](std::size_t i) {
    GatheredNodes::Part part = nodes.take(i);
    if (part.entries.empty() && nodes.repeated() == nullptr) return;  // nearly all parts of a small plan
    sortByHash(part.entries, table.bits_);
    const std::size_t shared = joinRepeated(nodes, i, part.entries, buckets);
    problems[i] = mergeEqual(part, merge);
    sizes[i] = part.entries.size() + shared;
    if (!problems[i]) return;
    if (!isSplit) {
      buckets.make(part.entries);
      if (made) buckets.visit(i, made);  // while they are in the processor's caches
      return;
    }
    all.insert(all.end(), part.entries.begin(), part.entries.end());
    held.push_back(std::move(part));
  });
  for (Status& problem : problems)
    if (!problem) return std::move(problem).error();
  if (isSplit) {
    buckets.make(all);
    if (made) buckets.visit(0, made);
  }
  for (const std::size_t size : sizes) table.size_ += size;
  table.root_ = buckets.takeTree();
  return table;
}

NameTable NameTable::sharing(const NameTable& other) const {
  if (bits_ != other.bits_) return *this;
  const unsigned tiers = tiersFor(bits_);
  // The root may have two children only.
  constexpr unsigned kManyBits = 4;
  const bool hasManyChildren = bits_ >= kDirectoryBits * (tiers - 1) + kManyBits;
  NameTable table;
  table.root_ = sharedTree(root_, other.root_, tiers,
                           size_ < kWorthThreads ? 0
                           : hasManyChildren     ? tiers
                                                 : tiers - 1);
  table.bits_ = bits_;
  table.size_ = size_;
  return table;
}

}  // namespace holdfast
