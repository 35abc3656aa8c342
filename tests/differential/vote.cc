#include "tests/differential/vote.h"

#include <algorithm>
#include <map>
#include <vector>

namespace holdfast::differential {

namespace {

using Answers = std::array<Answer, kServers>;

/// The group that more than half of the voters, `without` left out, are in; empty where there is none. One
/// voter is no majority: where the others abstain, it is as likely to be the one that is wrong.
std::string majority(const Verdict& verdict, std::size_t without) {
  std::map<std::string_view, unsigned> counts;
  unsigned voters = 0;
  for (std::size_t i = 1; i < kServers; ++i) {
    if (i == without || !verdict.votes[i]) continue;
    ++voters;
    ++counts[verdict.groups[i]];
  }
  for (const auto& [group, count] : counts)
    if (count > 1 && count * 2 > voters) return std::string(group);
  return {};
}

void removeWhatMayDiffer(const Circumstances& circumstances, Answers& answers,
                         std::set<std::string_view>& allowed) {
  for (const AllowedDifference& entry : allowedDifferences()) {
    std::set<std::string> before;
    for (const Answer& answer : answers) before.insert(answer.key());
    if (before.size() == 1) return;
    bool any = false;
    for (Answer& answer : answers)
      if (answer.kind == Answer::Kind::Parsed) any = entry.remove(circumstances, answer) || any;
    if (!any) continue;
    std::set<std::string> after;
    for (const Answer& answer : answers) after.insert(answer.key());
    if (after.size() < before.size()) allowed.insert(entry.name);
  }
}

/// "answer -A +CNAME": types that only one of the two sections has more of.
std::string sectionDifference(const std::vector<Rr>& expected, const std::vector<Rr>& got) {
  std::set<std::string> parts;
  const auto only = [&](const std::vector<Rr>& in, const std::vector<Rr>& out, const char* sign) {
    for (const Rr& rr : in) {
      if (std::find(out.begin(), out.end(), rr) != out.end()) continue;
      std::string part = sign + textOfType(rr.type);
      if (rr.type == kTypeRrsig) part += "(" + textOfType(rr.covered()) + ")";
      const bool otherTtl = std::any_of(out.begin(), out.end(), [&](const Rr& other) {
        return other.owner == rr.owner && other.type == rr.type && other.rdata == rr.rdata;
      });
      parts.insert(otherTtl ? part + " by TTL or number" : part);
    }
  };
  only(expected, got, "-");
  only(got, expected, "+");
  if (parts.empty() && expected.size() != got.size()) parts.insert("number of RRs");
  std::string out;
  for (const std::string& part : parts) out += " " + part;
  return out;
}

std::string describe(const Answer& expected, const Answer& got) {
  if (expected.kind != got.kind) return "no parsed reply on one side";
  std::string out;
  if (expected.rcode != got.rcode)
    out += " rcode " + std::to_string(got.rcode) + " for " + std::to_string(expected.rcode);
  const auto flag = [&](bool a, bool b, const char* name) {
    if (a != b) out += std::string(b ? " +" : " -") + name;
  };
  flag(expected.qr, got.qr, "QR");
  flag(expected.aa, got.aa, "AA");
  flag(expected.tc, got.tc, "TC");
  flag(expected.rd, got.rd, "RD");
  flag(expected.ra, got.ra, "RA");
  flag(expected.ad, got.ad, "AD");
  flag(expected.cd, got.cd, "CD");
  flag(expected.echoes, got.echoes, "question");
  flag(expected.hasOpt, got.hasOpt, "OPT");
  flag(expected.isDo, got.isDo, "DO");
  if (expected.version != got.version) out += " EDNS version";
  constexpr std::array<const char*, kSections> kNames{"answer", "authority", "additional"};
  for (std::size_t i = 0; i < kSections; ++i) {
    const std::string difference = sectionDifference(expected.sections[i], got.sections[i]);
    if (!difference.empty()) out += " | " + std::string(kNames[i]) + difference;
  }
  if (expected.marks != got.marks) out += " | marks";
  return out.empty() ? " order" : out;
}

std::string kindOf(const Verdict& verdict, const Answers& reduced, const std::string& expected) {
  if (verdict.outcome == Outcome::Differs) {
    for (std::size_t i = 1; i < kServers; ++i)
      if (verdict.votes[i] && verdict.groups[i] == expected) return describe(reduced[i], reduced[0]);
  }
  std::string out = " peers:";
  std::vector<std::string_view> seen;
  for (std::size_t i = 1; i < kServers; ++i) {
    if (!verdict.votes[i]) {
      out += " -";
      continue;
    }
    const auto found = std::find(seen.begin(), seen.end(), verdict.groups[i]);
    out += " " + std::to_string(found - seen.begin());
    if (found == seen.end()) seen.push_back(verdict.groups[i]);
  }
  const auto own = std::find(seen.begin(), seen.end(), verdict.groups[0]);
  return out + ", Holdfast " + (own == seen.end() ? "alone" : std::to_string(own - seen.begin()));
}

}  // namespace

std::optional<bool> Verdict::agreesWithOthers(std::size_t server) const {
  const std::string group = majority(*this, server);
  if (group.empty()) return std::nullopt;
  return groups[server] == group;
}

Verdict judge(const ZoneSet& zones, const Query& query, const Replies& replies) {
  Verdict verdict;
  for (std::size_t i = 0; i < kServers; ++i) verdict.answers[i] = parseAnswer(replies[i], query);
  const auto fits = [](const Answer& answer) { return answer.kind == Answer::Kind::Parsed && !answer.tc; };
  const bool fitsForSome =
      fits(verdict.answers[0]) && std::any_of(verdict.answers.begin() + 1, verdict.answers.end(), fits);
  const Circumstances circumstances{zones, query, fitsForSome};
  Answers reduced = verdict.answers;
  removeWhatMayDiffer(circumstances, reduced, verdict.allowed);
  for (std::size_t i = 0; i < kServers; ++i) {
    verdict.groups[i] = reduced[i].key();
    verdict.votes[i] = i > 0;
  }
  if (std::all_of(verdict.groups.begin(), verdict.groups.end(),
                  [&](const std::string& group) { return group == verdict.groups[0]; }))
    return verdict;
  for (const Abstention& entry : abstentions()) {
    const auto server = static_cast<std::size_t>(entry.software);
    if (!verdict.votes[server] || !entry.applies(circumstances, verdict.answers[server])) continue;
    verdict.votes[server] = false;
    verdict.abstained.insert(entry.name);
  }
  const std::string expected = majority(verdict, 0);
  verdict.outcome = expected.empty()                ? Outcome::Disputed
                    : expected == verdict.groups[0] ? Outcome::Agrees
                                                    : Outcome::Differs;
  if (verdict.outcome != Outcome::Agrees) verdict.kind = kindOf(verdict, reduced, expected);
  return verdict;
}

}  // namespace holdfast::differential
