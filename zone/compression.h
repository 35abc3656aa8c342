#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// The bytes as one Zstandard frame with a checksum. `alike` is what they resemble and the reader has too:
/// only what differs from it takes space. Empty where there is nothing alike.
std::string compressed(std::string_view bytes, std::string_view alike);
/// As that, of one of many parts of something large: fast, whatever the size of the part.
std::string compressedPart(std::string_view bytes);

/// The inverse, with the same `alike`. Any bytes are safe input. An Error of kind Store where they are not
/// such frames, one after the other, of `size` octets together, or were compressed with something else alike.
Result<std::string> decompressed(std::string_view frame, std::uint64_t size, std::string_view alike);

}  // namespace holdfast
