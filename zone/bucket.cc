#include "zone/bucket.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace holdfast::detail {

namespace {

std::size_t octetsOf(const Bucket& bucket) noexcept {
  const NodeView last = bucket.node(bucket.count - 1);
  return bucket.slots()[bucket.count - 1].offset + last.bytes().size();
}

}  // namespace

const void* share(const void* tree, unsigned tiers) noexcept {
  if (tree == nullptr) return nullptr;
  std::atomic<std::uint32_t>& references = tiers == 0 ? static_cast<const Bucket*>(tree)->references
                                                      : static_cast<const Directory*>(tree)->references;
  references.fetch_add(1, std::memory_order_relaxed);
  return tree;
}

void release(const void* tree, unsigned tiers) noexcept {
  if (tree == nullptr) return;
  if (tiers == 0) {
    const auto* bucket = static_cast<const Bucket*>(tree);
    if (bucket->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    bucket->~Bucket();
    ::operator delete(const_cast<Bucket*>(bucket));
    return;
  }
  const auto* directory = static_cast<const Directory*>(tree);
  if (directory->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  for (const void* child : directory->child) release(child, tiers - 1);
  delete directory;
}

const Bucket* makeBucket(std::span<BucketEntry> entries) {
  if (entries.empty()) return nullptr;
  std::ranges::sort(entries, [](const BucketEntry& a, const BucketEntry& b) {
    return a.tag != b.tag ? a.tag < b.tag : a.node.name() < b.node.name();
  });
  std::size_t size = sizeof(Bucket) + entries.size() * sizeof(Bucket::Slot);
  std::size_t offset = size;
  for (const BucketEntry& entry : entries) size += entry.node.bytes().size();
  auto* memory = static_cast<std::uint8_t*>(::operator new(size));
  auto* bucket = new (memory) Bucket;
  bucket->count = static_cast<std::uint32_t>(entries.size());
  auto* slot = reinterpret_cast<Bucket::Slot*>(memory + sizeof(Bucket));
  for (const BucketEntry& entry : entries) {
    *slot++ = {entry.tag, static_cast<std::uint32_t>(offset)};
    const auto octets = entry.node.bytes();
    std::memcpy(memory + offset, octets.data(), octets.size());
    offset += octets.size();
  }
  return bucket;
}

bool isSameBucket(const Bucket* a, const Bucket* b) noexcept {
  if (a == b) return true;
  if (a == nullptr || b == nullptr || a->count != b->count) return false;
  const std::size_t octets = octetsOf(*a);
  return octets == octetsOf(*b) && std::memcmp(a->slots(), b->slots(), octets - sizeof(Bucket)) == 0;
}

const void* directoriesOver(std::span<const Bucket*> buckets, unsigned tiers) {
  if (tiers == 0) return std::exchange(buckets.front(), nullptr);
  const std::size_t share = std::size_t{1} << (kDirectoryBits * (tiers - 1));
  // Released as a tree of that height, where memory runs out on the way.
  const auto letGo = [tiers](const Directory* directory) { release(directory, tiers); };
  std::unique_ptr<Directory, decltype(letGo)> directory(new Directory, letGo);
  bool isAny = false;
  for (std::size_t i = 0; i * share < buckets.size(); ++i) {
    const std::size_t begin = i * share;
    directory->child[i] =
        directoriesOver(buckets.subspan(begin, std::min(share, buckets.size() - begin)), tiers - 1);
    isAny = isAny || directory->child[i] != nullptr;
  }
  return isAny ? directory.release() : nullptr;
}

}  // namespace holdfast::detail
