#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/host.h"
#include "zone/guard.h"
#include "zone/result.h"

namespace holdfast {

/// What is fixed from start to exit. A changed value takes a restart.
struct StartConfig {
  std::vector<std::string> listen;  ///< "127.0.0.1:5300", "[::1]:5300"; UDP and TCP
  std::uint64_t threads = 0;        ///< 0: one per processor
  std::string state;
  std::string control;
  std::string metrics;  ///< address and port, or "off"
  std::string plugins;
  std::string logFormat;  ///< "text" or "json"
  std::string hugePages;  ///< "auto" or "off"
  std::string user;       ///< a name, or "off"
  std::uint64_t planRecords = 0;
  std::uint64_t targetsPerEndpoint = 0;
  std::uint64_t pick = 0;
  std::uint64_t imageNames = 0;    ///< the fewest of a zone that gets an image; 0: none does
  std::uint64_t imageChanges = 0;  ///< names
  std::chrono::milliseconds imagePause{};
  std::chrono::milliseconds imageAfter{};
  std::uint64_t imageDiskReserve = 0;    ///< octets
  std::uint64_t udpPayload = 0;          ///< octets
  std::uint64_t submissionsRunning = 0;  ///< of the whole server
  std::uint64_t submissionsRunningPerZone = 0;
  std::uint64_t readsRunning = 0;
  std::uint64_t readsRunningPerZone = 0;
  std::uint64_t tcpConnections = 0;  ///< of the whole server
  std::uint64_t tcpConnectionsPerClient = 0;
  std::uint64_t tcpPipeline = 0;  ///< octets
  std::chrono::milliseconds tcpIdle{};
  std::chrono::milliseconds tcpMessage{};
  std::chrono::milliseconds tcpResponse{};
  std::chrono::milliseconds tcpLifetime{};
  std::string nsid;           ///< "off", "hostname" or a text
  std::string version;        ///< "off", "auto" or a text
  std::string name;           ///< "off", "hostname" or a text
  std::string cookies;        ///< "on", "off" or "require"
  std::string cookieSecrets;  ///< a file, or "random"
  friend bool operator==(const StartConfig&, const StartConfig&) = default;
};

/// One zone of the configuration.
struct ZoneConfig {
  GuardPolicy guard;
  std::vector<EnactorSpec> enactors;
  friend bool operator==(const ZoneConfig&, const ZoneConfig&) = default;
};

/// What SIGHUP may change.
struct LiveConfig {
  std::string logLevel;
  std::uint64_t planBytes = 0;
  std::uint64_t reasons = 0;
  std::uint64_t warnings = 0;
  std::uint64_t submissionsWaiting = 0;       ///< of one zone
  std::uint64_t submissionsWaitingTotal = 0;  ///< of all zones together
  std::uint64_t readsWaiting = 0;             ///< of one zone
  std::uint64_t readsWaitingTotal = 0;        ///< in all
  std::uint64_t controlConnections = 0;
  std::uint64_t metricsConnections = 0;
  std::uint64_t mostZones = 0;         ///< that the control API adds to
  std::uint64_t mostZonesRemoved = 0;  ///< remembered, beyond which it adds none that is new
  std::chrono::milliseconds requestTimeout{};
  EnactorLimits enactors;  ///< its planBytes is that of above
  std::uint64_t historyKeep = 0;
  std::chrono::milliseconds historyFor{};
  std::uint64_t historyMax = 0;
  std::uint64_t historyRefusals = 0;
  std::chrono::milliseconds goodAfter{};
  std::uint64_t goodKeep = 0;
  VelocityPolicy serverVelocity = defaultServerVelocity();
  std::map<Name, ZoneConfig> zones;
  friend bool operator==(const LiveConfig&, const LiveConfig&) = default;
};

struct Config {
  StartConfig start;
  LiveConfig live;
  friend bool operator==(const Config&, const Config&) = default;
};

/// A configuration, usable only where `errors` is empty. Each error carries "file:line:column" and names the
/// key path and the rule it breaks; all errors of the file are listed.
struct LoadedConfig {
  Config config;
  std::vector<Error> errors;
};

/// What holds when the file says nothing. Depends on the user and the machine (server/default_paths.h).
Config defaultConfig();

/// What is wrong with the Enactors of a configuration: kinds whose plugin cannot be used, arguments and
/// options that it does not take. Runs code of the plugins, which are not to touch their sources. Each error
/// names its place in the file.
std::vector<Error> checkEnactors(const Config& config);

/// Reads YAML. `file` is what errors call it.
LoadedConfig parseConfig(std::string_view yaml, const std::string& file);
/// Reads a file. A file that cannot be read, or is empty, is an error and never "all defaults".
LoadedConfig loadConfig(const std::string& file);

/// Every option with its help and its value in `config`, as YAML that parseConfig reads back.
std::string printConfig(const Config& config);

/// The keys whose value differs between the two and that only a restart can change.
std::vector<std::string> needRestart(const Config& running, const Config& wanted);

/// The options below `limits`, `history`, `good` and `image`, by key, for metrics. Sizes are in octets,
/// durations in seconds.
std::map<std::string, double> limitsOf(const Config& config);

}  // namespace holdfast
