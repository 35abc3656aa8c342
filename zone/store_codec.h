#pragma once

#include <span>
#include <string>
#include <string_view>

#include "zone/zone.h"

namespace holdfast {

/// The stored form of a change of content: for each owner whose data differs, its RRsets after the change;
/// none for an owner that is gone. All numbers big-endian, so that a store moves between machines. Versioned
/// by its first four octets; independent of the compiled layout of nodes.
std::string encodeChange(const Zone& before, const Zone& after);

/// Applies a stored change. Any bytes are safe input; an Error of kind Store says what is wrong with them,
/// and the edit is then to be dropped.
Status applyChange(std::string_view stored, ZoneEdit& edit);

/// SHA-256, as 32 octets or in hex.
std::string sha256(std::string_view bytes);
std::string toHex(std::string_view bytes);

}  // namespace holdfast
