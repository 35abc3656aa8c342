#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zone/submission.h"

namespace holdfast {

/// A wish to have an older generation's content back.
struct Rollback {
  Name zone;
  Generation to = 0;
  Caller caller;
  std::string reason;
  std::optional<Generation> base;  ///< what must be committed for it; none: whatever is
  std::vector<Removal> removals;
  bool removesAdded = false;
  std::vector<Override> overrides;
  bool dryRun = false;
  std::size_t diffLimit = 0;
};

/// The wish as a submission like any other (I9): the content `old` under the next generation. `now` is what
/// is committed, as generation `committed`.
Submission submissionOf(const Rollback& wish, std::shared_ptr<const Zone> old, const Zone& now,
                        Generation committed);

}  // namespace holdfast
