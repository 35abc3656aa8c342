#include "zone/gathered_nodes.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "zone/repeated_nodes.h"

namespace holdfast {

namespace {

constexpr std::size_t kLargestBlock = std::size_t{256} << 10;

}  // namespace

GatheredNodes::GatheredNodes() = default;
GatheredNodes::GatheredNodes(const NameTable& known) : repeated_(RepeatedNodes::of(known)) {}
GatheredNodes::GatheredNodes(GatheredNodes&&) noexcept = default;
GatheredNodes& GatheredNodes::operator=(GatheredNodes&&) noexcept = default;
GatheredNodes::~GatheredNodes() = default;

void GatheredNodes::add(std::uint64_t hash, std::string_view node) {
  ++size_;
  if (repeated_ && repeated_->mark(hash, node)) return;
  Filling& part = parts_[hash >> (64 - kPartBits)];
  if (part.left < node.size()) {
    part.left = std::max(part.next, node.size());
    part.next = std::min(2 * part.next, kLargestBlock);
    part.blocks.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(part.left));
    part.free = part.blocks.back().get();
  }
  std::memcpy(part.free, node.data(), node.size());
  part.entries.push_back({hash, NodeView(part.free)});
  part.free += node.size();
  part.left -= node.size();
}

void GatheredNodes::join(GatheredNodes&& other) {
  for (std::size_t i = 0; i < kParts; ++i) {
    Filling& from = other.parts_[i];
    parts_[i].entries.insert(parts_[i].entries.end(), from.entries.begin(), from.entries.end());
    std::ranges::move(from.blocks, std::back_inserter(parts_[i].blocks));
    from = {};
  }
  size_ += std::exchange(other.size_, 0);
  if (!repeated_) {
    repeated_ = std::move(other.repeated_);
  } else if (other.repeated_) {
    repeated_->join(*other.repeated_, [this](NodeView twice) {
      --size_;
      add(HashedName::of(twice.name()), {reinterpret_cast<const char*>(twice.data()), twice.bytes().size()});
    });
  }
}

GatheredNodes::Part GatheredNodes::take(std::size_t part) noexcept {
  return std::move(static_cast<Part&>(parts_[part]));
}

}  // namespace holdfast
