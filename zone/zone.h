#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "zone/alias_index.h"
#include "zone/denial_index.h"
#include "zone/name_table.h"
#include "zone/negative_soa.h"

namespace holdfast {

using Generation = std::uint64_t;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// What the system's clock shows.
inline WallTime wallClock() noexcept {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// Generations are 1 to 2^63-1; 0 means that nothing is committed.
inline constexpr Generation kMaxGeneration = (1ull << 63) - 1;
/// What a plan may name at most: above it generations are left for people, whose plans and rollbacks get the
/// next one, so that no single plan can use up all of them.
inline constexpr Generation kMaxPlannedGeneration = 1ull << 62;

/// Counts that let a look-up skip what a zone does not have.
struct ZoneFacts {
  std::uint64_t records = 0;
  std::uint64_t endpoints = 0;  ///< names with targets
  std::uint64_t cuts = 0;       ///< NS below the apex
  std::uint64_t dnames = 0;
  std::uint64_t cnames = 0;
  std::uint64_t wildcards = 0;
  std::uint64_t addressNames = 0;  ///< names with addresses, endpoints or not
  std::uint64_t targets = 0;       ///< addresses
  std::uint64_t weight = 0;        ///< of all targets that have one

  /// Counts a node of a zone with that apex, or with sign -1 takes it away. Nothing for the null view.
  void add(NodeView node, NameView apex, int sign) noexcept;
  ZoneFacts& operator+=(const ZoneFacts& other) noexcept;
};

/// Each of its counts.
inline constexpr std::array kFactCounts = {
    &ZoneFacts::records,      &ZoneFacts::endpoints, &ZoneFacts::cuts,
    &ZoneFacts::dnames,       &ZoneFacts::cnames,    &ZoneFacts::wildcards,
    &ZoneFacts::addressNames, &ZoneFacts::targets,   &ZoneFacts::weight};
static_assert(kFactCounts.size() * sizeof(std::uint64_t) == sizeof(ZoneFacts));

/// The compiled, immutable content of one zone at one generation.
class Zone {
 public:
  /// A zone that was added, at that time, but has no content yet: it is answered with SERVFAIL.
  explicit Zone(Name apex, WallTime addedAt = WallTime::max())
      : apex_(std::move(apex)), committedAt_(addedAt), firstCommittedAt_(addedAt) {}

  NameView apex() const noexcept { return apex_; }
  unsigned apexLabels() const noexcept { return apexLabels_; }
  Generation generation() const noexcept { return generation_; }
  std::uint32_t serial() const noexcept { return serial_; }
  /// When that generation was committed; without content, when the zone was added, max() if that is not
  /// known.
  WallTime committedAt() const noexcept { return committedAt_; }
  /// When its first content since the start of the server was committed: an alias of the zone is not from
  /// before. Without content as committedAt().
  WallTime firstCommittedAt() const noexcept { return firstCommittedAt_; }
  bool hasContent() const noexcept { return names_.size() != 0; }

  const NameTable& names() const noexcept { return names_; }
  const ZoneFacts& facts() const noexcept { return facts_; }
  /// How the zone denies provably; not usable for a zone that is not signed.
  const DenialIndex& denial() const noexcept { return denial_; }
  /// What answers that there is nothing carry, where it could be made ready.
  const NegativeSoa& negativeSoa() const noexcept { return negativeSoa_; }
  /// Who depends on which names, for the guard.
  const AliasIndex& aliases() const noexcept { return aliases_; }
  NodeView find(const HashedName& name, unsigned labels) const noexcept {
    return names_.find(name.hash(labels), name.suffix(labels));
  }
  NodeView find(NameView name) const noexcept { return names_.find(HashedName::of(name), name); }
  NodeView apexNode() const noexcept { return find(apex_); }

 private:
  friend class ZoneEdit;
  friend class ZoneImage;
  friend class ZoneMaker;
  Name apex_;
  unsigned apexLabels_ = apex_.view().labels();
  Generation generation_ = 0;
  std::uint32_t serial_ = 0;
  WallTime committedAt_{};
  WallTime firstCommittedAt_{};
  NameTable names_;
  ZoneFacts facts_;
  DenialIndex denial_;
  NegativeSoa negativeSoa_;
  AliasIndex aliases_;
};

/// Makes the next content of a zone from one before, in work of the order of the change. Keeps the empty
/// non-terminals and the child counts right. One thread at a time. The base must outlive the edit.
class ZoneEdit {
 public:
  explicit ZoneEdit(const Zone& base);

  NameView apex() const noexcept { return base_.apex(); }
  /// What finish() would hold now. Valid until the next change of that name.
  NodeView find(NameView name) const { return names_.find(name); }

  /// REQUIRES for all: `name` is at or below the apex.
  void setRRset(NameView name, RRset rrset);
  void removeRRset(NameView name, RRType type);
  /// Takes away every RRset of the name; the name itself stays while names exist below it.
  void removeName(NameView name);
  /// Replaces every RRset of the name at once. REQUIRES: one per type, canonical.
  void setRRsets(NameView name, const std::vector<RRset>& rrsets);

  std::shared_ptr<const Zone> finish(Generation generation, std::uint32_t serial, WallTime committedAt);

 private:
  void addChild(NameView parent);
  void dropChild(NameView parent);
  void finishDenial(Zone& zone);
  void finishAliases(Zone& zone) const;

  const Zone& base_;
  NameTableEdit names_;
};

inline bool hasAliases(const Zone& zone) noexcept {
  return zone.facts().cnames + zone.facts().dnames > 0;
}

/// The owned RRsets of a node; empty for a null view.
std::vector<RRset> ownedRRsets(NodeView node);

}  // namespace holdfast
