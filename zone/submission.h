#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zone/diff.h"
#include "zone/history.h"

namespace holdfast {

/// A plan on its way in, with who brought it.
struct Submission {
  Plan plan;
  /// Of a rollback: the content that comes back, in place of what the plan would make. The plan then carries
  /// the base and the removals only.
  std::shared_ptr<const Zone> restored;
  Caller caller;
  std::string reason;
  std::string digest;  ///< SHA-256 of the document, hex
  std::vector<Override> overrides;
  bool dryRun = false;
  std::size_t diffLimit = 0;  ///< names the outcome's diff lists
};

/// What became of a submission.
struct Outcome {
  enum class Kind {
    Published,
    Accepted,  ///< a dry run that would publish
    Refused,
    Superseded  ///< not judged: a newer plan of the zone was published while this one waited
  };
  Kind kind = Kind::Refused;
  bool malformed = false;     ///< refused because the document is no plan at all
  bool tooLarge = false;      ///< malformed in that it is over a configured limit
  Generation generation = 0;  ///< published, or what it would have become
  Generation committed = 0;   ///< in force when the call returned
  std::uint32_t serial = 0;
  Verdict verdict;
  std::vector<Name> kept;  ///< endpoints in quarantine: published without them, they stay as they were
  std::vector<Reason> quarantined;  ///< why: one endpoint may have several, and take an alias with it
  Diff diff;
  std::chrono::microseconds judged{};   ///< compiling and judging, outside and inside the critical section
  std::chrono::microseconds durable{};  ///< the commit to the plan store
  std::optional<Error> unrecorded;      ///< why a refusal could not be written to the history
  bool is(Rule rule) const noexcept {
    for (const Reason& reason : verdict.reasons)
      if (reason.rule == rule) return true;
    return false;
  }
};

}  // namespace holdfast
