#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// The bytes as one Zstandard frame with a checksum. `alike` is what they resemble and the reader has too:
/// only what differs from it takes space. Empty where there is nothing alike.
std::string compressed(std::string_view bytes, std::string_view alike);

/// The inverse, with the same `alike`. Any bytes are safe input. An Error of kind Store where they are not
/// such a frame of `size` octets, or were compressed with something else alike.
Result<std::string> decompressed(std::string_view frame, std::uint64_t size, std::string_view alike);

}  // namespace holdfast
