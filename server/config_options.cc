#include "server/config_options.h"

#include "server/edns.h"

namespace holdfast {

namespace {

constexpr std::uint64_t kDay = 86'400'000;
constexpr std::uint64_t kGiga = 1ull << 30;
constexpr auto kStart = Lifetime::Start;
constexpr auto kLive = Lifetime::Live;

constexpr Option<Config> kServerOptions[] = {
    {"listen", OptionType::Addresses, kStart, [](Config& c) { return Slot(&c.start.listen); },
     "Where queries are answered, over UDP and TCP. A list of ADDRESS:PORT, IPv6 in brackets."},
    {"threads", OptionType::Threads, kStart, [](Config& c) { return Slot(&c.start.threads); },
     "Threads that answer queries: auto is one per processor.", 1, 1024},
    {"state", OptionType::Path, kStart, [](Config& c) { return Slot(&c.start.state); },
     "Directory of the plan store. Made when missing; one server at a time uses it."},
    {"control", OptionType::Path, kStart, [](Config& c) { return Slot(&c.start.control); },
     "Unix socket of the control API, mode 0660."},
    {"metrics", OptionType::AddressOrOff, kStart, [](Config& c) { return Slot(&c.start.metrics); },
     "Where Prometheus scrapes /metrics, ADDRESS:PORT or off."},
    {"plugins", OptionType::Path, kStart, [](Config& c) { return Slot(&c.start.plugins); },
     "Directory of the Enactor plugins, holdfast_enactor_KIND.so."},
    {"identity.nsid", OptionType::Text, kStart, [](Config& c) { return Slot(&c.start.nsid); },
     "What clients that ask for the NSID get: off, hostname, or a text.", 1, kMaxNsidOctets, "off hostname"},
    {"identity.version", OptionType::Text, kStart, [](Config& c) { return Slot(&c.start.version); },
     "What version.bind. and version.server. of class CH tell: off, auto, or a text.", 1, kMaxNsidOctets,
     "off auto"},
    {"identity.name", OptionType::Text, kStart, [](Config& c) { return Slot(&c.start.name); },
     "What id.server. and hostname.bind. of class CH tell: off, hostname, or a text.", 1, kMaxNsidOctets,
     "off hostname"},
    {"cookies.mode", OptionType::Word, kStart, [](Config& c) { return Slot(&c.start.cookies); },
     "DNS cookies: on, off, or require to answer UDP only with data where the cookie is valid.", 0, 0,
     "on off require"},
    {"cookies.secret-file", OptionType::PathOrWord, kStart,
     [](Config& c) { return Slot(&c.start.cookieSecrets); },
     "File with the secret of a set of servers behind one address, or random for one server.", 0, 0,
     "random"},
    {"log.level", OptionType::Word, kLive, [](Config& c) { return Slot(&c.live.logLevel); },
     "The least that is logged: debug, info, warning or error.", 0, 0, "debug info warning error"},
    {"log.format", OptionType::Word, kStart, [](Config& c) { return Slot(&c.start.logFormat); },
     "text for people, json for one JSON object per line. Both go to standard error.", 0, 0, "text json"},
    {"history.keep", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.historyKeep); },
     "Commits of a zone that the history keeps. One goes only when it is older than history.for, too.", 1,
     1'000'000},
    {"history.for", OptionType::Duration, kLive, [](Config& c) { return Slot(&c.live.historyFor); },
     "How long a commit is kept at least, however many there are.", 0, 3650 * kDay},
    {"history.refusals", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.historyRefusals); },
     "Refusals and other lines without content that the history of a zone keeps.", 10, 10'000'000},
    {"good.after", OptionType::Duration, kLive, [](Config& c) { return Slot(&c.live.goodAfter); },
     "How long a generation must serve without interruption to become last-known-good.", 100, 30 * kDay},
    {"good.keep", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.goodKeep); },
     "Last-known-good generations that are kept, in the plan store and as files beside it.", 1, 100},
    {"guard.velocity", OptionType::ServerVelocity, kLive,
     [](Config& c) { return Slot(&c.live.serverVelocity); },
     "Rule velocity over all zones: what may be removed within a sliding window, off or a mapping.", 1000,
     7 * kDay},
    {"limits.plan-bytes", OptionType::Size, kLive, [](Config& c) { return Slot(&c.live.planBytes); },
     "The largest plan document. Above it the control API answers 413, and that of an Enactor is refused.",
     1024, 16 * kGiga},
    {"limits.plan-records", OptionType::Count, kStart, [](Config& c) { return Slot(&c.start.planRecords); },
     "The most records and targets one plan may hold.", 1, 1'000'000'000},
    {"limits.targets-per-endpoint", OptionType::Count, kStart,
     [](Config& c) { return Slot(&c.start.targetsPerEndpoint); },
     "The most targets of one endpoint and address family: what fits in one response.", 1, 4000},
    {"limits.pick", OptionType::Count, kStart, [](Config& c) { return Slot(&c.start.pick); },
     "The most targets that pick may ask for in one response.", 1, 64},
    {"limits.reasons", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.reasons); },
     "Findings a refusal lists; further ones are counted.", 1, 1'000'000},
    {"limits.warnings", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.warnings); },
     "Warnings about a plan that its outcome lists; further ones are counted.", 0, 1'000'000},
    {"limits.submissions-waiting", OptionType::Count, kLive,
     [](Config& c) { return Slot(&c.live.submissionsWaiting); },
     "Plans of one zone that may wait for their turn at the control API. Above it: 503.", 1, 10'000},
    {"limits.submissions-waiting-total", OptionType::Count, kLive,
     [](Config& c) { return Slot(&c.live.submissionsWaitingTotal); },
     "Plans of all zones together that may wait there. Above it: 503.", 1, 1'000'000},
    {"limits.submissions-running", OptionType::Count, kStart,
     [](Config& c) { return Slot(&c.start.submissionsRunning); },
     "Plans that the control API compiles and judges at once. Zones take turns.", 1, 256},
    {"limits.submissions-running-per-zone", OptionType::Count, kStart,
     [](Config& c) { return Slot(&c.start.submissionsRunningPerZone); },
     "Of those, how many may be of one zone, so that it never keeps the others waiting.", 1, 256},
    {"limits.control-connections", OptionType::Count, kLive,
     [](Config& c) { return Slot(&c.live.controlConnections); },
     "Connections to the control API open at once. Above it a new one gets 503.", 1, 100'000},
    {"limits.request-timeout", OptionType::Duration, kLive,
     [](Config& c) { return Slot(&c.live.requestTimeout); },
     "How long a connection of the control API or of metrics may stand still.", 1000, kDay},
    {"limits.enactor-call", OptionType::Duration, kLive,
     [](Config& c) { return Slot(&c.live.enactors.call); },
     "How long an Enactor may take to start or to stop. One over it is told of as hung, and not waited for.",
     10, 3'600'000},
    {"limits.enactor-concurrent", OptionType::Count, kLive,
     [](Config& c) { return Slot(&c.live.enactors.concurrent); },
     "Plans of one Enactor that are judged at once; further ones wait in the Enactor.", 1, 64},
    {"limits.enactor-rate", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.enactors.rate); },
     "Plans that one Enactor may submit in a second, in the long run; further ones wait in the Enactor.", 1,
     100'000},
    {"limits.enactor-burst", OptionType::Count, kLive, [](Config& c) { return Slot(&c.live.enactors.burst); },
     "Plans that one Enactor may submit at once after a rest.", 1, 100'000},
    {"limits.enactor-wait", OptionType::Duration, kLive,
     [](Config& c) { return Slot(&c.live.enactors.wait); },
     "How long a plan may wait in its Enactor for its turn. Over it the submission fails.", 1, 3'600'000},
    {"limits.enactor-log-lines", OptionType::Count, kLive,
     [](Config& c) { return Slot(&c.live.enactors.logLines); },
     "Lines that one Enactor may log in a second; ten times as many after a rest. More are dropped and "
     "counted.",
     1, 100'000},
    {"limits.enactor-text", OptionType::Size, kLive,
     [](Config& c) { return Slot(&c.live.enactors.textOctets); },
     "The longest text of an Enactor: a log line, its health, the name of a source. More is cut off.", 64,
     65'536},
    {"limits.udp-payload", OptionType::Size, kStart, [](Config& c) { return Slot(&c.start.udpPayload); },
     "The largest UDP response, whatever the client offers. More goes to TCP.", 512, 4096},
    {"limits.tcp-connections", OptionType::Count, kStart,
     [](Config& c) { return Slot(&c.start.tcpConnections); },
     "TCP connections open at once. Over it the longest idle one makes room.", 1, 1'000'000},
    {"limits.tcp-connections-per-client", OptionType::Count, kStart,
     [](Config& c) { return Slot(&c.start.tcpConnectionsPerClient); },
     "Of those, how many one IPv4 address or one IPv6 /64 may have. Over it a new one is reset.", 1,
     1'000'000},
    {"limits.tcp-idle", OptionType::Duration, kStart, [](Config& c) { return Slot(&c.start.tcpIdle); },
     "How long an idle TCP connection is kept; down to a tenth of it while places run low.", 1000, kDay},
    {"limits.tcp-message", OptionType::Duration, kStart, [](Config& c) { return Slot(&c.start.tcpMessage); },
     "How long one message may take to arrive by TCP, from its first octet to its last.", 100, kDay},
    {"limits.tcp-response", OptionType::Duration, kStart,
     [](Config& c) { return Slot(&c.start.tcpResponse); },
     "How long a TCP client may take to take the responses that wait for it.", 100, kDay},
    {"limits.tcp-lifetime", OptionType::Duration, kStart,
     [](Config& c) { return Slot(&c.start.tcpLifetime); },
     "How long a TCP connection may last, however busy it is.", 1000, kDay},
};

constexpr Option<ZoneConfig> kZoneOptions[] = {
    {"guard.min-targets", OptionType::Count, kLive, [](ZoneConfig& z) { return Slot(&z.guard.minTargets); },
     "Rule floor: the fewest targets an endpoint may be left with.", 1, 4000},
    {"guard.min-capacity", OptionType::Percent, kLive,
     [](ZoneConfig& z) { return Slot(&z.guard.minCapacityPercent); },
     "Rule floor: the share of its capacity that one plan must leave an endpoint.", 0, 100},
    {"guard.ttl", OptionType::TtlRange, kLive,
     [](ZoneConfig& z) {
       return Slot(TtlBounds{&z.guard.ttlMin, &z.guard.ttlMax});
     },
     "Rule ttl: the least and the greatest TTL of an endpoint, in seconds.", 0, 2'147'483'647},
    {"guard.timeout", OptionType::Duration, kLive, [](ZoneConfig& z) { return Slot(&z.guard.timeout); },
     "Rule timeout: how long judging one plan may take.", 1, 3'600'000},
    {"guard.velocity", OptionType::Velocity, kLive, [](ZoneConfig& z) { return Slot(&z.guard.velocity); },
     "Rule velocity: what may be removed within a sliding window, off or a mapping; a share may be off, too.",
     1000, 7 * kDay},
    {"guard.endpoints", OptionType::Floors, kLive, [](ZoneConfig& z) { return Slot(&z.guard.endpoints); },
     "Rule floor of single endpoints: {NAME: {min-targets: N, min-capacity: 50%}}. A wildcard is itself "
     "only.",
     1, 4000},
    {"guard.quarantine", OptionType::Quarantine, kLive,
     [](ZoneConfig& z) { return Slot(&z.guard.quarantine); },
     "Refused endpoints that may stay as they were while the rest is published: off, a number or a share.", 1,
     1'000'000},
    {"enactors", OptionType::Enactors, kLive, [](ZoneConfig& z) { return Slot(&z.enactors); },
     "The Enactors that bring plans, each {KIND: ARGUMENT}, further keys are its options."},
};

constexpr VelocityKey kVelocityKeys[] = {
    {"endpoint", &VelocityPolicy::endpointPercent, true, false},
    {"targets", &VelocityPolicy::targetsPercent, true, true},
    {"weight", &VelocityPolicy::weightPercent, true, true},
    {"endpoints", &VelocityPolicy::endpointsPercent, true, true},
    {"per", nullptr, false, true},
    {"allow-targets", &VelocityPolicy::allowTargets, false, true},
    {"allow-endpoints", &VelocityPolicy::allowEndpoints, false, true},
};

}  // namespace

std::span<const VelocityKey> velocityKeys() {
  return kVelocityKeys;
}
std::span<const Option<Config>> serverOptions() {
  return kServerOptions;
}
std::span<const Option<ZoneConfig>> zoneOptions() {
  return kZoneOptions;
}

}  // namespace holdfast
