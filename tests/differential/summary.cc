#include "tests/differential/summary.h"

namespace holdfast::differential {

namespace {

/// The sum of one member over all rounds.
std::uint64_t sum(const std::vector<RoundResult>& rounds, std::uint64_t RoundResult::*member) {
  std::uint64_t total = 0;
  for (const RoundResult& round : rounds) total += round.*member;
  return total;
}

}  // namespace

std::string sideBySide(const Verdict& verdict) {
  std::string out;
  for (std::size_t i = 0; i < kServers; ++i) {
    const std::string name(textOf(static_cast<Software>(i)));
    // Servers whose answers are the same octet for octet of meaning are told in one line.
    std::string same;
    for (std::size_t j = 0; j < i && same.empty(); ++j)
      if (verdict.answers[j].key() == verdict.answers[i].key()) same = textOf(static_cast<Software>(j));
    out += name + (i > 0 && !verdict.votes[i] ? " (no vote)" : "") + ": ";
    out += same.empty() ? verdict.answers[i].text() : "as " + same + "\n";
  }
  return out;
}

void Summary::begin(const ZoneSet& zones) {
  rounds_.push_back({zones.label});
}

void Summary::end(double seconds) {
  rounds_.back().seconds = seconds;
}

void Summary::add(const ZoneSet& zones, const Query& query, const Verdict& verdict) {
  RoundResult& round = rounds_.back();
  ++round.queries;
  for (const std::string_view name : verdict.allowed) ++allowed_[name];
  for (const std::string_view name : verdict.abstained) ++abstained_[name];
  for (std::size_t a = 0; a < kServers; ++a) {
    for (std::size_t b = 0; b < kServers; ++b)
      if (verdict.groups[a] == verdict.groups[b]) ++same_[a][b];
    const auto agrees = verdict.agreesWithOthers(a);
    if (!agrees) continue;
    ++rates_[a].voted;
    if (*agrees) ++rates_[a].agreed;
  }
  if (verdict.outcome == Outcome::Differs) {
    ++round.differs;
    note(differences_, zones, query, verdict);
  } else if (verdict.outcome == Outcome::Disputed) {
    ++round.disputed;
    note(disputes_, zones, query, verdict);
  }
}

void Summary::note(Kinds& kinds, const ZoneSet& zones, const Query& query, const Verdict& verdict) {
  const std::string signing = zones.signing == Signing::None ? "unsigned" : "signed";
  Finding& finding = kinds[signing + ":" + verdict.kind];
  ++finding.count;
  const bool isSimpler = query.text().size() < finding.query.text().size();
  if (finding.count > 1 && (!isSimpler || finding.count > 200)) return;
  if (finding.zones.label != zones.label) finding.zones = zones;
  finding.query = query;
  finding.answers = sideBySide(verdict);
}

std::uint64_t Summary::queries() const {
  return sum(rounds_, &RoundResult::queries);
}
std::uint64_t Summary::differing() const {
  return sum(rounds_, &RoundResult::differs);
}
std::uint64_t Summary::disputed() const {
  return sum(rounds_, &RoundResult::disputed);
}

}  // namespace holdfast::differential
