#include "server/config.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include "server/config_options.h"
#include "server/default_paths.h"
#include "server/option_text.h"
#include "server/request_limits.h"
#include "server/tcp_limits.h"
#include "zone/publisher.h"

namespace holdfast {

namespace {

constexpr std::array<std::string_view, 4> kLimitGroups{"limits.", "history.", "good.", "image."};

bool hasIpv6Loopback() {
  const int socket = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(socket);
  return bound;
}

/// Below the program: ../lib/holdfast/enactors as installed, ../enactors as built.
std::string pluginDirectory() {
  std::error_code problem;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", problem).parent_path();
  const auto built = (program / "../enactors").lexically_normal();
  if (std::filesystem::is_directory(built, problem)) return built.string();
  return (program / "../lib/holdfast/enactors").lexically_normal().string();
}

/// "# " before each line of the help and the option's own line, indented.
template <class Owner>
void printOption(std::ostream& out, const Option<Owner>& option, Owner& owner, std::string_view name,
                 std::string_view indent) {
  out << indent << "# " << option.help << (option.lifetime == Lifetime::Start ? " Fixed at start." : "")
      << "\n"
      << indent << name << ": " << optionText(option.type, option.slot(owner)) << "\n";
}

/// Prints options in the order of the table, opening a mapping where the key's first half changes.
template <class Owner>
void printOptions(std::ostream& out, std::span<const Option<Owner>> options, Owner& owner,
                  const std::string& indent) {
  std::string_view open;
  for (const Option<Owner>& option : options) {
    const std::size_t dot = option.key.find('.');
    const std::string_view group = dot == std::string_view::npos ? "" : option.key.substr(0, dot);
    if (group != open && !group.empty()) out << indent << group << ":\n";
    open = group;
    printOption(out, option, owner, group.empty() ? option.key : option.key.substr(dot + 1),
                group.empty() ? indent : indent + "  ");
  }
}

}  // namespace

Config defaultConfig() {
  // Of the user that started the server, whoever it has become when the file is read again.
  static const DefaultPaths paths = defaultPaths();
  Config config;
  config.start.listen = {"127.0.0.1:5300"};
  if (hasIpv6Loopback()) config.start.listen.emplace_back("[::1]:5300");
  config.start.state = paths.state;
  config.start.control = paths.control;
  config.start.metrics = "127.0.0.1:9153";
  config.start.plugins = pluginDirectory();
  config.start.logFormat = "text";
  config.start.planRecords = PlanLimits{}.records;
  config.start.targetsPerEndpoint = PlanLimits{}.targets;
  config.start.pick = PlanLimits{}.pick;
  config.start.udpPayload = 1232;  // fits the 1280 octets every IPv6 path carries
  config.start.hugePages = "auto";
  config.start.user = "off";
  const ImageSettings images;
  config.start.imageNames = images.leastNames;
  config.start.imageChanges = images.changes;
  config.start.imagePause = images.pause;
  config.start.imageAfter = images.after;
  config.start.imageDiskReserve = images.diskReserve;
  config.start.nsid = config.start.version = config.start.name = "off";
  config.start.cookies = "on";
  config.start.cookieSecrets = "random";
  const TcpLimits tcp;
  config.start.tcpConnections = tcp.connections;
  config.start.tcpConnectionsPerClient = tcp.connectionsPerClient;
  config.start.tcpPipeline = tcp.pipeline;
  config.start.tcpIdle = tcp.idle;
  config.start.tcpMessage = tcp.message;
  config.start.tcpResponse = tcp.response;
  config.start.tcpLifetime = tcp.lifetime;
  config.live.logLevel = "info";
  config.live.planBytes = 512ull << 20;
  config.live.reasons = GuardPolicy{}.maxReasons;
  config.live.warnings = GuardPolicy{}.maxWarnings;
  config.start.submissionsRunning = kSubmissionLimits.running;
  config.start.submissionsRunningPerZone = kSubmissionLimits.runningPerZone;
  config.live.submissionsWaiting = kSubmissionLimits.waitingPerZone;
  config.live.submissionsWaitingTotal = kSubmissionLimits.waiting;
  config.start.readsRunning = kReadLimits.running;
  config.start.readsRunningPerZone = kReadLimits.runningPerZone;
  config.live.readsWaiting = kReadLimits.waitingPerZone;
  config.live.readsWaitingTotal = kReadLimits.waiting;
  config.live.controlConnections = 128;
  config.live.metricsConnections = 128;
  config.live.mostZones = 10'000;
  config.live.mostZonesRemoved = 10'000;
  const Keeping keeping;
  config.live.historyKeep = keeping.history.commits;
  config.live.historyFor = keeping.history.age;
  config.live.historyMax = keeping.history.most;
  config.live.historyRefusals = keeping.history.others;
  config.live.goodAfter = keeping.goodAfter;
  config.live.goodKeep = keeping.goodKept;
  config.live.requestTimeout = std::chrono::seconds(30);
  return config;
}

std::string printConfig(const Config& config) {
  Config copy = config;
  std::ostringstream out;
  printOptions(out, serverOptions(), copy, "");
  out << "# The zones that are served, by name.\n";
  if (copy.live.zones.empty()) {
    ZoneConfig sample;
    std::ostringstream lines;
    printOptions(lines, zoneOptions(), sample, "    ");
    out << "zones: {}\n# One zone with its defaults:\n#  example.net:\n";
    std::istringstream each(lines.str());
    for (std::string line; std::getline(each, line);) out << "#" << line.substr(1) << "\n";
    return out.str();
  }
  out << "zones:\n";
  for (auto& [name, zone] : copy.live.zones) {
    std::string key = name.text();
    for (std::size_t at = 0; (at = key.find_first_of("\\\"", at)) != std::string::npos; at += 2)
      key.insert(at, "\\");
    out << "  \"" << key << "\":\n";
    printOptions(out, zoneOptions(), zone, "    ");
  }
  return out.str();
}

std::vector<Error> checkEnactors(const Config& config) {
  std::vector<Error> errors;
  for (const auto& [name, zone] : config.live.zones)
    for (const EnactorSpec& spec : zone.enactors)
      if (Status known = EnactorHost::check(config.start.plugins, name, spec, config.live.enactors); !known)
        errors.push_back({known.error().kind, spec.where, known.error().text()});
  return errors;
}

std::vector<std::string> needRestart(const Config& running, const Config& wanted) {
  Config before = running, after = wanted;
  std::vector<std::string> keys;
  for (const Option<Config>& option : serverOptions())
    if (option.lifetime == Lifetime::Start &&
        optionText(option.type, option.slot(before)) != optionText(option.type, option.slot(after)))
      keys.emplace_back(option.key);
  return keys;
}

std::map<std::string, double> limitsOf(const Config& config) {
  Config copy = config;
  std::map<std::string, double> limits;
  for (const Option<Config>& option : serverOptions()) {
    const Slot slot = option.slot(copy);
    const std::string key(option.key);
    const auto isBelow = [&](std::string_view group) { return key.starts_with(group); };
    if (std::ranges::none_of(kLimitGroups, isBelow)) continue;
    if (const auto* number = std::get_if<std::uint64_t*>(&slot)) limits[key] = static_cast<double>(**number);
    if (const auto* duration = std::get_if<std::chrono::milliseconds*>(&slot))
      limits[key] = std::chrono::duration<double>(**duration).count();
  }
  return limits;
}

}  // namespace holdfast
