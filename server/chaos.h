#pragma once

#include "server/message.h"
#include "server/message_settings.h"
#include "server/message_writer.h"

namespace holdfast {

/// Answers a query of class CH: which server and version this is, as far as the operator gives it out
/// (RFC 4892). version.bind. and version.server. tell the version, id.server. and hostname.bind. the name, as
/// one TXT record with TTL 0; another type there is NODATA, without an SOA, as there is no zone. Everything
/// else, and what is not given out, is REFUSED.
Rcode answerChaos(const Query& query, const MessageSettings& settings, MessageWriter& writer) noexcept;

}  // namespace holdfast
