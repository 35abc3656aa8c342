#include "zone/zone_make.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace holdfast {

namespace {

std::string_view octetsOf(NameView name) noexcept {
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

/// In the chain by which a zone denies, if it is in any.
bool mayHaveKey(NodeView node) noexcept {
  return node.has(RRType::NSEC) || node.has(RRType::NSEC3);
}

/// How many names exist one label below each name that has any. Borrows the names.
class Children {
 public:
  explicit Children(NameView apex) : apex_(apex) {}

  void count(NameView name) {
    if (name == apex_) return;
    const NameView parent = name.parent();
    // Names of one parent follow each other often enough.
    if (last_ == nullptr || !(last_->first == octetsOf(parent)))
      last_ = &*counts_.try_emplace(octetsOf(parent)).first;
    if (++last_->second == 1) parents_.push_back(parent);
  }

  /// Adds what others have counted, and leaves them without.
  void join(Children&& others) {
    if (counts_.empty()) {
      counts_ = std::move(others.counts_);
      parents_ = std::move(others.parents_);
      return;
    }
    for (const NameView parent : others.parents_) {
      std::uint32_t& number = counts_[octetsOf(parent)];
      if (number == 0) parents_.push_back(parent);
      number += others.counts_.at(octetsOf(parent));
    }
    others.counts_ = {};
    others.parents_ = {};
  }

  /// Adds the numbers to the nodes, and the names above them that have nothing else.
  void putInto(NameTableEdit& edit) {
    for (std::size_t i = 0; i < parents_.size(); ++i)  // grows on the way
      if (!edit.find(parents_[i])) count(parents_[i]);
    for (const NameView parent : parents_) {
      const NodeView node = edit.find(parent);
      const std::uint32_t number = counts_.at(octetsOf(parent));
      edit.put(parent, node ? withChildren(node, number) : encodeNode(parent, number, {}));
    }
  }

 private:
  using Counts = std::unordered_map<std::string_view, std::uint32_t>;
  const NameView apex_;
  Counts counts_;
  Counts::value_type* last_ = nullptr;
  std::vector<NameView> parents_;
};

/// What the nodes of one part of a table say of the zone. Different threads fill neighbours.
struct alignas(64) Survey {
  explicit Survey(NameView apex) : children(apex) {}

  void add(NodeView node, NameView apex) {
    children.count(node.name());
    facts.add(node, apex, 1);
    if (node.has(RRType::CNAME) || node.has(RRType::DNAME))
      std::ranges::move(AliasIndex::keysOf(node), std::back_inserter(aliases));
    if (!mayDeny && mayHaveKey(node)) mayDeny = true;
  }

  void join(Survey&& other) {
    children.join(std::move(other.children));
    facts += other.facts;
    std::ranges::move(other.aliases, std::back_inserter(aliases));
    mayDeny = mayDeny || other.mayDeny;
  }

  Children children;
  ZoneFacts facts;
  std::vector<std::string> aliases;
  bool mayDeny = false;
};

}  // namespace

/// Fills in the members of a zone that its table decides.
class ZoneMaker {
 public:
  static std::shared_ptr<const Zone> make(NameView apex, const NameTable& names, Survey survey) {
    auto zone = std::make_shared<Zone>(Name(apex));
    zone->facts_ = survey.facts;
    NameTableEdit edit(names);
    survey.children.putInto(edit);
    edit.forEachChange([&](NodeView before, NodeView after) {
      zone->facts_.add(before, apex, -1);
      zone->facts_.add(after, apex, 1);
    });
    zone->names_ = edit.finish();
    if (!survey.aliases.empty()) zone->aliases_ = AliasIndex(KeyTree().with(std::move(survey.aliases), {}));
    zone->denial_ = denialOf(*zone, survey.mayDeny);
    return zone;
  }

  static std::shared_ptr<const Zone> share(const Zone& wanted, const Zone& before, WallTime committedAt) {
    auto zone = std::make_shared<Zone>(wanted);
    zone->names_ = wanted.names_.sharing(before.names_);
    zone->firstCommittedAt_ = before.hasContent() ? before.firstCommittedAt() : committedAt;
    return zone;
  }

 private:
  static DenialIndex denialOf(const Zone& zone, bool hasKeys) {
    auto nsec3 = DenialIndex::parametersOf(zone.apexNode());
    std::vector<std::string> keys;
    if (hasKeys)
      zone.names_.forEach([&](NodeView node) {
        if (!mayHaveKey(node)) return true;
        if (auto key = DenialIndex::keyOf(node, zone.apex(), nsec3)) keys.push_back(*std::move(key));
        return true;
      });
    return {std::move(nsec3), KeyTree().with(std::move(keys), {})};
  }
};

Result<std::shared_ptr<const Zone>> makeZone(NameView apex, GatheredNodes nodes,
                                             const NameTable::Merge& merge) {
  std::vector<Survey> parts(GatheredNodes::kParts, Survey(apex));
  const Result<NameTable> names = NameTable::of(
      std::move(nodes), merge, [&](std::size_t part, NodeView node) { parts[part].add(node, apex); });
  if (!names) return names.error();
  Survey all(apex);
  for (Survey& part : parts) all.join(std::move(part));
  return ZoneMaker::make(apex, *names, std::move(all));
}

std::shared_ptr<const Zone> sharing(const Zone& wanted, const Zone& before, WallTime committedAt) {
  return ZoneMaker::share(wanted, before, committedAt);
}

}  // namespace holdfast
