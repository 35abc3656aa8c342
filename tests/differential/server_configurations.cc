// The configuration of each server: loopback only, everything in one directory, nothing limited.
#include <fmt/format.h>
#include <algorithm>

#include "tests/differential/server.h"

namespace holdfast::differential {

namespace {

using Command = std::vector<std::string>;

Result<Command> written(const std::string& path, const std::string& content, Command command) {
  if (Status done = writeFile(path, content); !done) return done.error();
  return command;
}

/// As configurations write it: without the final dot, but for the root.
std::string plain(const Name& apex) {
  std::string text = apex.text();
  if (text.size() > 1) text.pop_back();
  return text;
}

std::string controlSocket(const Launch& launch) {
  return launch.directory + "/control";
}

}  // namespace

Result<Command> configureHoldfast(const Launch& launch, const Programs& programs) {
  std::string config = fmt::format(
      "listen: [\"127.0.0.1:{}\"]\nthreads: 1\nstate: {}/state\ncontrol: {}\nmetrics: off\n"
      "limits: {{udp-payload: 4096}}\nzones:\n",
      launch.port, launch.directory, controlSocket(launch));
  for (const ZoneFile& zone : launch.zones)
    config += fmt::format("  \"{}\": {{guard: {{ttl: [0, 2147483647]}}}}\n", zone.apex.text());
  const std::string path = launch.directory + "/holdfast.yaml";
  return written(path, config, {programs.holdfastd, "--config", path});
}

Status pushZones(const Launch& launch, const Programs& programs) {
  const auto push = [&](const ZoneFile& zone) {
    return run({programs.zonectl, "--control", controlSocket(launch), "push", zone.apex.text(), zone.path,
                "--yes", "--reason", "test", "--allow", "bogus-target", "--allow", "ttl"},
               launch.directory);
  };
  // A zone below another takes names away from it, which the guard would refuse where aliases lead there.
  std::vector<ZoneFile> deepestFirst = launch.zones;
  std::ranges::stable_sort(deepestFirst, std::greater(),
                           [](const ZoneFile& zone) { return zone.apex.labels().size(); });
  for (const ZoneFile& zone : deepestFirst)
    if (Status done = push(zone); !done) return done;
  return Done{};
}

Result<Command> configureKnot(const Launch& launch) {
  std::string config = fmt::format(
      "server:\n  rundir: {0}\n  listen: 127.0.0.1@{1}\n  udp-workers: 1\n  tcp-workers: 1\n"
      "  background-workers: 1\n  udp-max-payload: 4096\n  identity:\n  version:\n"
      "database:\n  storage: {0}\n"
      "log:\n  - target: stderr\n    any: warning\n"
      "template:\n  - id: default\n    storage: {0}\n    zonefile-sync: -1\n    journal-content: none\n"
      "    semantic-checks: off\nzone:\n",
      launch.directory, launch.port);
  for (const ZoneFile& zone : launch.zones)
    config += fmt::format("  - domain: {}\n    file: {}\n", zone.apex.text(), zone.path);
  const std::string path = launch.directory + "/knot.conf";
  return written(path, config, {"/usr/sbin/knotd", "-c", path});
}

Result<Command> configureNsd(const Launch& launch) {
  std::string config = fmt::format(
      "server:\n  ip-address: 127.0.0.1@{1}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n"
      "  zonesdir: {0}\n  database: \"\"\n  pidfile: {0}/nsd.pid\n  xfrdfile: {0}/xfrd.state\n"
      "  xfrdir: {0}\n  zonelistfile: {0}/zone.list\n  ipv4-edns-size: 4096\n  rrl-ratelimit: 0\n"
      "  rrl-whitelist-ratelimit: 0\n  hide-version: yes\n  hide-identity: yes\n  refuse-any: no\n"
      "  minimal-responses: no\n  round-robin: no\n  tcp-query-count: 0\n"
      "remote-control:\n  control-enable: no\n",
      launch.directory, launch.port);
  for (const ZoneFile& zone : launch.zones)
    config += fmt::format("zone:\n  name: \"{}\"\n  zonefile: {}\n", zone.apex.text(), zone.path);
  const std::string path = launch.directory + "/nsd.conf";
  return written(path, config, {"/usr/sbin/nsd", "-d", "-c", path});
}

Result<Command> configureBind(const Launch& launch) {
  std::string config = fmt::format(
      "options {{\n  directory \"{0}\";\n  pid-file \"{0}/named.pid\";\n  session-keyfile "
      "\"{0}/session.key\";\n"
      "  managed-keys-directory \"{0}\";\n  listen-on port {1} {{ 127.0.0.1; }};\n"
      "  listen-on-v6 {{ none; }};\n  recursion no;\n  dnssec-validation no;\n  empty-zones-enable no;\n"
      "  notify no;\n  allow-transfer {{ none; }};\n  check-names primary ignore;\n  check-integrity no;\n"
      "  check-mx ignore;\n  check-mx-cname ignore;\n  check-srv-cname ignore;\n  check-dup-records ignore;\n"
      "  check-sibling no;\n  check-wildcard no;\n  check-spf ignore;\n  edns-udp-size 4096;\n"
      "  max-udp-size 4096;\n  max-records-per-type 0;\n  max-types-per-name 0;\n  answer-cookie no;\n"
      "  zero-no-soa-ttl no;\n  minimal-any no;\n  trust-anchor-telemetry no;\n  version none;\n  hostname "
      "none;\n"
      "  bindkeys-file \"{0}/bind.keys\";\n  masterfile-format text;\n  tcp-clients 50;\n}};\ncontrols {{ "
      "}};\n"
      "logging {{ category default {{ default_stderr; }}; }};\n",
      launch.directory, launch.port);
  for (const ZoneFile& zone : launch.zones)
    config += fmt::format("zone \"{}\" {{ type primary; file \"{}\"; }};\n", plain(zone.apex), zone.path);
  const std::string path = launch.directory + "/named.conf";
  return written(path, config, {"/usr/sbin/named", "-g", "-n", "1", "-c", path});
}

Result<Command> configurePowerDns(const Launch& launch) {
  std::string zones;
  std::string metadata;
  for (const ZoneFile& zone : launch.zones) {
    zones += fmt::format("zone \"{}\" {{ type master; file \"{}\"; }};\n", plain(zone.apex), zone.path);
    const std::string insert =
        "insert into domainmetadata(domain, kind, content) values ('" + plain(zone.apex.lower()) + "', ";
    metadata += insert + "'PRESIGNED', '1');\n";
    if (readFile(zone.path).find("\tNSEC3PARAM\t") != std::string::npos)
      metadata += insert + "'NSEC3PARAM', '1 0 2 5e7f');\n";
  }
  const std::string database = launch.directory + "/dnssec.db";
  const std::string config = fmt::format(
      "launch=bind\nbind-config={0}/zones.conf\n{2}local-address=127.0.0.1\nlocal-port={1}\n"
      "socket-dir={0}\ndaemon=no\nguardian=no\ndname-processing=yes\nudp-truncation-threshold=4096\n"
      "receiver-threads=1\ndistributor-threads=1\nsecurity-poll-suffix=\ndisable-axfr=yes\nloglevel=4\n"
      "max-tcp-connections-per-client=0\nmax-nsec3-iterations=500\nreuseport=no\nany-to-tcp=no\n"
      "version-string=anonymous\n",
      launch.directory, launch.port,
      launch.isSigned ? fmt::format("bind-dnssec-db={}\n", database) : std::string());
  if (Status done = writeFile(launch.directory + "/zones.conf", zones); !done) return done.error();
  const Command command{"/usr/sbin/pdns_server", "--config-dir=" + launch.directory};
  auto result = written(launch.directory + "/pdns.conf", config, command);
  if (!result || !launch.isSigned) return result;
  const Command create{"pdnsutil", "--config-dir=" + launch.directory, "create-bind-db", database};
  if (Status done = run(create, launch.directory); !done) return done.error();
  if (Status done = writeFile(launch.directory + "/metadata.sql", metadata); !done) return done.error();
  if (Status done = run({"sqlite3", database, ".read metadata.sql"}, launch.directory); !done)
    return done.error();
  return result;
}

}  // namespace holdfast::differential
