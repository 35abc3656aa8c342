#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "zone/name_table.h"

namespace holdfast {

/// A name whose node differs between two tables; the null view where it does not exist.
struct NodeChange {
  NodeView before, after;
  NameView name() const noexcept { return (before ? before : after).name(); }
  /// Asks for the nodes' memory, without waiting for it.
  void prefetch() const noexcept {
    for (const NodeView node : {before, after})
      if (node) node.prefetch();
  }
};

/// Nodes lie anywhere in memory: so many changes ahead of a walk they are asked for.
inline constexpr std::size_t kChangesAhead = 8;

/// Whether every type that `before` has is still in `after`. Neither is null.
bool keepsTypes(NodeView before, NodeView after) noexcept;

/// Each name whose node differs between two tables, as they lie in memory: looked for once, for all who ask,
/// with what is quickly seen while both nodes are in the processor's caches. Borrows the nodes.
class NodeChanges {
 public:
  struct Part {
    std::vector<NodeChange> changes;
    /// Of each whether it is quiet: the name has every type that it had, it was not hidden (NodeView), and
    /// neither was nor is an alias.
    std::vector<bool> isQuiet;
    std::uint64_t octetsBefore = 0, octetsAfter = 0;  ///< of the nodes
    void add(NodeView before, NodeView after);
  };
  /// Called with each part by the thread that has just made it.
  using Made = std::function<void(std::size_t number, const Part& part)>;

  /// By several threads where it is said to be worth them.
  NodeChanges(const NameTable& before, const NameTable& after, bool isWorthThreads = false,
              const Made& made = {});

  /// All of them, part by part, at most NameTable::kShares; some may be empty.
  const std::vector<Part>& parts() const noexcept { return parts_; }

  class Iterator {
   public:
    Iterator(const std::vector<Part>& parts, std::size_t part) noexcept : parts_(&parts), part_(part) {
      passOverEmpty();
    }
    const NodeChange& operator*() const noexcept { return (*parts_)[part_].changes[at_]; }
    bool isQuiet() const noexcept { return (*parts_)[part_].isQuiet[at_]; }
    Iterator& operator++() noexcept {
      const std::vector<NodeChange>& changes = (*parts_)[part_].changes;
      if (++at_ + kChangesAhead < changes.size()) changes[at_ + kChangesAhead].prefetch();
      if (at_ == changes.size()) {
        at_ = 0;
        ++part_;
        passOverEmpty();
      }
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.part_ == b.part_ && a.at_ == b.at_;
    }

   private:
    void passOverEmpty() noexcept {
      while (part_ < parts_->size() && (*parts_)[part_].changes.empty()) ++part_;
    }
    const std::vector<Part>* parts_;
    std::size_t part_ = 0, at_ = 0;
  };
  Iterator begin() const noexcept { return {parts_, 0}; }
  Iterator end() const noexcept { return {parts_, parts_.size()}; }

 private:
  std::vector<Part> parts_;
};

}  // namespace holdfast
