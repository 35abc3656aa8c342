#pragma once

#include "tests/fuzz/oracle.h"
#include "zone/compile.h"
#include "zone/plan.h"

namespace holdfast::test {

/// A plan over `before`, compiled as generation 7.
inline std::shared_ptr<const Zone> compiled(const Zone& before, const Plan& plan) {
  return compilePlan(before, plan, 7, 7, WallTime{});
}

/// ldns reads owners of up to 255 characters, escapes included; longer names are legal, but no text holds
/// them.
inline bool fitsInText(const Zone& zone) {
  bool fits = true;
  zone.names().forEach([&](NodeView node) { return fits = toText(node.name()).size() <= 252; });
  return fits;
}

/// Every RRset of two zones, so that a difference that text would hide is seen.
inline void expectSameContent(const Zone& a, const Zone& b, const std::string& seen) {
  expect(a.names().size() == b.names().size(), "the same names", seen);
  a.names().forEach([&](NodeView node) {
    const NodeView other = b.find(node.name());
    expect(static_cast<bool>(other), "the same names", seen);
    expect(ownedRRsets(node) == ownedRRsets(other), "the same RRsets", toText(node.name()) + "\n" + seen);
    return true;
  });
}

}  // namespace holdfast::test
