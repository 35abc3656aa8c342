#include "zone/bucket.h"

#include <algorithm>
#include <cstring>
#include <new>

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

}  // namespace holdfast::detail
