#pragma once

#include "server/config.h"
#include "server/message_settings.h"
#include "zone/result.h"

namespace holdfast {

/// What the configuration chooses about messages, with the host's name and the secrets filled in. Errors name
/// what the system did not tell, or the file of secrets.
Result<MessageSettings> messageSettings(const StartConfig& config);

}  // namespace holdfast
