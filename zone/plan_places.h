#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "zone/name.h"
#include "zone/rrset.h"
#include "zone/zone.h"

namespace holdfast {

/// Where a plan sets what it sets, so that a later finding can point at it. Small beside the plan: texts are
/// made when they are asked for.
class PlanPlaces {
 public:
  /// What the numbers of records are.
  enum class Kind : std::uint8_t { Lines, Records };

  void setKind(Kind kind) noexcept { kind_ = kind; }
  void addRecord(std::uint64_t ownerHash, RRType type, std::uint32_t number) {
    records_.push_back({ownerHash, number, type});
  }
  /// The key under which an endpoint stands, where that is not the owner relative to the zone.
  void addKey(std::uint64_t ownerHash, std::string_view key) { keys_.insert_or_assign(ownerHash, key); }
  void join(PlanPlaces&& other);

  /// "line 12", "/records/3".
  std::string record(std::uint32_t number) const;
  /// "/endpoints/www".
  std::string endpoint(NameView owner, NameView zone) const;

  /// What is looked for: a name, and one RRset of it, or with no type its addresses, or anything it has.
  struct Wanted {
    NameView owner;
    std::optional<RRType> type;
    std::string* where;  ///< is set where there is a place
  };
  /// `sets` is what the plan sets, or null. Work of the order of the plan, once for all that is wanted.
  void find(std::span<const Wanted> wanted, const Zone* sets) const;

  /// The n-th call of addRecord() for an RRset, from 0.
  struct Nth {
    std::uint64_t ownerHash;
    RRType type;
    std::size_t n;
    std::string* where;  ///< is set where there were so many
  };
  void find(std::span<const Nth> wanted) const;

 private:
  struct Record {
    std::uint64_t owner;
    std::uint32_t number;
    RRType type;
  };
  void findRecords(std::unordered_multimap<std::uint64_t, const Wanted*>& open) const;

  Kind kind_ = Kind::Records;
  std::vector<Record> records_;
  std::unordered_map<std::uint64_t, std::string> keys_;
};

/// As one step below `parent` in a JSON pointer (RFC 6901).
std::string pointerTo(std::string_view parent, std::string_view key);

}  // namespace holdfast
