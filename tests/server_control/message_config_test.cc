#include "server/message_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "server/cookie_secrets.h"
#include "server/edns.h"
#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

constexpr const char* kOne = "00112233445566778899aabbccddeeff";
constexpr const char* kTwo = "FFEEDDCCBBAA99887766554433221100";

StartConfig configOf(const std::string& yaml) {
  LoadedConfig loaded = parseConfig(yaml, "f.yaml");
  for (const Error& error : loaded.errors) FAIL(error.text());
  return loaded.config.start;
}

MessageSettings settingsOf(const std::string& yaml) {
  const auto settings = messageSettings(configOf(yaml));
  if (!settings) FAIL(settings.error().text());
  return *settings;
}

std::string hostName() {
  std::array<char, 256> name{};
  REQUIRE(gethostname(name.data(), name.size() - 1) == 0);
  return name.data();
}

}  // namespace

TEST_CASE("by default cookies are on, with a random secret, and nothing tells who the server is") {
  const MessageSettings settings = settingsOf("{}");
  CHECK(settings.cookies == CookieMode::On);
  CHECK(settings.nsid.empty());
  CHECK(settings.version.empty());
  CHECK(settings.name.empty());
  CHECK(settings.secrets.current != SipHashKey{});
  CHECK(settings.secrets.current != settingsOf("{}").secrets.current);
  CHECK_FALSE(settings.secrets.other);
}

TEST_CASE("identity tells a text, the host's name or the version") {
  const MessageSettings texts = settingsOf("identity: {nsid: ns7.example, version: none of it, name: a b}");
  CHECK(texts.nsid == "ns7.example");
  CHECK(texts.version == "none of it");
  CHECK(texts.name == "a b");
  const MessageSettings words = settingsOf("identity: {nsid: hostname, version: auto, name: hostname}");
  CHECK(words.nsid == hostName().substr(0, kMaxNsidOctets));
  CHECK(words.name == words.nsid);
  CHECK(words.version == "Holdfast " HOLDFAST_VERSION);
  CHECK(settingsOf("cookies: {mode: off}").cookies == CookieMode::Off);
  CHECK(settingsOf("cookies: {mode: require}").cookies == CookieMode::Require);
}

TEST_CASE("secrets come from a file that holds one, and perhaps one to take besides") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/secrets";
  std::ofstream(path) << "# rolled on Monday\n" << kOne << "\r\n\n" << kTwo << " \n";
  const CookieSecrets secrets = settingsOf("cookies: {secret-file: " + path + "}").secrets;
  CHECK(secrets.current[1] == 0x11);
  CHECK(secrets.current[15] == 0xff);
  REQUIRE(secrets.other);
  CHECK(secrets.other->at(0) == 0xff);
  std::ofstream(path) << kTwo;
  CHECK_FALSE(settingsOf("cookies: {secret-file: " + path + "}").secrets.other);
  // Where cookies are off the file is not read.
  CHECK(settingsOf("cookies: {mode: off, secret-file: /nowhere}").cookies == CookieMode::Off);
}

TEST_CASE("a mistake in the file of secrets is told with its line and never with its content") {
  const auto [text, error] = GENERATE(table<std::string, std::string>({
      {"", "f: holds no cookie secret of 32 hexadecimal digits"},
      {"# only this\n", "f: holds no cookie secret of 32 hexadecimal digits"},
      {"0011", "f:1: a cookie secret must be 32 hexadecimal digits"},
      {"\n00112233445566778899aabbccddeefg", "f:2: a cookie secret must be 32 hexadecimal digits"},
      {"00112233445566778899aabbccddeeff0", "f:1: a cookie secret must be 32 hexadecimal digits"},
      {"0x112233445566778899aabbccddeeff", "f:1: a cookie secret must be 32 hexadecimal digits"},
      {" 00112233445566778899aabbccddeef", "f:1: a cookie secret must be 32 hexadecimal digits"},
      {"-1112233445566778899aabbccddeeff", "f:1: a cookie secret must be 32 hexadecimal digits"},
      {std::string(kOne) + "\n" + kOne, "f:2: the two cookie secrets are the same"},
      {std::string(kOne) + "\n" + kTwo + "\n" + kOne,
       "f:3: there may be two cookie secrets: one to make cookies with, one to take besides"},
  }));
  CAPTURE(text);
  const auto secrets = parseCookieSecrets(text, "f");
  REQUIRE_FALSE(secrets);
  CHECK(secrets.error().text() == error);
}

TEST_CASE("a file of secrets that cannot be read is not an empty one") {
  const TemporaryDirectory directory;
  for (const std::string& path : {directory.path() + "/missing", directory.path()}) {
    const auto settings = messageSettings(configOf("cookies: {secret-file: " + path + "}"));
    REQUIRE_FALSE(settings);
    CHECK(settings.error().kind == ErrorKind::Unreadable);
    CHECK_THAT(settings.error().text(), Catch::StartsWith(path + ": the cookie secrets cannot be read: "));
  }
}

TEST_CASE("an empty file of secrets was read, and holds none") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/secrets";
  std::ofstream(path).close();
  const auto settings = messageSettings(configOf("cookies: {secret-file: " + path + "}"));
  REQUIRE_FALSE(settings);
  CHECK(settings.error().text() == path + ": holds no cookie secret of 32 hexadecimal digits");
}

TEST_CASE("who may read the file of secrets is seen from its permissions") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/secrets";
  CHECK_FALSE(isReadByOthers(path));
  std::ofstream(path) << kOne;
  for (const auto& [mode, isRead] : std::vector<std::pair<mode_t, bool>>{
           {0600, false}, {0400, false}, {0640, true}, {0604, true}, {0644, true}}) {
    CAPTURE(mode);
    REQUIRE(chmod(path.c_str(), mode) == 0);
    CHECK(isReadByOthers(path) == isRead);
  }
}

}  // namespace holdfast
