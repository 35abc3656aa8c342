#include "tests/differential/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/differential/endpoint_socket.h"
#include "tests/differential/query.h"

namespace holdfast::differential {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kReplyMilliseconds = 200;

Result<std::vector<std::string>> configure(Software software, const Launch& launch,
                                           const Programs& programs) {
  switch (software) {
    case Software::Holdfast:
      return configureHoldfast(launch, programs);
    case Software::Knot:
      return configureKnot(launch);
    case Software::Nsd:
      return configureNsd(launch);
    case Software::Bind:
      return configureBind(launch);
    case Software::PowerDns:
      return configurePowerDns(launch);
  }
  return Error{ErrorKind::Invalid, "", "no such server"};
}

/// Whether the server gives an authoritative answer for the zone's SOA.
bool answersFor(const Name& apex, std::uint16_t port) {
  Query query;
  query.name = apex;
  query.type = 6;
  const std::string message = query.message(1);
  const Descriptor socket = udpSocketTo(port);
  if (::send(socket.get(), message.data(), message.size(), 0) < 0) return false;
  pollfd readable{socket.get(), POLLIN, 0};
  std::array<char, 4096> reply;
  if (::poll(&readable, 1, kReplyMilliseconds) != 1) return false;
  const ssize_t size = ::recv(socket.get(), reply.data(), reply.size(), 0);
  return size >= 12 && (reply[2] & 0x04) != 0 && (reply[3] & 0x0F) == 0;
}

}  // namespace

std::string_view textOf(Software software) {
  switch (software) {
    case Software::Holdfast:
      return "Holdfast";
    case Software::Knot:
      return "Knot";
    case Software::Nsd:
      return "NSD";
    case Software::Bind:
      return "BIND";
    case Software::PowerDns:
      return "PowerDNS";
  }
  return "";
}

Result<Server> Server::start(Software software, const std::string& directory,
                             const std::vector<ZoneFile>& zones, bool isSigned, const Programs& programs) {
  Server server;
  server.software_ = software;
  server.directory_ = directory + "/" + std::string(textOf(software));
  server.port_ = freePort();
  server.zones_ = zones;
  server.isSigned_ = isSigned;
  server.programs_ = programs;
  std::filesystem::create_directory(server.directory_);
  const Launch launch{server.directory_, server.port_, zones, isSigned};
  const auto command = configure(software, launch, programs);
  if (!command) return command.error();
  auto process = Process::start(*command, server.directory_, server.directory_ + "/log");
  if (!process) return process.error();
  server.process_ = std::move(*process);
  return server;
}

Status Server::waitUntilReady(std::chrono::seconds patience) {
  const auto end = Clock::now() + patience;
  const auto problem = [&](const std::string& what) {
    std::string log = readFile(directory_ + "/log");
    if (log.size() > 3000) log.erase(0, log.size() - 3000);
    return Error{ErrorKind::System, std::string(textOf(software_)), what + "; its log:\n" + log};
  };
  if (software_ == Software::Holdfast) {
    while (!std::filesystem::exists(directory_ + "/control") && process_.isRunning() && Clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const Launch launch{directory_, port_, zones_, isSigned_};
    if (Status pushed = pushZones(launch, programs_); !pushed) return problem(pushed.error().text());
  }
  for (const ZoneFile& zone : zones_) {
    while (!answersFor(zone.apex, port_)) {
      if (!process_.isRunning()) return problem("ended while starting");
      if (Clock::now() > end) return problem("does not serve " + zone.apex.text());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  return Done{};
}

Result<ServerSet> ServerSet::start(const ZoneSet& zones, const std::string& directory,
                                   const Programs& programs, std::chrono::seconds patience) {
  const auto files = writeZones(zones, directory);
  if (!files) return files.error();
  ServerSet set;
  for (const Software software :
       {Software::Holdfast, Software::Knot, Software::Nsd, Software::Bind, Software::PowerDns}) {
    auto server = Server::start(software, directory, *files, zones.signing != Signing::None, programs);
    if (!server) return server.error();
    set.servers_.push_back(std::move(*server));
  }
  for (Server& server : set.servers_)
    if (Status ready = server.waitUntilReady(patience); !ready) return ready.error();
  return set;
}

}  // namespace holdfast::differential
