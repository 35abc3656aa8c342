#include "tests/differential/confirm.h"

#include <algorithm>

namespace holdfast::differential {

namespace {

bool fitsNobodyElse(const Verdict& verdict) {
  return !verdict.answers[0].tc && std::all_of(verdict.answers.begin() + 1, verdict.answers.end(),
                                               [](const Answer& answer) { return answer.tc; });
}

}  // namespace

Verdict judgeWithTcp(const ServerSet& servers, const ZoneSet& zones, const Query& query,
                     const Replies& replies, ExchangeCounts& counts) {
  Verdict verdict = judge(zones, query, replies);
  if (verdict.outcome != Outcome::Differs || query.tcp || !fitsNobodyElse(verdict)) return verdict;
  Query again = query;
  again.tcp = true;
  const Verdict byTcp = judge(zones, again, ask(servers, std::vector<Query>{again}, counts).front());
  const Answer& udp = verdict.answers[0];
  const Answer& tcp = byTcp.answers[0];
  if (udp.rcode == tcp.rcode && udp.at(Section::Answer) == tcp.at(Section::Answer) &&
      udp.at(Section::Authority) == tcp.at(Section::Authority))
    verdict.outcome = byTcp.outcome;
  return verdict;
}

}  // namespace holdfast::differential
