#pragma once

#include <cstddef>
#include <iterator>
#include <vector>

#include "zone/name_table.h"

namespace holdfast {

/// A name whose node differs between two tables; the null view where it does not exist.
struct NodeChange {
  NodeView before, after;
  NameView name() const noexcept { return (before ? before : after).name(); }
};

/// Each name whose node differs between two tables, as they lie in memory: looked for once, for all who ask.
/// Borrows the nodes of both.
class NodeChanges {
 public:
  using Part = std::vector<NodeChange>;

  /// By several threads where it is said to be worth them.
  NodeChanges(const NameTable& before, const NameTable& after, bool isWorthThreads = false);

  std::size_t size() const noexcept { return size_; }
  /// All of them, part by part; some parts may be empty.
  const std::vector<Part>& parts() const noexcept { return parts_; }

  class Iterator {
   public:
    using value_type = NodeChange;
    using difference_type = std::ptrdiff_t;
    Iterator() noexcept = default;
    Iterator(const std::vector<Part>& parts, std::size_t part) noexcept : parts_(&parts), part_(part) {
      passOverEmpty();
    }
    const NodeChange& operator*() const noexcept { return (*parts_)[part_][at_]; }
    Iterator& operator++() noexcept {
      if (++at_ == (*parts_)[part_].size()) {
        at_ = 0;
        ++part_;
        passOverEmpty();
      }
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.part_ == b.part_ && a.at_ == b.at_;
    }
    /// Where it stands: which part, and where in it.
    std::size_t part() const noexcept { return part_; }
    std::size_t at() const noexcept { return at_; }

   private:
    void passOverEmpty() noexcept {
      while (part_ < parts_->size() && (*parts_)[part_].empty()) ++part_;
    }
    const std::vector<Part>* parts_ = nullptr;
    std::size_t part_ = 0, at_ = 0;
  };
  Iterator begin() const noexcept { return {parts_, 0}; }
  Iterator end() const noexcept { return {parts_, parts_.size()}; }

 private:
  std::vector<Part> parts_;
  std::size_t size_ = 0;
};

}  // namespace holdfast
