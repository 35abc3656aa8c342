#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "tests/differential/allowed_differences.h"
#include "tests/differential/exchange.h"

namespace holdfast::differential {

enum class Outcome {
  Agrees,    ///< with the majority of the peers that vote
  Differs,   ///< from that majority
  Disputed,  ///< the peers have no majority
};

/// The five responses to one query, side by side.
struct Verdict {
  Outcome outcome = Outcome::Agrees;
  std::array<Answer, kServers> answers;  ///< as they came
  std::array<std::string, kServers>
      groups;                          ///< equal where responses are equal after what may differ is removed
  std::array<bool, kServers> votes{};  ///< peers that do not abstain
  std::set<std::string_view> allowed;  ///< entries that made a difference
  std::set<std::string_view> abstained;
  std::string kind;  ///< in a few words, what is different: the same for the same fault

  /// Whether this server's response is that of the majority of the other peers; nothing where they have none.
  std::optional<bool> agreesWithOthers(std::size_t server) const;
};

Verdict judge(const ZoneSet& zones, const Query& query, const Replies& replies);

}  // namespace holdfast::differential
