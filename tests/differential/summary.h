#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/vote.h"
#include "tests/differential/zone_set.h"

namespace holdfast::differential {

/// Differences of one kind, with the simplest query that shows it.
struct Finding {
  std::uint64_t count = 0;
  ZoneSet zones;
  Query query;
  std::string answers;  ///< of all servers, side by side, for people
};

/// How one set of zones went.
struct RoundResult {
  std::string label;
  std::uint64_t queries = 0, differs = 0, disputed = 0;
  double seconds = 0;
};

/// What a whole run has seen.
class Summary {
 public:
  /// Judged queries of one round come in between these two.
  void begin(const ZoneSet& zones);
  void end(double seconds);
  void add(const ZoneSet& zones, const Query& query, const Verdict& verdict);
  ExchangeCounts& exchange() { return exchange_; }

  struct Rate {
    std::uint64_t agreed = 0, voted = 0;
  };
  using Kinds = std::map<std::string, Finding>;

  const std::vector<RoundResult>& rounds() const { return rounds_; }
  const Kinds& differences() const { return differences_; }
  Kinds& differences() { return differences_; }
  const Kinds& disputes() const { return disputes_; }
  const std::map<std::string_view, std::uint64_t>& allowed() const { return allowed_; }
  const std::map<std::string_view, std::uint64_t>& abstained() const { return abstained_; }
  const ExchangeCounts& exchange() const { return exchange_; }
  /// In how many queries two servers gave the same after what may differ was removed.
  std::uint64_t same(std::size_t a, std::size_t b) const { return same_[a][b]; }
  /// Agreement with the majority of the other peers, where they have one.
  const Rate& rate(std::size_t server) const { return rates_[server]; }
  std::uint64_t queries() const;
  std::uint64_t differing() const;
  std::uint64_t disputed() const;

 private:
  void note(Kinds& kinds, const ZoneSet& zones, const Query& query, const Verdict& verdict);

  std::vector<RoundResult> rounds_;
  Kinds differences_, disputes_;
  std::map<std::string_view, std::uint64_t> allowed_, abstained_;
  std::array<std::array<std::uint64_t, kServers>, kServers> same_{};
  std::array<Rate, kServers> rates_{};
  ExchangeCounts exchange_;
};

/// The answers of all servers to a query, one after the other.
std::string sideBySide(const Verdict& verdict);

}  // namespace holdfast::differential
