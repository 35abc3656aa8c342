#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zone/name.h"
#include "zone/plan_places.h"
#include "zone/rrset.h"
#include "zone/zone.h"

namespace holdfast {

/// A name (or one RRset of it) whose loss a plan asks for by name. Both halves of the guard's word "named".
struct Removal {
  Name name;
  std::optional<RRType> type;  ///< none: every RRset of the name
  friend bool operator==(const Removal&, const Removal&) = default;
};

/// An endpoint that a plan lists without targets.
struct EmptyEndpoint {
  Name owner;
  std::string where;
};

/// Something about the records of a plan that its RRsets do not show any more.
struct PlanNote {
  enum class Kind : std::uint8_t { TtlDiffers, TtlTooLarge, Duplicate };
  Kind kind = Kind::TtlDiffers;
  Name owner;
  RRType type = RRType::A;
  std::string where;  ///< as PlanPlaces tells it
  std::string observed;
};

enum class PlanKind { Full, Delta };

/// The wanted content of one zone (full) or a change to it (delta), parsed and checked for form, not judged.
struct Plan {
  Name zone;
  PlanKind kind = PlanKind::Full;
  std::optional<Generation> generation;
  std::optional<Generation> base;
  std::string source;
  std::optional<WallTime> made;
  std::optional<WallTime> expires;
  /// What it sets, by owner; of a full plan that is the whole content, which candidates then share. Where a
  /// node has targets, both of its address RRsets are set, even where one is not there. Generation 0, and an
  /// SOA only where the plan has one. Null: nothing.
  std::shared_ptr<const Zone> sets;
  std::vector<EmptyEndpoint> emptied;  ///< by owner; none of them in `sets` with addresses
  PlanPlaces places;
  std::vector<Removal> removals;
  /// From a zone file or a record line: its serial is the zone's first generation.
  std::optional<std::uint32_t> soaSerial;
  bool fromZoneFile = false;
  std::vector<PlanNote> notes;
  std::uint64_t unlistedNotes = 0;
};

/// Structural limits of a plan document, beside the size in octets that the transport enforces.
struct PlanLimits {
  std::size_t records = 20'000'000;  ///< RRs and targets in one plan
  std::size_t targets = 4000;        ///< of one endpoint and address family: more would not fit in a response
  std::uint16_t pick = 64;
};

/// What is told of a plan with more records than that.
Error tooManyRecords(const PlanLimits& limits);

/// Chooses how JSON is read on this processor, which simdjson does once, and without memory for it ends the
/// process: to be called at the start of one that lives on (I8).
void prepareJsonReader();

/// Reads a plan as JSON (docs/plans.md). `zone` is the zone it must be for. Never partial: the first problem
/// is the Error, with a JSON pointer, or line and column where it is no JSON at all. `body` may be any bytes;
/// it is not kept.
Result<Plan> parseJsonPlan(std::string_view body, NameView zone, const PlanLimits& limits);

/// Reads a zone file (RFC 1035 section 5, $INCLUDE refused) as a full plan. Errors carry "line N".
Result<Plan> parseZoneFilePlan(std::string_view body, NameView zone, const PlanLimits& limits);

enum class DocumentFormat { Json, ZoneFile };

/// One of the two.
Result<Plan> parsePlan(DocumentFormat format, std::string_view body, NameView zone, const PlanLimits& limits);

/// Reads "NAME" or "NAME/TYPE", relative to the zone unless it ends with a dot.
Result<Removal> parseRemoval(std::string_view text, NameView zone);

/// The content of a zone as a full plan that could be submitted again.
std::string contentAsJson(const Zone& zone, std::string_view source);
/// The content of a zone in zone-file format, SOA first, then in canonical order.
std::string contentAsZoneFile(const Zone& zone);

/// ISO 8601 in UTC as plans and messages write it: "2026-11-21T05:00:00Z".
std::string toText(WallTime time);
Result<WallTime> parseTime(std::string_view text);

}  // namespace holdfast
