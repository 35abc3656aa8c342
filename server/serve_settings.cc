#include "server/serve_settings.h"

#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace holdfast {

ServeSettings serveSettingsOf(const StartConfig& config) {
  ServeSettings settings;
  for (const std::string& text : config.listen)
    if (auto address = SocketAddress::parse(text)) settings.listen.push_back(*address);
  settings.threads = static_cast<unsigned>(config.threads);
  settings.udpPayload = static_cast<std::uint16_t>(config.udpPayload);
  settings.tcp = {config.tcpConnections, config.tcpConnectionsPerClient,
                  config.tcpIdle,        config.tcpMessage,
                  config.tcpResponse,    config.tcpLifetime,
                  config.tcpPipeline};
  return settings;
}

std::size_t descriptorsForClients(const ServeSettings& settings, std::size_t http) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return settings.tcp.connections;
  const std::size_t threads = settings.threads > 0 ? settings.threads : std::thread::hardware_concurrency();
  // Besides its sockets: two orders to stop, and an event loop with its own pair for signals.
  constexpr std::size_t kOfThread = 5;
  const std::size_t own = 128 + http + threads * (2 * settings.listen.size() + kOfThread);
  return std::max<std::size_t>(limit.rlim_cur / 4, limit.rlim_cur > own ? limit.rlim_cur - own : 0);
}

}  // namespace holdfast
