#pragma once

#include <functional>
#include <string>
#include <vector>

#include "zone/key_tree.h"
#include "zone/node.h"

namespace holdfast {

/// The CNAMEs and DNAMEs of a zone by what they lead to, so that the guard finds who depends on a name
/// without looking at all names. Not for the query path. Immutable; shares what did not change with the index
/// of the generation before, and costs nothing where there are no aliases.
class AliasIndex {
 public:
  AliasIndex() = default;
  explicit AliasIndex(KeyTree keys) : keys_(std::move(keys)) {}

  const KeyTree& keys() const noexcept { return keys_; }

  /// Visits the owner and target of each CNAME that leads to `target`, or also to a name below it, until
  /// `visit` returns false. The views live as long as the call of `visit`.
  using Visit = std::function<bool(NameView owner, NameView target)>;
  bool cnamesTo(NameView target, bool orBelow, const Visit& visit) const;
  /// The same for DNAMEs.
  bool dnamesTo(NameView target, bool orBelow, const Visit& visit) const;

  /// The keys that a node has in an index, none for the null view. Two nodes of equal keys are equal to it.
  static std::vector<std::string> keysOf(NodeView node);

 private:
  bool visit(std::uint8_t kind, NameView target, bool orBelow, const Visit& visit) const;

  KeyTree keys_;
};

}  // namespace holdfast
