#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zone/publisher.h"
#include "zone/reception.h"

namespace holdfast {

/// A plan as it arrived, not yet parsed, with what its bringer said beside it.
struct Document {
  Name zone;
  DocumentFormat format = DocumentFormat::Json;
  std::string_view body;  ///< borrowed for the call, or until `release` is called
  /// Called once the body was read, where set: it may be as large as all that is served.
  std::function<void()> release{};
  Reception* received = nullptr;  ///< in place of the body, where set: all of it has come. Borrowed
  /// Beside the document's own; where both are given they must agree.
  std::optional<Generation> generation, base;
  std::string source;  ///< used where the document names none
  Caller caller;
  std::string reason;
  std::vector<std::string> removals;   ///< "NAME" or "NAME/TYPE", added to the document's own
  std::vector<std::string> overrides;  ///< "RULE" or "RULE:NAME"; need a reason
  bool dryRun = false;
  std::size_t diffLimit = 0;
};

/// The one way in for every plan, whoever brings it: parse, complete, submit. An unreadable or malformed
/// document is a refusal in the history like any other. Thread-safe as Publisher is.
class Intake {
 public:
  Intake(Publisher& publisher, PlanLimits limits) : publisher_(publisher), limits_(limits) {}

  /// An Error: the zone is not held (NotFound), a parameter is wrong (Invalid) or the store failed (Store).
  Result<Outcome> submit(const Document& document) const;
  /// What the document would make of what is committed; neither fenced nor judged nor recorded, so that a
  /// plan made from something older can be looked at too. An Error: no plan (Malformed, Invalid, TooLarge),
  /// or as submit().
  struct Preview {
    std::shared_ptr<const Zone> before, after;
    std::optional<Generation> generation;  ///< that the document carries
  };
  Result<Preview> preview(const Document& document) const;
  /// A source that should have held a document could not be read: refused with rule `unreadable`.
  Outcome unreadable(NameView zone, const Caller& caller, std::string where, std::string what) const;
  /// The generation the document carries (a zone file: its SOA serial); 0 when none, an Error when
  /// unreadable.
  Result<Generation> generationOf(NameView zone, DocumentFormat format, std::string_view body) const;

  /// What tells in which order several documents can apply; an Error when it is no plan.
  struct Facts {
    PlanKind kind = PlanKind::Full;
    Generation generation = 0;  ///< as generationOf
    Generation base = 0;        ///< 0: none
  };
  Result<Facts> factsOf(NameView zone, DocumentFormat format, std::string_view body) const;

  Publisher& publisher() const noexcept { return publisher_; }
  const PlanLimits& limits() const noexcept { return limits_; }

 private:
  Result<Reception::Read> read(const Document& document) const;

  Publisher& publisher_;
  PlanLimits limits_;
};

}  // namespace holdfast
