#include "tests/differential/shrink.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/differential/confirm.h"

namespace holdfast::differential {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{8};  // a few records are loaded at once, or never

class Shrinker {
 public:
  Shrinker(Finding best, std::string kind, unsigned seconds, const Programs& programs)
      : best_(std::move(best)),
        kind_(std::move(kind)),
        end_(Clock::now() + std::chrono::seconds(seconds)),
        programs_(programs) {}

  Finding run() {
    keepWhatIsNamed();
    dropZones();
    simplifyQuery();
    dropRecords();
    return best_;
  }

 private:
  bool isTimeLeft() const { return Clock::now() < end_; }

  /// Takes a candidate over when it still shows the difference.
  bool attempt(const ZoneSet& zones, const Query& query) {
    if (!isTimeLeft()) return false;
    const auto verdict = replay(zones, query, programs_);
    if (!verdict || verdict->outcome != Outcome::Differs || verdict->kind != kind_) return false;
    best_.zones = zones;
    best_.query = query;
    best_.answers = sideBySide(*verdict);
    return true;
  }

  /// A set with only those records of a zone that `keep` wants, and what no zone can be without.
  template <class Keep>
  ZoneSet reduced(Keep keep) const {
    ZoneSet set = best_.zones;
    for (ZoneSource& zone : set.zones) {
      const Name apex = zone.apex.lower();
      // BIND loads no zone whose own name servers have no address in it.
      std::set<Name> servers;
      for (const Record& record : zone.records)
        if (record.type == "NS" && record.owner.lower() == apex)
          servers.insert(Name::parse(record.rdata).lower());
      std::vector<Record> kept;
      for (const Record& record : zone.records)
        if (record.type == "SOA" || (record.type == "NS" && record.owner.lower() == apex) ||
            (record.type == "A" && servers.contains(record.owner.lower())) || keep(record))
          kept.push_back(record);
      zone.records = std::move(kept);
    }
    return set;
  }

  /// Most records have nothing to do with it: first keep only those at, above or below a name that the
  /// answers show.
  void keepWhatIsNamed() {
    const std::string text = (best_.query.name.lower().text() + " " + best_.answers);
    attempt(reduced([&](const Record& record) {
              const Name owner = record.owner.lower();
              if (text.find(owner.text()) != std::string::npos) return true;
              return best_.query.name.isAtOrBelow(owner) ||
                     (!owner.isRoot() && owner.labels().front() == "*" &&
                      best_.query.name.isAtOrBelow(owner.parent()));
            }),
            best_.query);
  }

  void dropZones() {
    for (std::size_t i = best_.zones.zones.size(); i-- > 0 && best_.zones.zones.size() > 1;) {
      ZoneSet fewer = best_.zones;
      fewer.zones.erase(fewer.zones.begin() + static_cast<std::ptrdiff_t>(i));
      attempt(fewer, best_.query);
    }
  }

  void simplifyQuery() {
    const auto change = [&](auto&& edit) {
      Query simpler = best_.query;
      edit(simpler);
      if (simpler.text() != best_.query.text()) attempt(best_.zones, simpler);
    };
    change([](Query& query) {
      query.rd = query.cd = query.ad = query.tcp = false;
      query.edns.reset();
      query.name = query.name.lower();
    });
    change([](Query& query) { query.rd = query.cd = query.ad = false; });
    change([](Query& query) { query.tcp = false; });
    change([](Query& query) { query.name = query.name.lower(); });
    if (best_.query.edns) change([](Query& query) { query.edns = Edns{4096, 0, query.edns->flags, {}}; });
    change([](Query& query) { query.edns.reset(); });
  }

  /// Delta debugging: halves, quarters, … of the records are left out.
  void dropRecords() {
    for (std::size_t size = best_.zones.size() / 2; size >= 1 && isTimeLeft(); size /= 2) {
      for (std::size_t begin = 0; begin < best_.zones.size() && isTimeLeft();) {
        std::size_t at = 0;
        const ZoneSet candidate = reduced([&](const Record&) {
          const bool isLeftOut = at >= begin && at < begin + size;
          ++at;
          return !isLeftOut;
        });
        if (candidate.size() == best_.zones.size() || !attempt(candidate, best_.query)) begin += size;
      }
    }
  }

  Finding best_;
  const std::string kind_;
  const Clock::time_point end_;
  const Programs& programs_;
};

Result<Signing> signingFrom(const std::string& text) {
  for (const Signing signing : {Signing::None, Signing::Nsec, Signing::Nsec3, Signing::OptOut})
    if (text == textOf(signing)) return signing;
  return Error{ErrorKind::Malformed, "signing", "is unsigned, NSEC, NSEC3 or NSEC3 opt-out, not " + text};
}

}  // namespace

Finding shrink(const Finding& finding, const std::string& kind, unsigned seconds, const Programs& programs) {
  return Shrinker(finding, kind, seconds, programs).run();
}

Status writeReplay(const Finding& finding, const std::string& path) {
  nlohmann::json zones = nlohmann::json::array();
  for (const ZoneSource& zone : finding.zones.zones) {
    nlohmann::json lines = nlohmann::json::array();
    for (const Record& record : zone.records) lines.push_back(record.text());
    zones.push_back(std::move(lines));
  }
  const nlohmann::json document{{"signing", textOf(finding.zones.signing)},
                                {"query", toJson(finding.query)},
                                {"zones", std::move(zones)}};
  return writeFile(path, document.dump(1) + "\n");
}

Result<Finding> readReplay(const std::string& path) {
  const std::string content = readFile(path);
  if (content.empty()) return Error{ErrorKind::Unreadable, path, "cannot be read, or is empty"};
  try {
    const auto document = nlohmann::json::parse(content);
    Finding finding;
    finding.query = queryFrom(document.at("query"));
    finding.zones.label = path;
    const auto signing = signingFrom(document.at("signing").get<std::string>());
    if (!signing) return signing.error();
    finding.zones.signing = *signing;
    for (const auto& lines : document.at("zones")) {
      ZoneSource zone;
      for (const auto& line : lines) {
        auto record = readRecord(line.get<std::string>());
        if (!record) return record.error();
        if (record->type == "SOA") zone.apex = record->owner;
        zone.records.push_back(std::move(*record));
      }
      finding.zones.zones.push_back(std::move(zone));
    }
    return finding;
  } catch (const nlohmann::json::exception& problem) {
    return Error{ErrorKind::Malformed, path, problem.what()};
  }
}

Result<Verdict> replay(const ZoneSet& zones, const Query& query, const Programs& programs) {
  const TemporaryDirectory directory;
  auto servers = ServerSet::start(zones, directory.path(), programs, kPatience);
  if (!servers) return servers.error();
  ExchangeCounts counts;
  return judgeWithTcp(*servers, zones, query, ask(*servers, std::vector<Query>{query}, counts).front(),
                      counts);
}

}  // namespace holdfast::differential
