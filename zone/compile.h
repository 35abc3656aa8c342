#pragma once

#include <chrono>
#include <memory>
#include <span>

#include "zone/plan.h"
#include "zone/zone.h"

namespace holdfast {

/// The generation a plan asks for, given what is committed and the fence. A plan without one gets the next; a
/// zone file's SOA serial is the zone's first. An Error where the plan names neither generation nor base, or
/// where no generation is left.
Result<Generation> generationFor(const Plan& plan, Generation committed, Generation fence);

/// The SOA serial of a generation: its low 32 bits where these are above `before` in serial arithmetic
/// (RFC 1982), else the next after `before`. Never 0. `before` is nullptr for a zone without content.
std::uint32_t serialFor(Generation generation, const Zone* before);

/// What else compiling goes by.
struct CompileOptions {
  /// When it must be over.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  /// Owners that stay as they are in `before`, whatever the plan says. Borrows.
  std::span<const Name> kept{};
};

/// The content that the plan asks for, sharing what it does not change with `before`; nullptr where the
/// deadline passed before it was made. Judges nothing. Makes the SOA where the plan has none, and gives it
/// `serial`; a signed SOA keeps the serial it was signed with, as no other would validate.
std::shared_ptr<const Zone> compilePlan(const Zone& before, const Plan& plan, Generation generation,
                                        std::uint32_t serial, WallTime at,
                                        const CompileOptions& options = {});

/// The content `old` once more, under another generation and serial, sharing with `now` what is equal. An SOA
/// that is signed keeps its serial, as above.
std::shared_ptr<const Zone> restoreContent(const Zone& now, const Zone& old, Generation generation,
                                           std::uint32_t serial, WallTime at,
                                           const CompileOptions& options = {});

}  // namespace holdfast
