// first exploration
#include <iostream>
#include <algorithm>
#include <map>
#include <filesystem>
#include "tests/differential/exchange.h"
#include "tests/differential/query_generator.h"
#include "tests/differential/vote.h"
#include "tests/differential/zone_generator.h"
using namespace holdfast;
using namespace holdfast::differential;
int main(int argc, char** argv) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const Programs programs{self / "holdfastd", self / "zonectl"};
  const unsigned sets = argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 1;
  const unsigned count = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 4000;
  const int signing = argc > 3 ? std::stoi(argv[3]) : 0;
  std::map<std::string, std::pair<unsigned, std::string>> kinds;
  std::map<std::string, unsigned> rules;
  std::array<unsigned, 3> outcomes{};
  std::array<unsigned, kServers> disagreements{};
  ExchangeCounts counts;
  for (unsigned n = 0; n < sets; ++n) {
    const TemporaryDirectory directory;
    const ZoneSet zones = generateZones(1, n, static_cast<Signing>(signing));
    auto servers = ServerSet::start(zones, directory.path(), programs);
    if (!servers) { std::cerr << servers.error().text() << "\n"; 
     std::cerr << zones.text(); return 1; }
    QueryGenerator generator(zones, n);
    std::vector<Query> queries;
    for (unsigned i = 0; i < count; ++i) queries.push_back(generator.next());
    const auto replies = ask(*servers, queries, counts);
    for (unsigned i = 0; i < count; ++i) {
      const Verdict v = judge(zones, queries[i], replies[i]);
      ++outcomes[static_cast<unsigned>(v.outcome)];
      for (auto r : v.allowed) ++rules[std::string(r)];
      for (auto r : v.abstained) ++rules[std::string(r)];
      for (unsigned s = 1; s < kServers; ++s) if (v.agreesWithOthers(s) == std::optional(false)) ++disagreements[s];
      auto note = [&](std::string key) {
        auto& entry = kinds[key];
        if (entry.first++ == 0 || queries[i].text().size() < entry.second.find('\n')) {
          entry.second = queries[i].text() + "\n";
          for (unsigned s = 0; s < kServers; ++s) entry.second += std::string(textOf(static_cast<Software>(s))) + ": " + v.answers[s].text();
        }
      };
      if (v.outcome != Outcome::Agrees) note((v.outcome == Outcome::Differs ? "DIFFERS" : "DISPUTED") + v.kind);
      else for (unsigned s = 1; s < kServers; ++s) if (v.votes[s] && v.groups[s] != v.groups[0]) note("PEER " + std::string(textOf(static_cast<Software>(s))));
    }
    std::cerr << "." << std::flush;
  }
  std::vector<std::pair<unsigned, std::string>> sorted;
  for (auto& [k, e] : kinds) sorted.emplace_back(e.first, k);
  std::sort(sorted.rbegin(), sorted.rend());
  for (auto& [c, k] : sorted) std::cout << "=== " << c << " " << k << "\n" << kinds[k].second << "\n";
  std::cout << "agrees " << outcomes[0] << " differs " << outcomes[1] << " disputed " << outcomes[2] << " resent " << counts.resent << " silent " << counts.silences << "\n";
  for (auto& [r, c] : rules) std::cout << r << " " << c << "\n";
  for (unsigned s = 1; s < kServers; ++s) std::cout << textOf(static_cast<Software>(s)) << " " << disagreements[s] << "\n";
}
