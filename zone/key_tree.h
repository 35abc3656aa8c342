#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace holdfast {

/// An immutable ordered set of octet strings that shares what did not change with the set it was made from: a
/// B+ tree whose pages are copied along the way to a change. What a hash table cannot tell, it can: which key
/// comes before another. Used for the chains of signed zones, for aliases by what they lead to, and for
/// losses by name and time; what has none of these pays nothing.
///
/// A value type: a copy shares everything. Any number of threads may read one tree.
class KeyTree {
 public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// The greatest key not above `key`, in the order of unsigned octets; where all are above it the greatest
  /// of all, as the keys of a chain form a ring. Borrows from the tree; empty when the tree is empty.
  /// Allocates nothing.
  std::span<const std::uint8_t> atOrBefore(std::span<const std::uint8_t> key) const noexcept;

  /// Visits the keys from `key` on, in order, until `visit` returns false. Returns whether it ran to the end.
  bool visitFrom(std::span<const std::uint8_t> key,
                 const std::function<bool(std::span<const std::uint8_t>)>& visit) const;

  /// The tree with these keys taken away and then those added; keys that are not there, or there already, are
  /// no error. Work is of the order of the change times the depth, or of the whole where much changes.
  KeyTree with(std::vector<std::string> added, std::vector<std::string> removed) const;

 private:
  struct Page;
  using PagePtr = std::shared_ptr<const Page>;
  /// What a page becomes when a key is put in: itself, or itself and a page to its right.
  struct Grown {
    PagePtr page, right;
    bool isNew = false;
  };

  static bool visitPage(const Page& page, std::span<const std::uint8_t> key,
                        const std::function<bool(std::span<const std::uint8_t>)>& visit);
  static PagePtr build(std::vector<std::string> sorted);
  static void collect(const Page& page, std::vector<std::string>& keys);
  static Grown insert(const Page& page, const std::string& key);
  static Grown cut(std::shared_ptr<Page> page);
  /// Null where nothing is left.
  static PagePtr erase(const PagePtr& page, const std::string& key);
  KeyTree rebuilt(std::vector<std::string> added, std::vector<std::string> removed) const;

  PagePtr root_;
  std::size_t size_ = 0;
};

}  // namespace holdfast
