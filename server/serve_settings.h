#pragma once

#include <cstddef>

#include "server/config.h"
#include "server/workers.h"

namespace holdfast {

/// What the configuration says of answering, but for the messages (server/message_config.h).
ServeSettings serveSettingsOf(const StartConfig& config);

/// What the limit of open files leaves TCP clients: the plan store, the control API, the metrics and the
/// workers' own sockets must never find them all taken, as long as the limits are those of the start.
/// `http` is how many connections of the control API and of the metrics there may be.
std::size_t descriptorsForClients(const ServeSettings& settings, std::size_t http);

}  // namespace holdfast
