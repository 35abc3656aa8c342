#include "tests/zone/fixtures.h"

#include <cstdlib>
#include <stdexcept>

#include "zone/compile.h"

namespace holdfast::test {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Name name(std::string_view text) {
  Result<Name> parsed = Name::absolute(text);
  if (!parsed) throw std::runtime_error(parsed.error().text());
  return *std::move(parsed);
}

std::vector<std::string> keysIn(const KeyTree& tree) {
  std::vector<std::string> keys;
  tree.visitFrom({}, [&](std::span<const std::uint8_t> key) {
    keys.emplace_back(key.begin(), key.end());
    return true;
  });
  return keys;
}

std::shared_ptr<const Zone> zoneOf(std::string_view apex, std::string_view text) {
  const Name zone = name(apex);
  const Result<Plan> plan = parseZoneFilePlan(text, zone, PlanLimits{});
  if (!plan) throw std::runtime_error(plan.error().text());
  return compilePlan(Zone(zone), *plan, 1, 1, WallTime{});
}

Server::Server(const std::string& directory) : directory_(directory) {
  restart();
}

void Server::restart() {
  publisher_.reset();
  Result<std::unique_ptr<PlanStore>> store = openSqliteStore(directory_);
  if (!store) throw std::runtime_error(store.error().text());
  Result<std::unique_ptr<Publisher>> opened =
      Publisher::open(*std::move(store), [this] { return WallTime(std::chrono::microseconds(now.load())); });
  if (!opened) throw std::runtime_error(opened.error().text());
  publisher_ = *std::move(opened);
}

Outcome Server::push(std::string_view zone, std::string_view body, const Document& with) {
  Document document = with;
  document.zone = name(zone);
  document.body = body;
  document.format = body.starts_with("{") ? DocumentFormat::Json : DocumentFormat::ZoneFile;
  Result<Outcome> outcome = intake().submit(document);
  if (!outcome) throw std::runtime_error(outcome.error().text());
  return *std::move(outcome);
}

Effect Server::effect(std::string_view text, RRType type) {
  const ReadSection section;
  return effectOf(publisher_->snapshot().read(section), name(text), type);
}

Generation Server::served(std::string_view zone) {
  const auto status = publisher_->status(name(zone));
  return status ? status->served : 0;
}

std::vector<std::string> rulesOf(const Outcome& outcome) {
  std::vector<std::string> rules;
  for (const Reason& reason : outcome.verdict.reasons)
    rules.push_back(std::string(toText(reason.rule)) + " " + reason.name +
                    (reason.type.empty() ? "" : "/" + reason.type));
  return rules;
}

}  // namespace holdfast::test
