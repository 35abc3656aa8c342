#include "zone/repeated_nodes.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "zone/bucket.h"

namespace holdfast {

namespace {

/// Each part of GatheredNodes must be whole buckets.
constexpr unsigned kLeastBits = GatheredNodes::kPartBits;
/// After so many misses in a row the content is taken for new, and only one node in so many is looked for.
constexpr unsigned kManyMisses = 100;
constexpr unsigned kThenOneIn = 64;

constexpr unsigned kMostMarks = 32;

}  // namespace

std::unique_ptr<RepeatedNodes> RepeatedNodes::of(const NameTable& known) {
  if (known.bits_ < kLeastBits) return nullptr;
  return std::unique_ptr<RepeatedNodes>(new RepeatedNodes(known));
}

bool RepeatedNodes::mark(std::uint64_t hash, std::string_view node) noexcept {
  if (++missed_ > kManyMisses && missed_ % kThenOneIn != 0) return false;
  const detail::Bucket* bucket = known_.bucketFor(hash);
  if (bucket == nullptr) return false;
  const std::uint32_t tag = detail::tagOf(hash);
  for (unsigned i = 0; i < std::min(bucket->count, kMostMarks); ++i) {
    if (bucket->slots()[i].tag != tag) continue;
    const auto octets = bucket->node(i).bytes();
    if (octets.size() != node.size() || std::memcmp(octets.data(), node.data(), node.size()) != 0) continue;
    std::uint32_t& marks = marked_[detail::bucketIndex(hash, bits())];
    const std::uint32_t bit = 1u << i;
    if ((marks & bit) != 0) return false;
    marks |= bit;
    missed_ = 0;
    return true;
  }
  return false;
}

void RepeatedNodes::join(const RepeatedNodes& other, const std::function<void(NodeView)>& visitTwice) {
  for (std::size_t index = 0; index < marked_.size(); ++index) {
    for (std::uint32_t twice = marked_[index] & other.marked_[index]; twice != 0; twice &= twice - 1)
      visitTwice(bucketAt(index)->node(static_cast<unsigned>(std::countr_zero(twice))));
    marked_[index] |= other.marked_[index];
  }
}

const detail::Bucket* RepeatedNodes::bucketAt(std::size_t index) const noexcept {
  return known_.bucketFor(std::uint64_t{index} << (64 - bits()));
}

void RepeatedNodes::forEachBucket(std::size_t part, const Visit& visit) const {
  const unsigned left = bits() - GatheredNodes::kPartBits;
  for (std::size_t index = part << left; index < (part + 1) << left; ++index)
    if (marked_[index] != 0) visit(index, *bucketAt(index), marked_[index]);
}

}  // namespace holdfast
