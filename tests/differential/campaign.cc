#include "tests/differential/campaign.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>

#include "tests/differential/confirm.h"
#include "tests/differential/query_generator.h"
#include "tests/differential/zone_generator.h"

namespace holdfast::differential {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kChunk = 20000;  // queries whose replies are held at once

/// A round to come. Zones are made only when it begins.
struct Round {
  std::function<Result<ZoneSet>()> zones;
  std::uint64_t seed = 0;
  unsigned weight = 1;  ///< its share of the queries
};

double secondsSince(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

Result<ZoneSet> sampleZones(const std::string& directory, Signing signing) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    // ldns-signzone does not write odd names as they must be read.
    if (entry.path().extension() == ".zone" &&
        (signing == Signing::None || entry.path().stem() != "odd-names"))
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  ZoneSet set;
  set.label = "zones of the RFCs, " + std::string(textOf(signing));
  set.signing = signing;
  for (const std::string& path : paths) {
    auto zone = readZone(path);
    if (!zone) return zone.error();
    set.zones.push_back(std::move(*zone));
  }
  return set;
}

/// The file has no SOA of its own.
Result<ZoneSet> rootZone(const std::string& path) {
  const TemporaryDirectory directory;
  const std::string plain = directory.path() + "/root.zone";
  const Status unpacked = run({"sh", "-c", "gzip -dc '" + path + "' > '" + plain + "'"}, directory.path());
  if (!unpacked) return unpacked.error();
  const std::string soa =
      ". 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. 2020010100 1800 900 604800 86400\n";
  auto zone = readZoneText(soa + readFile(plain), path);
  if (!zone) return zone.error();
  ZoneSet set;
  set.label = "the root of 2020";
  set.zones.push_back(std::move(*zone));
  return set;
}

std::vector<Round> roundsOf(const Options& options, std::uint64_t seed) {
  std::vector<Round> rounds;
  const auto wanted = [&](Signing signing) { return !options.signing || *options.signing == signing; };
  const auto generate = [&](unsigned number, Signing signing) {
    if (wanted(signing))
      rounds.push_back({[=] { return generateZones(seed, number, signing); }, seed * 31 + number, 3});
  };
  constexpr std::array kSignings{Signing::Nsec, Signing::Nsec3, Signing::OptOut};
  for (unsigned number = 0; number < options.zones; ++number) {
    if (options.zone && *options.zone != number) continue;
    generate(number, Signing::None);
    if (options.signing && *options.signing != Signing::None) {
      generate(number, *options.signing);
    } else {
      generate(number, kSignings[number % kSignings.size()]);
    }
  }
  if (options.onlyGenerated || options.zone) return rounds;
  for (const Signing signing : {Signing::None, Signing::Nsec, Signing::Nsec3, Signing::OptOut})
    if (wanted(signing)) rounds.push_back({[=] { return sampleZones(options.data, signing); }, seed, 1});
  if (wanted(Signing::None)) rounds.push_back({[=] { return rootZone(options.rootZone); }, seed, 2});
  return rounds;
}

/// One line that tells how far it is; on a terminal it replaces the one before.
void tellProgress(const Summary& summary, std::size_t round, std::size_t rounds, const std::string& label) {
  const bool isTerminal = ::isatty(STDERR_FILENO) == 1;
  std::cerr << (isTerminal ? "\r\033[K" : "") << "[" << round << "/" << rounds << "] " << summary.queries()
            << " queries, " << summary.differing() << " differ: " << label << (isTerminal ? "" : "\n")
            << std::flush;
  if (isTerminal && round == rounds) std::cerr << "\n";
}

Status runSeed(const Options& options, std::uint64_t seed, Summary& summary) {
  const std::vector<Round> rounds = roundsOf(options, seed);
  unsigned weights = 0;
  for (const Round& round : rounds) weights += round.weight;
  if (weights == 0) return Error{ErrorKind::Invalid, "options", "no round is left to run"};
  std::size_t done = 0;
  for (const Round& round : rounds) {
    auto zones = round.zones();
    if (!zones) return zones.error();
    tellProgress(summary, ++done, rounds.size(), zones->label);
    const std::uint64_t share = std::max<std::uint64_t>(1, options.queries * round.weight / weights);
    if (Status ran = runRound(*zones, share, round.seed, options.programs, summary); !ran) return ran;
  }
  return Done{};
}

}  // namespace

Status runRound(const ZoneSet& zones, std::uint64_t queries, std::uint64_t seed, const Programs& programs,
                Summary& summary) {
  const auto begun = Clock::now();
  const TemporaryDirectory directory;
  auto servers = ServerSet::start(zones, directory.path(), programs);
  if (!servers) return Error{servers.error().kind, zones.label, servers.error().text()};
  summary.begin(zones);
  QueryGenerator generator(zones, seed);
  for (std::uint64_t asked = 0; asked < queries;) {
    std::vector<Query> chunk;
    while (chunk.size() < kChunk && asked++ < queries) chunk.push_back(generator.next());
    const std::vector<Replies> replies = ask(*servers, chunk, summary.exchange());
    for (std::size_t i = 0; i < chunk.size(); ++i)
      summary.add(zones, chunk[i], judgeWithTcp(*servers, zones, chunk[i], replies[i], summary.exchange()));
  }
  summary.end(secondsSince(begun));
  return Done{};
}

Status runCampaign(const Options& options, Summary& summary) {
  const auto begun = Clock::now();
  for (std::uint64_t seed = options.seed;; ++seed) {
    if (Status ran = runSeed(options, seed, summary); !ran) return ran;
    if (secondsSince(begun) >= options.hours * 3600) return Done{};
    std::cerr << "seed " << seed + 1 << "\n";
  }
}

}  // namespace holdfast::differential
