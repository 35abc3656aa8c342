#include "tests/differential/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace holdfast::differential {

namespace {

constexpr std::string_view kRed = "\033[31m", kGreen = "\033[32m", kYellow = "\033[33m", kBold = "\033[1m",
                           kPlain = "\033[0m";
constexpr std::size_t kShownKinds = 25;
constexpr std::size_t kShownRecords = 120;

std::string nameOf(std::size_t server) {
  return std::string(textOf(static_cast<Software>(server)));
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

class Painter {
 public:
  explicit Painter(bool isColoured) : isColoured_(isColoured) {}
  std::string operator()(std::string_view colour, const std::string& text) const {
    return isColoured_ ? std::string(colour) + text + std::string(kPlain) : text;
  }

 private:
  bool isColoured_;
};

std::string roundsTable(const Summary& summary, const Painter& paint) {
  std::string out = paint(kBold, fmt::format("{:<44}{:>9}{:>9}{:>9}{:>9}{:>8}\n", "ROUND", "QUERIES", "AGREE",
                                             "DIFFER", "DISPUTED", "TIME"));
  for (const RoundResult& round : summary.rounds())
    out += fmt::format("{:<44}{:>9}{:>9}{}{:>9}{:>6.1f} s\n", round.label, round.queries,
                       round.queries - round.differs - round.disputed,
                       paint(round.differs > 0 ? kRed : kGreen, fmt::format("{:>9}", round.differs)),
                       round.disputed, round.seconds);
  return out + paint(kBold, fmt::format("{:<44}{:>9}{:>9}{:>9}{:>9}\n\n", "all", summary.queries(),
                                        summary.queries() - summary.differing() - summary.disputed(),
                                        summary.differing(), summary.disputed()));
}

std::string entriesTable(const Summary& summary, const Painter& paint) {
  std::string out = paint(kBold, "ALLOWED DIFFERENCES, in so many queries\n");
  for (const AllowedDifference& entry : allowedDifferences()) {
    const auto found = summary.allowed().find(entry.name);
    out += fmt::format("{:>9}  {:<20} {}\n", found == summary.allowed().end() ? 0 : found->second, entry.name,
                       entry.reason);
  }
  out += paint(kBold, "\nPEERS WITHOUT A VOTE, in so many queries\n");
  std::string_view last;
  for (const Abstention& entry : abstentions()) {
    const auto found = summary.abstained().find(entry.name);
    const auto count = found == summary.abstained().end() ? 0 : found->second;
    out += fmt::format("{:>9}  {:<20} {}: {}\n", entry.name == last ? "" : std::to_string(count), entry.name,
                       textOf(entry.software), entry.reason);
    last = entry.name;
  }
  return out + "\n";
}

std::string matrix(const Summary& summary, const Painter& paint) {
  std::string out = paint(kBold, fmt::format("{:<12}", "SAME AS, %"));
  for (std::size_t b = 0; b < kServers; ++b) out += paint(kBold, fmt::format("{:>10}", nameOf(b)));
  out += paint(kBold, fmt::format("{:>32}\n", "WITH THE MAJORITY OF THE OTHERS"));
  for (std::size_t a = 0; a < kServers; ++a) {
    out += fmt::format("{:<12}", nameOf(a));
    for (std::size_t b = 0; b < kServers; ++b)
      out += a == b ? fmt::format("{:>10}", "")
                    : fmt::format("{:>10.3f}", percent(summary.same(a, b), summary.queries()));
    const Summary::Rate& rate = summary.rate(a);
    out += fmt::format("{:>11.4f} % ({} of {})\n", percent(rate.agreed, rate.voted), rate.agreed, rate.voted);
  }
  return out + "\n";
}

std::string kindsTable(const Summary::Kinds& kinds, std::string_view title, const Painter& paint) {
  if (kinds.empty()) return {};
  std::vector<const Summary::Kinds::value_type*> sorted;
  for (const auto& kind : kinds) sorted.push_back(&kind);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->second.count > b->second.count; });
  std::string out = paint(kBold, fmt::format("{}\n", title));
  for (std::size_t i = 0; i < std::min(kShownKinds, sorted.size()); ++i)
    out += fmt::format("{:>9}  {}\n           for example {} ({})\n", sorted[i]->second.count,
                       sorted[i]->first, sorted[i]->second.query.text(), sorted[i]->second.zones.label);
  if (sorted.size() > kShownKinds)
    out += fmt::format("           and {} kinds more\n", sorted.size() - kShownKinds);
  return out + "\n";
}

nlohmann::json kindsJson(const Summary::Kinds& kinds) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& [kind, finding] : kinds)
    out.push_back({{"kind", kind},
                   {"count", finding.count},
                   {"zones", finding.zones.label},
                   {"query", toJson(finding.query)},
                   {"asked", finding.query.text()},
                   {"answers", finding.answers}});
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string reportText(const Summary& summary, const Options& options, bool isColoured) {
  const Painter paint(isColoured);
  std::string out =
      "\n" + roundsTable(summary, paint) + entriesTable(summary, paint) + matrix(summary, paint);
  out += kindsTable(summary.disputes(), "DISPUTED: the peers have no majority", paint);
  out +=
      kindsTable(summary.differences(), "DIFFERENT: Holdfast is not with the majority of its peers", paint);
  out += fmt::format("{} messages sent again, {} queries without a reply. Seed {}.\n",
                     summary.exchange().resent, summary.exchange().silences, options.seed);
  const bool isGood = summary.differing() == 0;
  out += paint(
      isGood ? kGreen : kRed,
      fmt::format("{} queries to 5 servers: Holdfast differs in {} ({} kinds), {} disputed.\n",
                  summary.queries(), summary.differing(), summary.differences().size(), summary.disputed()));
  return out;
}

std::string findingText(const std::string& kind, const Finding& finding, const std::string& replayPath) {
  const std::string zones = finding.zones.size() <= kShownRecords
                                ? finding.zones.text()
                                : fmt::format("; {} records, see the file to replay\n", finding.zones.size());
  return fmt::format(
      "--- {}\nin {} queries; {}\n{}query: {}\n{}replay: holdfast_differential --replay {}\n\n", kind,
      finding.count, finding.zones.label, zones, finding.query.text(), finding.answers, replayPath);
}

std::string reportJson(const Summary& summary, const Options& options) {
  nlohmann::json document{{"seed", options.seed},
                          {"queries", summary.queries()},
                          {"differ", summary.differing()},
                          {"disputed", summary.disputed()},
                          {"resent", summary.exchange().resent},
                          {"silences", summary.exchange().silences},
                          {"differences", kindsJson(summary.differences())},
                          {"disputes", kindsJson(summary.disputes())}};
  for (const auto& [name, count] : summary.allowed()) document["allowed"][std::string(name)] = count;
  for (const auto& [name, count] : summary.abstained()) document["abstained"][std::string(name)] = count;
  for (const RoundResult& round : summary.rounds())
    document["rounds"].push_back({{"label", round.label},
                                  {"queries", round.queries},
                                  {"differ", round.differs},
                                  {"disputed", round.disputed},
                                  {"seconds", round.seconds}});
  for (std::size_t a = 0; a < kServers; ++a) {
    const Summary::Rate& rate = summary.rate(a);
    nlohmann::json& server = document["servers"][nameOf(a)];
    server["with_majority"] = {{"agreed", rate.agreed}, {"voted", rate.voted}};
    for (std::size_t b = 0; b < kServers; ++b) server["same"][nameOf(b)] = summary.same(a, b);
  }
  return document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string reportJunit(const Summary& summary) {
  std::string cases;
  unsigned failures = 0;
  for (const RoundResult& round : summary.rounds()) {
    cases += fmt::format("  <testcase classname=\"differential\" name=\"{}\" time=\"{:.3f}\">",
                         escaped(round.label), round.seconds);
    if (round.differs > 0) {
      ++failures;
      cases += fmt::format("<failure message=\"{} of {} responses differ\"/>", round.differs, round.queries);
    }
    cases += "</testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"differential\" "
      "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n{} </testsuite>\n</testsuites>\n",
      summary.rounds().size(), failures, cases);
}

}  // namespace holdfast::differential
