// Starting from images: that what is served, and what plans are judged by, is what the store says, whatever
// the image is.
#include <fstream>
#include <random>
#include <thread>

#include "tests/zone/sqlite_machine.h"

using namespace holdfast;
using holdfast::test::kZone;
using holdfast::test::Machine;
using holdfast::test::meddle;
using holdfast::test::name;

namespace {

StoreOptions withImages() {
  StoreOptions options;
  options.images.leastNames = 1;
  options.images.pause = std::chrono::hours(1);
  options.images.diskReserve = 0;
  return options;
}

/// Many endpoints, of which `a` has so many targets.
std::string manyWith(Generation generation, int targets, const std::string& more = "") {
  std::string endpoints = R"("a": {"targets": [)";
  for (int i = 1; i <= targets; ++i)
    endpoints += (i > 1 ? ", " : "") + ("{\"address\": \"192.0.2." + std::to_string(i)) + "\"}";
  endpoints += "]}";
  for (int i = 0; i < 300; ++i)
    endpoints += R"(, "ep)" + std::to_string(i) + R"(": {"targets": [{"address": "198.51.100.)" +
                 std::to_string(i % 200 + 1) + R"("}]})";
  return R"({"plan": 1, "generation": )" + std::to_string(generation) + R"(, "endpoints": {)" + endpoints +
         R"(}, "records": ["@ 60 IN NS ns.")" + more + "]}";
}

struct ImageFixture : test::MachineFixture {
  std::string image = directory.path() + "/images/example.image";

  std::string textOf(const Machine& machine) const {
    const auto status = machine.publisher->status(kZone);
    REQUIRE(status);
    const auto content = machine.publisher->content(kZone, status->served);
    REQUIRE(content);
    return contentAsZoneFile(**content);
  }
  StoreStats stats(const Machine& machine) const { return machine.publisher->storeStats(); }
  bool hasImage() const { return std::filesystem::exists(image); }
  /// What a start without images serves of the same store.
  std::string withoutImages() const {
    const test::TemporaryDirectory copy;
    std::filesystem::remove_all(copy.path());
    std::filesystem::copy(directory.path(), copy.path(), std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(copy.path() + "/images");
    std::filesystem::remove(copy.path() + "/lock");
    const Machine plain(copy.path());
    REQUIRE(stats(plain).imagesUsed == 0);
    return textOf(plain);
  }
};

}  // namespace

TEST_CASE_METHOD(ImageFixture, "image: a start serves from one, with what was committed since") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  CHECK_FALSE(hasImage());
  CHECK(machine.tend().problems.empty());
  REQUIRE(hasImage());
  CHECK(stats(machine).imagesWritten == 1);
  CHECK(stats(machine).imageOctets == std::filesystem::file_size(image));
  std::string more = ", \"*.w 5 IN A 192.0.2.7\"";
  for (Generation generation = 1; generation <= 4; ++generation) {
    if (generation > 1)
      REQUIRE(machine.push(manyWith(generation, 4,
                                    more += ", \"b" + std::to_string(generation) + " 5 IN A 192.0.2.9\"")) ==
              "published");
    REQUIRE(machine.start());
    INFO(machine.problems());
    CHECK(machine.problems().empty());
    CHECK(stats(machine).imagesUsed == 1);
    CHECK(machine.served() == generation);
    CHECK(textOf(machine) == withoutImages());
    CHECK(machine.tend().problems.empty());
    CHECK(stats(machine).imagesWritten == 0);  // within the pause
    const auto sealed = machine.publisher->verify(kZone);
    REQUIRE(sealed);
    CHECK(sealed->whole());
  }
}

TEST_CASE_METHOD(ImageFixture, "image: another is written when enough has changed, or after a time") {
  StoreOptions options = withImages();
  options.images.pause = std::chrono::milliseconds(0);
  options.images.changes = 3;
  Machine machine(directory.path(), "", options);
  REQUIRE(machine.publisher->addZone(kZone));
  const auto written = [&] {
    (void)machine.tend();
    return stats(machine).imagesWritten;
  };
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  CHECK(written() == 1);
  CHECK(written() == 1);
  for (Generation generation = 2; generation <= 3; ++generation) {
    REQUIRE(machine.push(manyWith(generation, static_cast<int>(3 + generation))) == "published");
    CHECK(written() == 1);
  }
  REQUIRE(machine.push(manyWith(4, 7)) == "published");
  CHECK(written() == 2);  // three names since
  machine.options.images.after = std::chrono::milliseconds(1);
  REQUIRE(machine.start());
  CHECK(written() == 0);  // nothing has changed
  REQUIRE(machine.push(manyWith(5, 8)) == "published");
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(written() == 1);
  machine.options.images.leastNames = 10'000;
  REQUIRE(machine.start());
  REQUIRE(machine.push(manyWith(6, 9)) == "published");
  CHECK(written() == 0);
  machine.options.images.leastNames = 0;
  REQUIRE(machine.start());
  CHECK(written() == 0);
  CHECK_FALSE(hasImage());
}

TEST_CASE_METHOD(ImageFixture, "image: one of another history or generation, or damaged, is not believed") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  REQUIRE(machine.tend().problems.empty());
  const test::TemporaryDirectory other;
  std::string foreign;
  SECTION("another store, of the same zone and generation") {
    Machine stranger(other.path(), "", withImages());
    REQUIRE(stranger.publisher->addZone(kZone));
    REQUIRE(stranger.push(manyWith(1, 9)) == "published");
    REQUIRE(stranger.tend().problems.empty());
    foreign = other.path() + "/images/example.image";
  }
  SECTION("a later generation than what is committed") {
    std::filesystem::copy(directory.path(), other.path() + "/s", std::filesystem::copy_options::recursive);
    Machine later(other.path() + "/s", "", withImages());
    REQUIRE(later.push(manyWith(2, 9)) == "published");
    std::filesystem::remove(other.path() + "/s/images/example.image");
    later.options.images.pause = std::chrono::milliseconds(0);
    REQUIRE(later.start());
    REQUIRE(later.tend().problems.empty());
    foreign = other.path() + "/s/images/example.image";
  }
  SECTION("damaged") {
    foreign = other.path() + "/damaged";
    std::filesystem::copy(image, foreign);
    std::fstream out(foreign, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(5000);
    out << "damaged";
  }
  SECTION("of another layout, or no image at all") {
    foreign = other.path() + "/none";
    std::ofstream(foreign) << std::string(5000, 'x');
  }
  std::filesystem::copy(foreign, image, std::filesystem::copy_options::overwrite_existing);
  const std::string truth = withoutImages();
  REQUIRE(machine.start());
  CHECK(machine.problems().find("the store is read instead") != std::string::npos);
  CHECK(stats(machine).imagesRefused == 1);
  CHECK(stats(machine).imagesUsed == 0);
  CHECK(machine.served() == 1);
  CHECK(textOf(machine) == truth);
  CHECK(machine.tend().problems.empty());
  CHECK(stats(machine).imagesWritten == 1);
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(stats(machine).imagesUsed == 1);
  CHECK(textOf(machine) == truth);
}

TEST_CASE_METHOD(ImageFixture, "I6: what an image spared reading is read after the start, and healed") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  REQUIRE(machine.push(manyWith(2, 4, ", \"b 5 IN A 192.0.2.9\"")) == "published");
  REQUIRE(machine.tend().problems.empty());
  const std::string truth = textOf(machine);
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(), "UPDATE entries SET body = x'00' WHERE generation = 1"));
  REQUIRE(machine.start());
  CHECK(machine.problems().empty());
  CHECK(machine.served() == 2);
  CHECK(textOf(machine) == truth);
  SECTION("by what is stored whole beside the traffic") {
    const TendReport report = machine.tend();
    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].text().find("generation 1") != std::string::npos);
    CHECK(machine.tend().problems.empty());
    REQUIRE(machine.push(manyWith(3, 4, ", \"c 5 IN A 192.0.2.9\", \"b 5 IN A 192.0.2.9\"")) == "published");
    const std::string next = textOf(machine);
    std::filesystem::remove_all(directory.path() + "/images");
    std::filesystem::remove_all(directory.path() + "/good");
    REQUIRE(machine.start());
    CHECK(machine.served() == 3);
    CHECK(textOf(machine) == next);
  }
  SECTION("by the next plan") {
    REQUIRE(machine.push(manyWith(3, 4)) == "refused");  // b would be gone
    REQUIRE(machine.push(manyWith(3, 5, ", \"b 5 IN A 192.0.2.9\"")) == "published");
    REQUIRE(machine.start());
    CHECK(machine.served() == 3);
  }
}

TEST_CASE_METHOD(ImageFixture,
                 "I7: where a change after the image cannot be read, the store has the last word") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  REQUIRE(machine.tend().problems.empty());
  REQUIRE(machine.push(manyWith(2, 5)) == "published");
  machine.publisher.reset();
  REQUIRE(meddle(directory.path(), "UPDATE entries SET body = x'00' WHERE generation = 2"));
  REQUIRE(machine.start());
  CHECK(stats(machine).imagesRefused == 1);
  CHECK(machine.served() == 1);
  CHECK(machine.problems().find("instead of 2") != std::string::npos);
  CHECK(machine.push(manyWith(2, 5)) == "refused");
  CHECK(machine.push(manyWith(3, 5)) == "published");
  REQUIRE(machine.start());
  CHECK(machine.served() == 3);
}

TEST_CASE_METHOD(ImageFixture,
                 "image: a crash before the rename, and a full disk, cost nothing but the image") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  SECTION("a crash") {
    REQUIRE(machine.tend().problems.empty());
    std::filesystem::rename(image, image + ".new");
    REQUIRE(machine.start());
    CHECK(machine.problems().empty());
    CHECK(stats(machine).imagesUsed == 0);
    CHECK(machine.served() == 1);
    CHECK(machine.tend().problems.empty());
    CHECK(hasImage());
    CHECK_FALSE(std::filesystem::exists(image + ".new"));
  }
  SECTION("a full disk") {
    machine.options.images.pause = std::chrono::milliseconds(0);
    REQUIRE(machine.start());
    std::filesystem::create_directory(directory.path() + "/images");
    machine.options.images.pause = std::chrono::milliseconds(0);
    (void)machine.tend();  // strays are looked for once
    std::filesystem::remove(image);
    REQUIRE(machine.push(manyWith(2, 5)) == "published");
    machine.options.images.changes = 1;
    REQUIRE(machine.start());
    std::filesystem::remove_all(directory.path() + "/images");
    std::filesystem::create_directory(directory.path() + "/images");
    (void)machine.tend();
    std::filesystem::remove(image);
    std::filesystem::create_symlink("/dev/full", image + ".new");
    REQUIRE(machine.push(manyWith(3, 6)) == "published");
    const TendReport report = machine.tend();
    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].text().find("No space left") != std::string::npos);
    CHECK(report.problems[0].text().find("the next start reads the store instead") != std::string::npos);
    CHECK(stats(machine).imageFailures == 1);
    CHECK_FALSE(hasImage());
    CHECK(machine.push(manyWith(4, 7)) == "published");
    REQUIRE(machine.start());
    CHECK(machine.served() == 4);
  }
}

TEST_CASE_METHOD(ImageFixture, "image: it goes with its zone, and none comes back with it") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 4)) == "published");
  REQUIRE(machine.tend().problems.empty());
  REQUIRE(hasImage());
  const bool forgets = GENERATE(false, true);
  const test::TemporaryDirectory aside;
  std::filesystem::copy(image, aside.path() + "/kept");
  REQUIRE(machine.publisher->removeZone(kZone, "no longer wanted", forgets));
  CHECK(machine.tend().problems.empty());
  CHECK_FALSE(hasImage());
  std::filesystem::copy(aside.path() + "/kept", image);
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(forgets ? 1 : 2, 9)) == "published");
  const std::string truth = textOf(machine);
  REQUIRE(machine.start());
  CHECK(textOf(machine) == truth);
}

TEST_CASE_METHOD(ImageFixture,
                 "image: one that is far behind is passed over, where the store is read sooner") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  std::mt19937 random(1);
  const auto exchanged = [&](Generation generation) {
    std::string endpoints;
    for (int i = 0; i < 40'000; ++i) {
      endpoints += (i > 0 ? ", \"ep" : "\"ep") + std::to_string(i) + R"(": {"targets": [)";
      for (int target = 0; target < 8; ++target)
        endpoints += (target > 0 ? R"(, {"address": "2001:db8:)" : R"({"address": "2001:db8:)") +
                     std::to_string(target) + "::" + std::to_string(random() % 10000) + ":" +
                     std::to_string(random() % 10000) + "\"}";
      endpoints += "]}";
    }
    return R"({"plan": 1, "generation": )" + std::to_string(generation) + R"(, "endpoints": {)" + endpoints +
           R"(}, "records": ["@ 60 IN NS ns."]})";
  };
  REQUIRE(machine.push(exchanged(1)) == "published");
  REQUIRE(machine.tend().problems.empty());
  REQUIRE(hasImage());
  for (Generation generation = 2; generation <= 5; ++generation) {
    REQUIRE(machine.push(exchanged(generation)) == "published");
    REQUIRE(machine.start());
    INFO(generation);
    // Of two exchanges the checkpoint after the first has more, and another image is written.
    CHECK(stats(machine).imagesUsed == (generation % 2 == 0 ? 1 : 0));
    CHECK(stats(machine).imagesRefused == 0);
    CHECK(machine.problems().empty());
    CHECK(machine.served() == generation);
    CHECK(textOf(machine) == withoutImages());
    CHECK(machine.tend().problems.empty());
  }
}

TEST_CASE_METHOD(ImageFixture, "image: a rollback after one is served") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 6)) == "published");
  const std::string first = textOf(machine);
  REQUIRE(machine.push(manyWith(2, 7)) == "published");
  REQUIRE(machine.tend().problems.empty());
  REQUIRE(machine.rollback(1) == "published");
  REQUIRE(machine.start());
  CHECK(stats(machine).imagesUsed == 1);
  CHECK(machine.served() == 3);
  CHECK(textOf(machine) == withoutImages());
  CHECK(machine.rollback(1) == "published");
}

TEST_CASE_METHOD(ImageFixture, "image: plans are judged as without it, by floors and by what went before") {
  Machine machine(directory.path(), "", withImages());
  REQUIRE(machine.publisher->addZone(kZone));
  REQUIRE(machine.push(manyWith(1, 10)) == "published");
  const bool isNew = GENERATE(false, true);
  if (!isNew) REQUIRE(machine.tend().problems.empty());
  REQUIRE(machine.push(manyWith(2, 7)) == "published");
  if (isNew) REQUIRE(machine.tend().problems.empty());
  REQUIRE(machine.start());
  REQUIRE(stats(machine).imagesUsed == 1);
  CHECK(machine.push(manyWith(3, 1)) == "refused");
  // Three of ten went before the start: one endpoint may lose half within the window.
  CHECK(machine.push(manyWith(3, 4)) == "refused");
  CHECK(machine.push(manyWith(3, 6)) == "published");
}

TEST_CASE_METHOD(ImageFixture, "velocity: a plan sent at once after a start waits for the whole window") {
  {
    Machine machine(directory.path());
    REQUIRE(machine.publisher->addZone(kZone));
    REQUIRE(machine.push(manyWith(1, 10)) == "published");
    REQUIRE(machine.push(manyWith(2, 7)) == "published");
  }
  auto store = openSqliteStore(directory.path());
  REQUIRE(store);
  auto publisher = Publisher::openServing(
      *std::move(store), [] { return WallTime(std::chrono::microseconds(1'800'000'000'000'000)); });
  REQUIRE(publisher);
  {
    const ReadSection section;
    const Zone* zone = (*publisher)->snapshot().read(section).zoneAt(kZone);
    REQUIRE(zone != nullptr);
    CHECK(zone->generation() == 2);  // answers do not wait
  }
  std::atomic<bool> isSettled{false};
  std::optional<Result<Outcome>> outcome;
  std::thread submitter([&] {
    const RcuThread registered;
    Document document;
    document.zone = kZone;
    const std::string body = manyWith(3, 4);
    document.body = body;
    outcome = Intake(**publisher, PlanLimits{}).submit(document);
    isSettled = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK_FALSE(isSettled);
  CHECK((*publisher)->replayPast().empty());
  submitter.join();
  REQUIRE(outcome);
  REQUIRE(*outcome);
  CHECK(test::rulesOf(**outcome) == std::vector<std::string>{"velocity a.example./A"});
}
