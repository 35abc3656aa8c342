#include "zone/alias_index.h"

#include <algorithm>
#include <array>

#include "zone/denial_index.h"
#include "zone/lookup.h"

namespace holdfast {

namespace {

using Octets = std::span<const std::uint8_t>;

// A key is the kind, the target's labels from the top down (CanonicalKey), an empty label and the owner: what
// leads to a name and below it stands in one run.
constexpr std::uint8_t kCname = 1, kDname = 2;

void append(std::string& key, Octets octets) {
  key.append(reinterpret_cast<const char*>(octets.data()), octets.size());
}

std::string prefixFor(std::uint8_t kind, NameView target) {
  std::string key(1, static_cast<char>(kind));
  append(key, CanonicalKey(target, Name().view()).octets());
  return key;
}

}  // namespace

std::vector<std::string> AliasIndex::keysOf(NodeView node) {
  std::vector<std::string> keys;
  if (!node) return keys;
  for (const auto& [type, kind] : {std::pair(RRType::CNAME, kCname), std::pair(RRType::DNAME, kDname)}) {
    const RRsetView alias = node.find(type);
    if (!alias) continue;
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    std::string key = prefixFor(kind, canonicalName(alias.front(), buffer)) + '\0';
    append(key, node.name().bytes());
    keys.push_back(std::move(key));
  }
  return keys;
}

bool AliasIndex::cnamesTo(NameView target, bool orBelow, const Visit& visitor) const {
  return visit(kCname, target, orBelow, visitor);
}

bool AliasIndex::dnamesTo(NameView target, bool orBelow, const Visit& visitor) const {
  return visit(kDname, target, orBelow, visitor);
}

bool AliasIndex::visit(std::uint8_t kind, NameView target, bool orBelow, const Visit& visitor) const {
  if (keys_.empty()) return true;
  std::string prefix = prefixFor(kind, target);
  if (!orBelow) prefix += '\0';
  const Octets wanted(reinterpret_cast<const std::uint8_t*>(prefix.data()), prefix.size());
  bool goesOn = true;
  keys_.visitFrom(wanted, [&](Octets key) {
    if (key.size() < wanted.size() || !std::ranges::equal(key.first(wanted.size()), wanted)) return false;
    // The target ends with the first empty label: a 0 at the start or behind another label's.
    std::size_t end = 1;
    while (key[end] != 0)
      end = static_cast<std::size_t>(std::find(key.begin() + end, key.end(), 0) - key.begin()) + 1;
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    const NameView leadsTo = CanonicalKey::toName(key.subspan(1, end - 1), Name().view(), buffer);
    const Octets owner = key.subspan(end + 1);
    goesOn = visitor({owner.data(), owner.size()}, leadsTo);
    return goesOn;
  });
  return goesOn;
}

}  // namespace holdfast
