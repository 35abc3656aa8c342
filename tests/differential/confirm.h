#pragma once

#include "tests/differential/exchange.h"
#include "tests/differential/vote.h"

namespace holdfast::differential {

/// As judge(). Where only this server's response fits in a datagram, TC of all peers says nothing of what it
/// should hold: then it must be what the server says by TCP, and that is judged.
Verdict judgeWithTcp(const ServerSet& servers, const ZoneSet& zones, const Query& query,
                     const Replies& replies, ExchangeCounts& counts);

}  // namespace holdfast::differential
