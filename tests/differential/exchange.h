#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "tests/differential/query.h"
#include "tests/differential/server.h"

namespace holdfast::differential {

/// What each server sent back, in the order of ServerSet; empty where nothing came after all retries.
using Replies = std::array<std::string, kServers>;

struct ExchangeCounts {
  std::uint64_t resent = 0;    ///< messages sent again
  std::uint64_t silences = 0;  ///< queries that got no reply
};

/// Asks every server every query, over UDP with a window of queries on the way to each, or over TCP where the
/// query says so. At most 65,536 queries. Returns the replies in the order of the queries.
std::vector<Replies> ask(const ServerSet& servers, std::span<const Query> queries, ExchangeCounts& counts);

}  // namespace holdfast::differential
