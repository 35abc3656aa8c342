#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/api_json.h"
#include "zone/trace.h"

namespace holdfast {

/// A question to the server about itself: what it answers for a name, why, and what would happen without it.
struct ExplainWish {
  Name zone;  ///< of the route: whose plan would remove the name
  Name name;
  std::optional<RRType> type;  ///< none: every type a client can get
  Caller caller;
};

/// The answer as a document (docs/control-api.md, "Explain"). Asks the guard by a dry run, which takes as
/// long as a plan of one removal. The calling thread holds an RcuThread.
Result<std::string> explain(Publisher& publisher, const ExplainWish& wish, WallTime now);

/// The share of responses each target of an endpoint is in, by the order of its records. Exact where all are
/// in every response or one is picked; else counted over 10,000 draws of the picker that queries get, so good
/// to about one per cent.
std::vector<double> sharesOf(const RRset& endpoint);

}  // namespace holdfast
