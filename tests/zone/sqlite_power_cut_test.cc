// The real store on a file system that loses what was not synced, at every single write and sync.
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <random>

#include "tests/zone/fixtures.h"
#include "tests/zone/sqlite_fault_vfs.h"

using namespace holdfast;
using holdfast::test::name;

namespace {

const std::vector<std::string> kZones{"one.example.", "two.example."};
constexpr std::int64_t kNow = 1'800'000'000'000'000;

/// Every endpoint has the address of its generation, so that a torn content shows.
std::string plan(Generation generation) {
  std::string text = R"({"plan": 1, "generation": )" + std::to_string(generation) + R"(, "endpoints": {)";
  for (int i = 0; i < 8; ++i)
    text += std::string(i == 0 ? "" : ", ") + "\"e" + std::to_string(i) +
            R"(": {"targets": [{"id": "lb", "address": "192.0.2.)" + std::to_string(generation % 250) +
            R"("}]})";
  return text + R"(}, "records": ["@ 60 IN NS ns."]})";
}

/// 0 where nothing is served, -1 where the content is not that of one generation.
std::int64_t generationServed(Publisher& publisher, const std::string& zone) {
  const Name apex = name(zone);
  const auto status = publisher.status(apex);
  if (!status || status->served == 0) return 0;
  const ReadSection section;
  const Zone* content = publisher.snapshot().read(section).zoneAt(apex);
  for (int i = 0; i < 8; ++i) {
    const Name owner = name("e" + std::to_string(i) + "." + zone);
    const Lookup found = lookup(*content, HashedName(owner.view()), RRType::A);
    if (found.found != Found::Data || found.rrset.front()[3] != status->served % 250) return -1;
  }
  return static_cast<std::int64_t>(status->served);
}

struct Told {
  std::size_t moment = 0;  ///< the disk's, when it was told
  std::map<std::string, Generation> committed;
  std::map<std::string, bool> frozen;
};

/// What people and Enactors do to a server, step by step, with what they were told.
class Workload {
 public:
  explicit Workload(const std::string& directory, test::FaultVfs& vfs) : vfs_(vfs) {
    StoreOptions options;
    options.vfs = vfs.name();
    Result<std::unique_ptr<PlanStore>> store = openSqliteStore(directory, options);
    if (!store) return;
    Result<std::unique_ptr<Publisher>> opened =
        Publisher::open(*std::move(store), [] { return WallTime(std::chrono::microseconds(kNow)); });
    if (opened) publisher_ = *std::move(opened);
    tell();
  }

  bool isOpen() const { return publisher_ != nullptr; }
  Publisher& publisher() { return *publisher_; }
  const std::vector<Told>& told() const { return told_; }
  /// What was being done when the last one was told.
  const Told& now() const { return now_; }

  void run(Generation generations) {
    for (const std::string& zone : kZones) {
      (void)static_cast<bool>(publisher_->addZone(name(zone)));
      tell();
    }
    for (Generation generation = 1; generation <= generations; ++generation) {
      for (const std::string& zone : kZones) push(zone, generation);
      push(kZones[0], 1);  // stale: a refusal
      if (generation == 2) freeze(true);
      if (generation == 4) freeze(false);
      if (generation % 3 == 0) tend();
    }
  }

  void push(const std::string& zone, Generation generation) {
    Document document;
    document.zone = name(zone);
    const std::string body = plan(generation);
    document.body = body;
    Intake intake(*publisher_, PlanLimits{});
    const Result<Outcome> outcome = intake.submit(document);
    if (outcome && outcome->kind == Outcome::Kind::Published) now_.committed[zone] = generation;
    tell();
  }

 private:
  void freeze(bool freezes) {
    if (publisher_->setFrozen(name(kZones[1]), freezes ? std::optional<std::string>("night") : std::nullopt))
      now_.frozen[kZones[1]] = freezes;
    tell();
  }
  void tend() {
    Keeping keeping;
    keeping.history = {2, std::chrono::seconds(0), 3};
    keeping.goodAfter = std::chrono::milliseconds(0);
    keeping.goodKept = 1;
    (void)publisher_->tend(keeping);
    tell();
  }
  void tell() {
    now_.moment = vfs_.moment();
    told_.push_back(now_);
  }

  test::FaultVfs& vfs_;
  std::unique_ptr<Publisher> publisher_;
  std::vector<Told> told_;
  Told now_;
};

std::string scratch() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                   : std::filesystem::temp_directory_path().string();
}

/// A directory where a sync costs little.
class Scratch {
 public:
  Scratch() {
    std::string pattern = scratch() + "/holdfast-cut-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_; }

 private:
  std::string path_;
};

void writeImage(const std::string& directory, const std::map<std::string, std::string>& files) {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  std::filesystem::create_directories(directory);
  for (const auto& [file, content] : files)
    std::ofstream(directory + "/" + file, std::ios::binary) << content;
}

/// Opens the real store on what the disk held and says what is wrong; empty: nothing.
std::string checkImage(const std::string& directory, const Told& atLeast, const Told& atMost) {
  Result<std::unique_ptr<PlanStore>> store = openSqliteStore(directory);
  if (!store) return "the store does not open: " + store.error().text();
  Result<std::unique_ptr<Publisher>> opened =
      Publisher::open(*std::move(store), [] { return WallTime(std::chrono::microseconds(kNow)); });
  if (!opened) return "the publisher does not open: " + opened.error().text();
  Publisher& publisher = **opened;
  if (!publisher.loadProblems().empty()) return "load problem: " + publisher.loadProblems()[0].text();
  for (const std::string& zone : kZones) {
    const auto find = [&](const Told& told) {
      const auto found = told.committed.find(zone);
      return found == told.committed.end() ? Generation{0} : found->second;
    };
    const std::int64_t served = generationServed(publisher, zone);
    if (served < 0) return zone + " is torn";
    const auto generation = static_cast<Generation>(served);
    if (generation < find(atLeast)) return zone + " lost generation " + std::to_string(find(atLeast));
    if (generation > find(atMost)) return zone + " serves what was never sent";
    if (find(atLeast) == 0 && !publisher.hasZone(name(zone))) continue;
    const Result<SealReport> seals = publisher.verify(name(zone));
    if (!seals) return "verify fails: " + seals.error().text();
    if (!seals->whole()) return zone + " line " + std::to_string(seals->broken) + ": " + seals->problem;
    const auto status = publisher.status(name(zone));
    if (status->committed != generation) return zone + " serves other than what is committed";
    const auto frozen = atLeast.frozen.find(zone);
    const auto next = atMost.frozen.find(zone);
    const bool was = frozen != atLeast.frozen.end() && frozen->second;
    const bool will = next != atMost.frozen.end() && next->second;
    if (status->frozen.has_value() != was && status->frozen.has_value() != will)
      return zone + " forgot its freeze";
    Document document;
    document.zone = name(zone);
    Intake intake(publisher, PlanLimits{});
    for (const Generation sent : {generation, generation + 100}) {
      if (sent == 0) continue;
      const std::string body = plan(sent);
      document.body = body;
      const Result<Outcome> outcome = intake.submit(document);
      if (!outcome) return "the next plan fails: " + outcome.error().text();
      if (sent == generation && !outcome->is(Rule::StaleGeneration)) return zone + " has a fence below";
      if (sent != generation && outcome->kind != Outcome::Kind::Published) return "the next plan is refused";
    }
  }
  return {};
}

/// Between what was told at `moment` and what was in flight then.
std::pair<Told, Told> around(const std::vector<Told>& told, std::size_t moment) {
  std::size_t last = 0;
  while (last + 1 < told.size() && told[last + 1].moment <= moment) ++last;
  return {told[last], told[std::min(last + 1, told.size() - 1)]};
}

}  // namespace

TEST_CASE("I7: after a power cut at every write and sync the last told generation is served") {
  const RcuThread registered;
  const Scratch directory, image;
  test::FaultVfs vfs;
  std::vector<Told> told;
  std::size_t points = 0;
  {
    Workload workload(directory.path(), vfs);
    REQUIRE(workload.isOpen());
    workload.run(9);
    told = workload.told();
    points = vfs.moment();  // closing is not part of it
  }
  REQUIRE(told.back().committed.at(kZones[1]) == 9);
  std::mt19937 random(20251019);
  std::size_t images = 0;
  using Kept = test::FaultVfs::Kept;
  for (std::size_t point = told.front().moment; point <= points; ++point) {
    const auto [atLeast, atMost] = around(told, point);
    for (const Kept kept : {Kept::Nothing, Kept::Everything, Kept::Prefix, Kept::Some, Kept::Some}) {
      writeImage(image.path() + "/state", vfs.image(point, kept, random));
      const std::string wrong = checkImage(image.path() + "/state", atLeast, atMost);
      ++images;
      if (!wrong.empty())
        FAIL("power cut before operation " << point << ", kept " << static_cast<int>(kept) << ": " << wrong);
    }
  }
  std::cout << "power cuts: " << points - told.front().moment + 1 << " points, " << images << " images\n";
  CHECK(images > 500);
}

TEST_CASE("I7 and I8: after any one failed write or sync outcomes are true and nothing told is lost") {
  const RcuThread registered;
  std::size_t runs = 0;
  for (const int code : {SQLITE_IOERR_FSYNC, SQLITE_FULL}) {
    for (std::size_t failing = 0;; ++failing) {
      const Scratch directory, image;
      test::FaultVfs vfs;
      {
        Workload workload(directory.path(), vfs);
        REQUIRE(workload.isOpen());
        vfs.failAt(failing, code);
        workload.run(4);
        if (!vfs.hasFailed()) break;
        ++runs;
        vfs.heal();
        INFO("operation " << failing << " failed with " << code);
        for (const std::string& zone : kZones) {
          // What is served is what was told, and the next plan is published.
          CHECK(generationServed(workload.publisher(), zone) ==
                static_cast<std::int64_t>(
                    workload.now().committed.count(zone) ? workload.now().committed.at(zone) : 0));
          if (!workload.publisher().hasZone(name(zone))) continue;
          workload.push(zone, 50);
          CHECK(generationServed(workload.publisher(), zone) == 50);
        }
        std::mt19937 random(1);
        const Told last = workload.now();
        writeImage(image.path() + "/state", vfs.image(vfs.moment(), test::FaultVfs::Kept::Nothing, random));
        CHECK(checkImage(image.path() + "/state", last, last) == "");
      }
    }
  }
  std::cout << "failed operations: " << runs << " runs\n";
  CHECK(runs > 60);
}
