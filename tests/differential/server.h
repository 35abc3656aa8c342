#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/process.h"
#include "tests/differential/signer.h"

namespace holdfast::differential {

enum class Software { Holdfast, Knot, Nsd, Bind, PowerDns };
inline constexpr std::size_t kServers = 5;  ///< Holdfast is the first, its peers follow
std::string_view textOf(Software software);

/// Where the programs are that come from no package.
struct Programs {
  std::string holdfastd;
  std::string zonectl;
};

/// What a program needs besides its zones: its command line once its configuration is in `directory`.
struct Launch {
  std::string directory;
  std::uint16_t port = 0;
  const std::vector<ZoneFile>& zones;
  bool isSigned = false;
};

/// Each writes a configuration that keeps to the directory and the port, with no limit of rates, 4096 octets
/// over UDP and no other feature switched, and returns the command that serves it in the foreground.
Result<std::vector<std::string>> configureHoldfast(const Launch& launch, const Programs& programs);
Result<std::vector<std::string>> configureKnot(const Launch& launch);
Result<std::vector<std::string>> configureNsd(const Launch& launch);
Result<std::vector<std::string>> configureBind(const Launch& launch);
Result<std::vector<std::string>> configurePowerDns(const Launch& launch);

/// Pushes the zones into a holdfastd that runs.
Status pushZones(const Launch& launch, const Programs& programs);

/// One server that holds some zones. Ends with this object.
class Server {
 public:
  /// Returns as soon as the program runs, not when it answers.
  static Result<Server> start(Software software, const std::string& directory,
                              const std::vector<ZoneFile>& zones, bool isSigned, const Programs& programs);
  /// Waits until every zone is answered for. An Error holds the end of the server's log.
  Status waitUntilReady(std::chrono::seconds patience);

  Software software() const { return software_; }
  std::uint16_t port() const { return port_; }

 private:
  Software software_ = Software::Holdfast;
  std::string directory_;
  std::uint16_t port_ = 0;
  std::vector<ZoneFile> zones_;
  bool isSigned_ = false;
  Programs programs_;
  Process process_;
};

/// All five, with the same zones. Ports are the kernel's choice.
class ServerSet {
 public:
  /// Uses `directory` for everything; zones are written and signed there. An Error when a server does not
  /// serve them within `patience`.
  static Result<ServerSet> start(const ZoneSet& zones, const std::string& directory, const Programs& programs,
                                 std::chrono::seconds patience = std::chrono::seconds(30));
  const std::vector<Server>& servers() const { return servers_; }

 private:
  std::vector<Server> servers_;
};

}  // namespace holdfast::differential
