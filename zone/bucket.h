#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "zone/node.h"

/// What a NameTable is made of. For the files that make and walk tables, name_table*.cc and
/// repeated_nodes.cc, alone.
namespace holdfast::detail {

/// Shared by reference count. A bucket is one allocation: this header, a tag and an offset per node, the
/// nodes. Tags are hash bits the directory does not use, so that a miss rarely reads a node. Ordered by tag
/// and then by name, so that buckets of equal nodes are equal octets.
struct Bucket {
  mutable std::atomic<std::uint32_t> references{1};
  std::uint32_t count = 0;

  struct Slot {
    std::uint32_t tag;
    std::uint32_t offset;  // from the start of the bucket
  };
  const Slot* slots() const noexcept { return reinterpret_cast<const Slot*>(this + 1); }
  NodeView node(unsigned i) const noexcept {
    return NodeView(reinterpret_cast<const std::uint8_t*>(this) + slots()[i].offset);
  }
};

constexpr unsigned kDirectoryBits = 6;
constexpr unsigned kDirectoryChildren = 1u << kDirectoryBits;
constexpr unsigned kMaxBits = 4 * kDirectoryBits;
/// A table is spread anew when its buckets hold more than this on average, or less than one part in so many.
constexpr std::size_t kDenseBucket = 6;
constexpr std::size_t kSparse = 8;
/// By how many bits a table of that size is spread that was spread by `bits`.
constexpr unsigned spreadOf(std::size_t size, unsigned bits) noexcept {
  while (bits < kMaxBits && size > (kDenseBucket << bits)) ++bits;
  while (bits > 0 && size < (kDenseBucket << bits) / kSparse) --bits;
  return bits;
}

/// One tier of the way to a bucket: 2^kDirectoryBits children, Directories or Buckets (which, the depth
/// says).
struct Directory {
  mutable std::atomic<std::uint32_t> references{1};
  std::array<const void*, kDirectoryChildren> child{};
};

constexpr unsigned tiersFor(unsigned bits) noexcept {
  return (bits + kDirectoryBits - 1) / kDirectoryBits;
}

/// The bucket of a hash is its top bits; the tag is its low half.
inline std::size_t bucketIndex(std::uint64_t hash, unsigned bits) noexcept {
  return bits == 0 ? 0 : static_cast<std::size_t>(hash >> (64 - bits));
}
inline std::uint32_t tagOf(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash);
}
/// The way from a bucket index to a child within the directory `tier` tiers above the buckets.
inline unsigned childIndex(std::size_t index, unsigned tier) noexcept {
  return static_cast<unsigned>(index >> (kDirectoryBits * (tier - 1))) & (kDirectoryChildren - 1);
}

/// Trees of `tiers` tiers of directories, a bucket where that is 0, or nullptr: one reference more or less.
const void* share(const void* tree, unsigned tiers) noexcept;
void release(const void* tree, unsigned tiers) noexcept;

/// A node on its way into a bucket. Borrows.
struct BucketEntry {
  std::uint32_t tag;
  NodeView node;
};

/// Lays entries out as a bucket with one reference; nullptr for none. Puts them into order.
const Bucket* makeBucket(std::span<BucketEntry> entries);

/// The directories, `tiers` tiers of them, over all buckets of a table by index; null where there is none.
/// Takes the buckets over, which are null then.
const void* directoriesOver(std::span<const Bucket*> buckets, unsigned tiers);

/// Whether both hold just the same.
bool isSameBucket(const Bucket* a, const Bucket* b) noexcept;

}  // namespace holdfast::detail
