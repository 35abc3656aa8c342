#include "plugin/watch/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "fixture.h"
#include "plugin/watch/directory_events.h"

using namespace holdfast::watch;
using Catch::Contains;
using holdfast::test::TemporaryDirectory;

namespace {

PlanFile readFrom(const TemporaryDirectory& directory, const std::string& name, std::uint64_t most = 1000) {
  const Descriptor fd(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY));
  return readPlanFile(fd.get(), name, *planFormat(name), most, [] { return false; });
}

}  // namespace

TEST_CASE("names of plans") {
  CHECK(planFormat("a.json") == FileFormat::Json);
  CHECK(planFormat("1043.zone") == FileFormat::ZoneFile);
  for (const char* name :
       {".a.json", "a.json.tmp", "a.json.part", "a.json~", "a.zone.tmp", "a.txt", ".json", "json"})
    CHECK_FALSE(planFormat(name));
}

TEST_CASE("I4 what is not a whole file is unreadable, never empty") {
  const TemporaryDirectory directory;
  const auto problem = [&](const std::string& name, const std::string& text) {
    holdfast::test::writeFile(directory.path() / name, text);
    const PlanFile file = readFrom(directory, name);
    CHECK(file.body.empty());
    return file.state == PlanFile::State::Unreadable ? file.problem : "readable";
  };
  CHECK_THAT(problem("empty.json", ""), Contains("is empty"));
  CHECK_THAT(problem("blank.zone", " \n\n"), Contains("is empty"));
  CHECK_THAT(problem("half.json", "{\"plan\": 1,"), Contains("half-written"));
  CHECK_THAT(problem("half.zone", "@ 60 IN NS ns\nwww 60 IN A 192.0"), Contains("half-written"));
  CHECK_THAT(problem("large.json", std::string(1001, 'x')), Contains("over max-size"));

  REQUIRE(::mkfifo((directory.path() / "fifo.json").c_str(), 0600) == 0);
  CHECK_THAT(readFrom(directory, "fifo.json").problem, Contains("is no regular file"));
  std::filesystem::create_directory(directory.path() / "folder.json");
  CHECK_THAT(readFrom(directory, "folder.json").problem, Contains("is no regular file"));
  std::filesystem::create_symlink("/dev/zero", directory.path() / "device.json");
  CHECK_THAT(readFrom(directory, "device.json").problem, Contains("is no regular file"));
  std::filesystem::create_symlink("nowhere", directory.path() / "dangling.json");
  CHECK(readFrom(directory, "dangling.json").state == PlanFile::State::Unreadable);
  CHECK(readFrom(directory, "absent.json").state == PlanFile::State::Gone);
}

TEST_CASE("whole files are read to the last octet") {
  const TemporaryDirectory directory;
  holdfast::test::writeFile(directory.path() / "a.json", "{}\n");
  std::filesystem::create_symlink("a.json", directory.path() / "b.json");
  CHECK(readFrom(directory, "a.json").body == "{}\n");
  CHECK(readFrom(directory, "b.json").body == "{}\n");
  CHECK(readFrom(directory, "a.json").identity == readFrom(directory, "b.json").identity);
}

TEST_CASE("files that are open for writing are known as such") {
  const TemporaryDirectory directory;
  DirectoryEvents events;
  REQUIRE(events.attach(directory.path().string()));
  std::ofstream file(directory.path() / "a.json");
  events.drain();
  CHECK(events.isBeingWritten("a.json"));
  file << "{" << std::flush;
  events.drain();
  CHECK(events.isBeingWritten("a.json"));
  CHECK(events.stalled(std::chrono::hours(1)).empty());
  CHECK(events.stalled(std::chrono::seconds(0)) == std::vector<std::string>{"a.json"});
  CHECK(events.stalled(std::chrono::seconds(0)).empty());
  file.close();
  events.drain();
  CHECK_FALSE(events.isBeingWritten("a.json"));
}

TEST_CASE("a linked file is whole, though nobody closes it") {
  const TemporaryDirectory directory;
  holdfast::test::writeFile(directory.path() / "plan.tmp", "{}");
  DirectoryEvents events;
  REQUIRE(events.attach(directory.path().string()));
  std::filesystem::create_hard_link(directory.path() / "plan.tmp", directory.path() / "a.json");
  CHECK(holdfast::test::eventually([&] {
    events.drain();
    return !events.isBeingWritten("a.json");
  }));
}

TEST_CASE("the end of a directory is noticed") {
  const TemporaryDirectory directory;
  const std::filesystem::path inner = directory.path() / "inner";
  std::filesystem::create_directory(inner);
  DirectoryEvents events;
  REQUIRE(events.attach(inner.string()));
  SECTION("removed") {
    std::filesystem::remove(inner);
  }
  SECTION("renamed") {
    std::filesystem::rename(inner, directory.path() / "other");
  }
  events.wait(std::chrono::seconds(5));
  CHECK_FALSE(events.attached());
}
