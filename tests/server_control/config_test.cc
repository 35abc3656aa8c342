#include "server/config.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "server/default_paths.h"
#include "server/option_text.h"
#include "tests/server_control/server_fixture.h"

namespace holdfast {

namespace {

std::string errorsOf(const std::string& yaml) {
  std::string all;
  for (const Error& error : parseConfig(yaml, "f.yaml").errors) all += error.text() + "\n";
  return all;
}

Config valid(const std::string& yaml) {
  LoadedConfig loaded = parseConfig(yaml, "f.yaml");
  for (const Error& error : loaded.errors) FAIL(error.text());
  return loaded.config;
}

}  // namespace

TEST_CASE("an empty mapping is the defaults") {
  CHECK(valid("{}") == defaultConfig());
  CHECK(defaultConfig().start.listen.front() == "127.0.0.1:5300");
  CHECK(defaultConfig().live.planBytes == 512ull << 20);
}

TEST_CASE("what is printed reads back as the same configuration") {
  CHECK(valid(printConfig(defaultConfig())) == defaultConfig());
  const Config config = valid(R"(
listen: 127.0.0.1:53
threads: 3
state: "/tmp/a \"b\"\\c"
metrics: off
log: {level: debug, format: json}
identity: {nsid: 'a "b"', version: auto, name: hostname}
cookies: {mode: require, secret-file: /etc/secrets}
limits: {plan-bytes: 64M, tcp-idle: 1500ms, tcp-connections-per-client: 7, tcp-pipeline: 3K, tcp-message: 900ms,
         tcp-response: 3s, tcp-lifetime: 2m, enactor-call: 700ms, enactor-concurrent: 3, enactor-rate: 4,
         enactor-burst: 5, enactor-wait: 6s, enactor-log-lines: 7, enactor-text: 2K}
history: {max: 5000}
zones:
  us-east-1.example.net:
    guard: {min-targets: 2, min-capacity: 75%, ttl: [1, 3600], timeout: 2m}
    enactors: [{watch: "/etc/x", every: 5s}, {watch: /etc/y}]
  ".":
)");
  CHECK(valid(printConfig(config)) == config);
  const ZoneConfig& zone = config.live.zones.at(*Name::absolute("us-east-1.example.net"));
  CHECK(zone.guard.minTargets == 2);
  CHECK(zone.guard.minCapacityPercent == 75);
  CHECK(zone.guard.ttlMax == 3600);
  CHECK(zone.guard.timeout == std::chrono::minutes(2));
  REQUIRE(zone.enactors.size() == 2);
  CHECK(zone.enactors[0].kind == "watch");
  CHECK(zone.enactors[0].argument == "/etc/x");
  CHECK(zone.enactors[0].options.at("every") == "5s");
  CHECK(zone.enactors[0].where == "f.yaml:16:16: zones.us-east-1.example.net.enactors[0]");
  CHECK(zone.enactors[1].where == "f.yaml:16:46: zones.us-east-1.example.net.enactors[1]");
  const EnactorLimits limits{std::chrono::milliseconds(700), 3, 4,    5,
                             std::chrono::seconds(6),        7, 2048, 64ull << 20};
  CHECK(config.live.enactors == limits);
  CHECK(config.live.zones.contains(Name()));
  CHECK(config.start.tcpIdle == std::chrono::milliseconds(1500));
  CHECK(config.start.tcpConnectionsPerClient == 7);
  CHECK(config.start.tcpPipeline == 3072);
  CHECK(config.live.historyMax == 5000);
  CHECK(config.start.tcpMessage == std::chrono::milliseconds(900));
  CHECK(config.start.tcpResponse == std::chrono::seconds(3));
  CHECK(config.start.tcpLifetime == std::chrono::minutes(2));
}

TEST_CASE("a mistake is told with its place, its key and its rule") {
  const auto [yaml, error] = GENERATE(table<std::string, std::string>({
      {"lisen: [127.0.0.1:53]", "f.yaml:1:1: lisen: unknown key (did you mean \"listen\"?)"},
      {"log:\n  levle: info", "f.yaml:2:3: log.levle: unknown key (did you mean \"level\"?)"},
      {"log: {level: loud}",
       "f.yaml:1:14: log.level: must be one of: debug info warning error, not \"loud\""},
      {"threads: 0", "f.yaml:1:10: threads: must be auto or a number from 1 to 1024, not \"0\""},
      {"threads: two", "f.yaml:1:10: threads: must be auto or a number from 1 to 1024, not \"two\""},
      {"threads: [2]", "f.yaml:1:10: threads: must be a single value"},
      {"threads: 2\nstate: /a\nthreads: 3", "f.yaml:3:1: threads: is given twice, first on line 1"},
      {"log: {}\nstate:", "f.yaml:2:1: state: has no value"},
      {"state: here", "f.yaml:1:8: state: must be an absolute path, not \"here\""},
      {"metrics: on", "f.yaml:1:10: metrics: must be ADDRESS:PORT or off, not \"on\""},
      {"listen: []", "f.yaml:1:9: listen: must be ADDRESS:PORT or a list of them"},
      {"listen: [localhost:53]",
       "f.yaml:1:10: listen: must be ADDRESS:PORT, an IPv6 address in brackets: 127.0.0.1:53 or [::1]:53, "
       "not \"localhost:53\""},
      {"listen: [127.0.0.1:53, 127.0.0.1:53]", "f.yaml:1:24: listen: 127.0.0.1:53 is given twice"},
      {"limits: {plan-bytes: 64X}",
       "f.yaml:1:22: limits.plan-bytes: must be a size such as 65536, 64K, 64M or 1G from 1K to 16G, not "
       "\"64X\""},
      {"limits: {tcp-idle: 10}",
       "f.yaml:1:20: limits.tcp-idle: must be a duration such as 500ms, 10s or 10m from 1s to 1d, not "
       "\"10\""},
      {"identity: {nsid: \"\"}",
       "f.yaml:1:18: identity.nsid: must be printable ASCII of 1 to 128 characters, not \"\""},
      {"identity: {nsid: " + std::string(129, 'x') + "}",
       "f.yaml:1:18: identity.nsid: must be printable ASCII of 1 to 128 characters, not "},
      {"identity: {name: \"a\\tb\"}",
       "f.yaml:1:18: identity.name: must be printable ASCII of 1 to 128 characters, not "},
      {"identity: {hostname: x}", "f.yaml:1:12: identity.hostname: unknown key"},
      {"cookies: on", "f.yaml:1:10: cookies: must be a mapping of keys to values"},
      {"cookies: {mode: true}", "f.yaml:1:17: cookies.mode: must be one of: on off require, not \"true\""},
      {"cookies: {secret-file: secrets}",
       "f.yaml:1:24: cookies.secret-file: must be an absolute path or random, not \"secrets\""},
      {"cookies: {secret: x}", "f.yaml:1:11: cookies.secret: unknown key"},
      {"log: {}\nlimits:", "f.yaml:2:1: limits: is empty: write {} or leave the key out"},
      {"history: {keep: 200000}",
       "f.yaml:1:10: history.keep: is 200000, and must be history.max at most, which is 100000"},
      {"zones: [a]", "f.yaml:1:8: zones: must be a mapping of keys to values"},
      {"zones: {a..b: {}}", "f.yaml:1:9: zones.a..b: "},
      {"zones: {a.example: {}, A.example.: {}}",
       "f.yaml:1:24: zones.A.example.: the zone a.example. is given twice"},
      {"zones: {a: {gaurd: {}}}", "f.yaml:1:13: zones.a.gaurd: unknown key (did you mean \"guard\"?)"},
      {"zones: {a: {guard: {min-targts: 1}}}",
       "f.yaml:1:21: zones.a.guard.min-targts: unknown key (did you mean \"min-targets\"?)"},
      {"zones: {a: {guard: {min-capacity: 50}}}",
       "f.yaml:1:35: zones.a.guard.min-capacity: must be a percentage such as 50% from 0% to 100%, not "
       "\"50\""},
      {"zones: {a: {guard: {velocity: {targts: 20%}}}}",
       "f.yaml:1:32: zones.a.guard.velocity.targts: unknown key (did you mean \"targets\"?)"},
      {"zones: {a: {guard: {velocity: {targets: 20}}}}",
       "f.yaml:1:41: zones.a.guard.velocity.targets: must be a percentage such as 50% from 0% to 100%, or "
       "off, "
       "not \"20\""},
      {"zones: {a: {guard: {velocity: {per: 8d}}}}",
       "f.yaml:1:37: zones.a.guard.velocity.per: must be a duration such as 500ms, 10s or 10m from 1s to 7d, "
       "not "
       "\"8d\""},
      {"zones: {a: {guard: {velocity: on}}}",
       "f.yaml:1:31: zones.a.guard.velocity: must be off or a mapping, such as {targets: 20%, per: 10m}"},
      {"guard: {velocity: {endpoint: 50%}}",
       "f.yaml:1:20: guard.velocity.endpoint: unknown key (did you mean \"endpoints\"?)"},
      {"zones: {a: {guard: {endpoints: {web.b.: {min-targets: 2}}}}}",
       "f.yaml:1:33: zones.a.guard.endpoints.web.b.: web.b. is not in the zone a."},
      {"zones: {a: {guard: {endpoints: {web: {min-targets: 2}, WEB.a.: {min-targets: 2}}}}}",
       "f.yaml:1:56: zones.a.guard.endpoints.WEB.a.: the endpoint web.a. is given twice"},
      {"zones: {a: {guard: {endpoints: {web: {min-targets: 0}}}}}",
       "f.yaml:1:52: zones.a.guard.endpoints.web.min-targets: must be a number from 1 to 4000, not \"0\""},
      {"zones: {a: {guard: {endpoints: {web: 2}}}}",
       "f.yaml:1:38: zones.a.guard.endpoints.web: must be a mapping of keys to values"},
      {"zones: {a: {guard: {quarantine: some}}}",
       "f.yaml:1:33: zones.a.guard.quarantine: must be a number from 1 to 1000000, or off, not \"some\""},
      {"zones: {a: {guard: {quarantine: 0%}}}",
       "f.yaml:1:33: zones.a.guard.quarantine: must be a percentage such as 50% from 1% to 100%, or off, not "
       "\"0%\""},
      {"zones: {a: {guard: {ttl: [5, 1]}}}",
       "f.yaml:1:26: zones.a.guard.ttl: must be [min, max] in seconds, min not above max, at most "
       "2147483647"},
      {"zones: {a: {enactors: /x}}",
       "f.yaml:1:23: zones.a.enactors: must be a list, such as [{watch: /a/directory}]"},
      {"zones: {a: {enactors: [{../evil: x}]}}",
       "f.yaml:1:24: zones.a.enactors[0]: must name a kind of Enactor by letters, digits and -, such as "
       "watch"},
      {"zones: {a: {enactors: [{watch: [x]}]}}",
       "f.yaml:1:32: zones.a.enactors[0].watch: must be a single value"},
      {"", "f.yaml: is empty: a configuration of defaults only is written {}"},
      {"# nothing\n", "f.yaml: is empty: a configuration of defaults only is written {}"},
      {"a: 1\n--- \nb: 2", "f.yaml:3:1: must be one YAML document"},
      {"just text", "f.yaml:1:1: must be a mapping of keys to values"},
      {"a: [1", "f.yaml:1:1: not YAML: end of sequence flow not found"},
  }));
  CAPTURE(yaml);
  CHECK_THAT(errorsOf(yaml), Catch::StartsWith(error));
}

TEST_CASE("all mistakes of a file are told at once") {
  const LoadedConfig loaded = parseConfig("threads: x\nmetrics: y\nzones: {a: {foo: 1}}\n", "f.yaml");
  CHECK(loaded.errors.size() == 3);
}

TEST_CASE("a file that cannot be read is not an empty one (I4)") {
  const TemporaryDirectory directory;
  for (const std::string& path : {directory.path() + "/missing", directory.path()}) {
    const LoadedConfig loaded = loadConfig(path);
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors[0].kind == ErrorKind::Unreadable);
    CHECK_THAT(loaded.errors[0].text(), Catch::StartsWith(path + ": cannot be read: "));
  }
  std::ofstream(directory.path() + "/file") << "threads: 2\n";
  CHECK(loadConfig(directory.path() + "/file").config.start.threads == 2);
}

TEST_CASE("velocity, floors of endpoints and quarantine are read, and printed as they are read") {
  const Config config = valid(R"(
guard: {velocity: {targets: 5%, allow-endpoints: 0}}
zones:
  a.example:
    guard:
      velocity: {endpoint: off, targets: 10%, per: 1h}
      endpoints: {web: {min-targets: 3, min-capacity: 80%}, "*.wild": {min-targets: 2}, "@": {min-capacity: 0%}}
      quarantine: 5
  b.example: {guard: {velocity: off, quarantine: 2%}}
)");
  CHECK(config.live.serverVelocity.targetsPercent == 5);
  CHECK(config.live.serverVelocity.allowEndpoints == 0);
  CHECK(config.live.serverVelocity.allowTargets == 30);
  const GuardPolicy& a = config.live.zones.at(*Name::absolute("a.example")).guard;
  CHECK(a.velocity.endpointPercent == 100);
  CHECK(a.velocity.targetsPercent == 10);
  CHECK(a.velocity.weightPercent == 20);
  CHECK(a.velocity.per == std::chrono::hours(1));
  REQUIRE(a.endpoints.find(*Name::absolute("web.a.example")) != nullptr);
  CHECK(*a.endpoints.find(*Name::absolute("web.a.example")) == EndpointFloor{3, 80});
  CHECK(*a.endpoints.find(*Name::absolute("*.wild.a.example")) == EndpointFloor{2, std::nullopt});
  CHECK(*a.endpoints.find(*Name::absolute("a.example")) == EndpointFloor{std::nullopt, 0});
  CHECK(a.endpoints.find(*Name::absolute("x.wild.a.example")) == nullptr);
  CHECK(a.quarantine == Quarantine{5, 0});
  const GuardPolicy& b = config.live.zones.at(*Name::absolute("b.example")).guard;
  CHECK(b.velocity.endpointPercent == 100);
  CHECK(b.velocity.endpointsPercent == 100);
  CHECK(b.quarantine == Quarantine{0, 2});
  const LoadedConfig again = parseConfig(printConfig(config), "printed");
  REQUIRE(again.errors.empty());
  CHECK(again.config == config);
}

TEST_CASE("an empty file is told as an empty document is, not as one that cannot be read") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::ofstream(path).close();
  const LoadedConfig loaded = loadConfig(path);
  REQUIRE(loaded.errors.size() == 1);
  CHECK(loaded.errors[0].text() == path + ": is empty: a configuration of defaults only is written {}");
}

TEST_CASE("numbers with units") {
  CHECK(readDuration("500ms") == std::chrono::milliseconds(500));
  CHECK(readDuration("10m") == std::chrono::minutes(10));
  CHECK(readDuration("7d") == std::chrono::hours(7 * 24));
  CHECK(readSize("64M") == 64u << 20);
  CHECK(readSize("1G") == 1u << 30);
  CHECK(readSize("12") == 12u);
  CHECK(readPercent("50%") == 50u);
  for (const char* bad :
       {"", "10", "s", "-1s", "1.5s", "10 s", "10S", "99999999999999999999s", "9223372036854775807d", "1ss"})
    CHECK_FALSE(readDuration(bad));
  for (const char* bad : {"", "M", "64m", "64MB", "+1", "0x10", "18446744073709551615G"})
    CHECK_FALSE(readSize(bad));
  CHECK(sizeText(1536) == "1536");
  CHECK(sizeText(2048) == "2K");
  CHECK(durationText(std::chrono::milliseconds(90'000)) == "90s");
}

TEST_CASE("a reload tells which changed keys wait for a restart") {
  const Config running = valid("threads: 2\nlog: {level: info}");
  CHECK(needRestart(running, valid("threads: 2\nlog: {level: debug}\nzones: {a: {}}")).empty());
  CHECK(needRestart(running, valid("threads: 3\nlimits: {udp-payload: 1400}")) ==
        std::vector<std::string>{"threads", "limits.udp-payload"});
}

TEST_CASE("default paths follow the user") {
  PathEnvironment environment{true, "/root", "/x", "/run/user/0"};
  CHECK(defaultPaths(environment).state == "/var/lib/holdfast");
  CHECK(defaultPaths(environment).control == "/run/holdfast/control.sock");
  environment = {false, "/home/u", "", "/run/user/1000"};
  CHECK(defaultPaths(environment).state == "/home/u/.local/state/holdfast");
  CHECK(defaultPaths(environment).control == "/run/user/1000/holdfast/control.sock");
  environment = {false, "/home/u", "/data", "relative"};
  CHECK(defaultPaths(environment).state == "/data/holdfast");
  CHECK(defaultPaths(environment).control == "/data/holdfast/control.sock");
}

}  // namespace holdfast
