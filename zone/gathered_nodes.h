#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "zone/node.h"

namespace holdfast {

class NameTable;
class RepeatedNodes;

/// Compiled nodes on their way into a NameTable, in any order, spread by hash over parts so that a table is
/// made part by part, and each part's memory given back. One thread at a time.
class GatheredNodes {
 public:
  static constexpr unsigned kPartBits = 6;
  static constexpr std::size_t kParts = std::size_t{1} << kPartBits;

  GatheredNodes();
  /// Nodes that `known` has just so are shared with it.
  explicit GatheredNodes(const NameTable& known);
  GatheredNodes(GatheredNodes&&) noexcept;
  GatheredNodes& operator=(GatheredNodes&&) noexcept;
  ~GatheredNodes();

  /// Takes a copy where there is none in what is known. REQUIRES: hash == HashedName::of(node's name).
  void add(std::uint64_t hash, std::string_view node);
  /// Takes over what `other` has. REQUIRES: where both know something, it is the same.
  void join(GatheredNodes&& other);

  /// How many were added, names that came twice counted twice.
  std::size_t size() const noexcept { return size_; }

  struct Entry {
    std::uint64_t hash;
    NodeView node;
  };
  /// Those whose hash has `part` as its top bits, and what holds their octets.
  struct Part {
    std::vector<Entry> entries;
    std::vector<std::unique_ptr<std::uint8_t[]>> blocks;
  };
  /// A part, which is then no longer here. Different parts may be taken by several threads at once; no other
  /// call then.
  Part take(std::size_t part) noexcept;
  /// The nodes that are shared, in none of the parts; may be null.
  const RepeatedNodes* repeated() const noexcept { return repeated_.get(); }

 private:
  struct Filling : Part {
    std::uint8_t* free = nullptr;
    std::size_t left = 0;
    std::size_t next = 1024;  // octets of the next block
  };
  std::array<Filling, kParts> parts_;
  std::unique_ptr<RepeatedNodes> repeated_;
  std::size_t size_ = 0;
};

}  // namespace holdfast
