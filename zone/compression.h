#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

/// The bytes as one Zstandard frame with a checksum. `alike` is what they resemble and the reader has too:
/// only what differs from it takes space. Empty where there is nothing alike.
std::string compressed(std::string_view bytes, std::string_view alike);

/// Compresses parts of something large, one after the other, each as a frame of its own: fast, whatever the
/// size of a part. What it needs for that it keeps. One thread.
class PartCompressor {
 public:
  PartCompressor();
  ~PartCompressor();

  std::string frameOf(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The inverse, with the same `alike`. Any bytes are safe input. An Error of kind Store where they are not
/// such frames, one after the other, of `size` octets together, or were compressed with something else alike.
Result<std::string> decompressed(std::string_view frame, std::uint64_t size, std::string_view alike);

}  // namespace holdfast
