#include "zone/name_table_image.h"

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "zone/bucket.h"

namespace holdfast {

namespace {

using detail::Bucket;
using detail::Directory;

/// The least that a node takes: NodeView reads so much of any.
constexpr std::size_t kLeastNode = node_layout::kNodeHeader + 1;

/// Nodes lie one behind the other, the last one at the end.
std::span<const std::uint8_t> octetsOf(const Bucket& bucket) noexcept {
  const NodeView last = bucket.node(bucket.count - 1);
  const auto* begin = reinterpret_cast<const std::uint8_t*>(&bucket);
  return {begin, static_cast<std::size_t>(last.data() + last.bytes().size() - begin)};
}

bool visitBuckets(const void* tree, unsigned tiers, std::size_t first, const NameTableBuckets::Visit& visit) {
  if (tree == nullptr) return true;
  if (tiers == 0)
    return visit(static_cast<std::uint32_t>(first), octetsOf(*static_cast<const Bucket*>(tree)));
  const auto& children = static_cast<const Directory*>(tree)->child;
  for (std::size_t i = 0; i < children.size(); ++i)
    if (!visitBuckets(children[i], tiers - 1, first * detail::kDirectoryChildren + i, visit)) return false;
  return true;
}

/// Whether the slots, and the sizes and names of the nodes, stay within the octets.
bool isWithin(std::span<const std::uint8_t> octets) noexcept {
  if (octets.size() < sizeof(Bucket)) return false;
  const auto count = node_layout::load<std::uint32_t>(octets.data() + sizeof(std::uint32_t));
  if (count == 0 || count > (octets.size() - sizeof(Bucket)) / sizeof(Bucket::Slot)) return false;
  const std::size_t nodes = sizeof(Bucket) + count * sizeof(Bucket::Slot);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* slot = octets.data() + sizeof(Bucket) + i * sizeof(Bucket::Slot);
    const auto offset = node_layout::load<std::uint32_t>(slot + offsetof(Bucket::Slot, offset));
    if (offset < nodes || offset > octets.size() || octets.size() - offset < kLeastNode) return false;
    const NodeView node(octets.data() + offset);
    const std::size_t left = octets.size() - offset, size = node.bytes().size();
    if (size < kLeastNode || size > left) return false;
    const NameView name = node.name();
    if (name.size() == 0 || name.data() + name.size() > node.data() + size) return false;
  }
  return true;
}

}  // namespace

bool NameTableBuckets::forEach(const Visit& visit) const {
  return visitBuckets(table_.root_, detail::tiersFor(table_.bits_), 0, visit);
}

bool NameTableLoader::isPossible(unsigned bits) noexcept {
  return bits <= detail::kMaxBits;
}

NameTableLoader::NameTableLoader(unsigned bits) : bits_(bits), buckets_(std::size_t{1} << bits) {}

NameTableLoader::~NameTableLoader() {
  for (const Bucket* bucket : buckets_) detail::release(bucket, 0);
}

std::size_t NameTableLoader::put(std::uint32_t index, std::span<const std::uint8_t> octets) {
  if (index >= buckets_.size() || buckets_[index] != nullptr || !isWithin(octets)) return 0;
  auto* memory = static_cast<std::uint8_t*>(::operator new(octets.size()));
  auto* bucket = new (memory) Bucket;
  // Behind the count of references, which is that of a new bucket.
  constexpr std::size_t kBehind = sizeof bucket->references;
  std::memcpy(memory + kBehind, octets.data() + kBehind, octets.size() - kBehind);
  buckets_[index] = bucket;
  return bucket->count;
}

NameTable NameTableLoader::finish(std::size_t names) {
  NameTable table;
  table.root_ = detail::directoriesOver(buckets_, detail::tiersFor(bits_));
  table.bits_ = bits_;
  table.size_ = names;
  return table;
}

std::uint64_t bucketLayout() noexcept {
  static_assert(offsetof(Bucket, count) == sizeof(std::uint32_t) && sizeof(Bucket) == 8 &&
                sizeof(Bucket::Slot) == 8);
  constexpr std::uint64_t kBuckets = 1;  // changes with what a bucket holds and where
  return kBuckets << 40 | std::uint64_t{detail::kDirectoryBits} << 32 | node_layout::kVersion;
}

std::uint64_t nameHashCheck() noexcept {
  std::array<std::uint8_t, kMaxNameOctets> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>('a' + i % 26);
  // Names of each length, as they are hashed in several ways. The hash takes any octets for a name's.
  std::uint64_t check = 0;
  for (std::size_t size = 1; size <= octets.size(); ++size)
    check = std::rotl(check, 1) ^ HashedName::of({octets.data(), size});
  return check;
}

}  // namespace holdfast
