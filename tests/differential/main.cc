// The differential test: Holdfast beside Knot, NSD, BIND and PowerDNS.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <iostream>

#include "tests/differential/campaign.h"
#include "tests/differential/report.h"
#include "tests/differential/shrink.h"

namespace {

using namespace holdfast;
using namespace holdfast::differential;

enum class Exit { Agrees = 0, Differs = 1, Usage = 2, CannotRun = 3 };

int statusOf(Exit exit) {
  return static_cast<int>(exit);
}

void defineOptions(CLI::App& app, Options& options, std::string& signing) {
  app.add_option("--seed", options.seed, "What zones and queries are made from")->capture_default_str();
  app.add_option("--queries", options.queries, "Queries for each seed")->capture_default_str();
  app.add_option("--zones", options.zones, "Sets of zones that are generated")->capture_default_str();
  app.add_option("--zone", options.zone, "Only this one of the generated sets");
  app.add_option("--signing", signing, "Only zones signed like this")
      ->check(CLI::IsMember({"unsigned", "NSEC", "NSEC3", "NSEC3 opt-out"}));
  app.add_option("--hours", options.hours, "Go on with the next seed until so much time has passed");
  app.add_flag("--only-generated", options.onlyGenerated, "Leave out the root and the zones of the RFCs");
  app.add_option("--holdfastd", options.programs.holdfastd, "The server; zonectl is expected beside it");
  app.add_option("--data", options.data, "Folder of hand-written *.zone files")->capture_default_str();
  app.add_option("--root-zone", options.rootZone, "root.zone.gz")->capture_default_str();
  app.add_option("--replay", options.replay, "Ask the one query of a file that an earlier run wrote");
  app.add_option("--findings", options.findings, "Folder that files to replay are written to")
      ->capture_default_str();
  app.add_option("--shrink-seconds", options.shrinkSeconds,
                 "Time to make one difference small; 0: leave it as it is")
      ->capture_default_str();
  app.add_option("--shrink-kinds", options.shrinkKinds, "So many kinds of differences at most")
      ->capture_default_str();
  app.add_option("--json", options.json, "Write the results as JSON");
  app.add_option("--junit", options.junit, "Write the results as a JUnit report");
  app.footer("Exit status: 0 Holdfast agrees, 1 it differs, 2 usage, 3 the servers cannot be run.");
}

std::optional<Signing> signingFrom(const std::string& text) {
  for (const Signing signing : {Signing::None, Signing::Nsec, Signing::Nsec3, Signing::OptOut})
    if (text == textOf(signing)) return signing;
  return std::nullopt;
}

Exit replayFile(const Options& options) {
  const auto finding = readReplay(options.replay);
  if (!finding) {
    std::cerr << "holdfast_differential: " << finding.error().text() << "\n";
    return Exit::CannotRun;
  }
  const auto verdict = replay(finding->zones, finding->query, options.programs);
  if (!verdict) {
    std::cerr << "holdfast_differential: " << verdict.error().text() << "\n";
    return Exit::CannotRun;
  }
  const bool differs = verdict->outcome == Outcome::Differs;
  std::cout << finding->zones.text() << "query: " << finding->query.text() << "\n"
            << sideBySide(*verdict)
            << (differs ? "Holdfast differs:" + verdict->kind : "Holdfast does not differ") << "\n";
  return differs ? Exit::Differs : Exit::Agrees;
}

/// The commonest kinds first: one fault has many faces, and the rarest are seldom another.
void shrinkFindings(const Options& options, Summary& summary) {
  std::vector<std::pair<std::uint64_t, std::string>> kinds;
  for (const auto& [kind, finding] : summary.differences()) kinds.emplace_back(finding.count, kind);
  std::sort(kinds.rbegin(), kinds.rend());
  if (kinds.size() > options.shrinkKinds) kinds.resize(options.shrinkKinds);
  if (!kinds.empty()) std::filesystem::create_directories(options.findings);
  unsigned number = 0;
  for (const auto& [count, kind] : kinds) {
    Finding& finding = summary.differences().at(kind);
    std::cerr << "making small: " << kind << "\n";
    if (options.shrinkSeconds > 0) {
      const std::string plain = kind.substr(kind.find(':') + 1);
      finding = shrink(finding, plain, options.shrinkSeconds, options.programs);
    }
    const std::string path =
        options.findings + "/" + std::to_string(options.seed) + "-" + std::to_string(++number) + ".json";
    if (const Status written = writeReplay(finding, path); !written)
      std::cerr << written.error().text() << "\n";
    std::cout << findingText(kind, finding, path) << std::flush;
  }
}

Exit runAll(const Options& options) {
  std::cerr << "seed " << options.seed << "\n";
  Summary summary;
  if (const Status ran = runCampaign(options, summary); !ran) {
    std::cerr << "holdfast_differential: " << ran.error().text() << "\n";
    return Exit::CannotRun;
  }
  shrinkFindings(options, summary);
  std::cout << reportText(summary, options,
                          ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr);
  for (const auto& [path, content] : {std::pair(options.json, reportJson(summary, options)),
                                      std::pair(options.junit, reportJunit(summary))}) {
    if (path.empty()) continue;
    if (const Status written = writeFile(path, content); !written) {
      std::cerr << "holdfast_differential: " << written.error().text() << "\n";
      return Exit::CannotRun;
    }
  }
  return summary.differing() == 0 ? Exit::Agrees : Exit::Differs;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::filesystem::path binaries = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    Options options;
    options.programs.holdfastd = binaries / "holdfastd";
    options.data = std::string(HOLDFAST_SOURCE) + "/tests/differential/zones";
    options.rootZone = std::string(HOLDFAST_SOURCE) + "/tests/data/root.zone.gz";
    options.findings = binaries / "../differential-findings";
    std::string signing;
    CLI::App app("Asks Holdfast, Knot, NSD, BIND and PowerDNS the same and compares the answers.",
                 "holdfast_differential");
    defineOptions(app, options, signing);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      return app.exit(problem) == 0 ? 0 : statusOf(Exit::Usage);
    }
    options.signing = signingFrom(signing);
    options.programs.zonectl = std::filesystem::path(options.programs.holdfastd).parent_path() / "zonectl";
    return statusOf(options.replay.empty() ? runAll(options) : replayFile(options));
  } catch (const std::exception& problem) {
    std::cerr << "holdfast_differential: " << problem.what() << "\n";
    return statusOf(Exit::CannotRun);
  }
}
