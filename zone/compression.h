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

/// Makes the same kind of frame, with nothing alike, of bytes that need never be in memory at once.
class Compressor {
 public:
  /// Of so many octets in all.
  explicit Compressor(std::uint64_t size);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  void add(std::string_view bytes);
  /// Call once, last.
  std::string finish();

 private:
  struct Context;
  void run(std::string_view bytes, bool isLast);

  const std::unique_ptr<Context> context_;
  std::string out_;
};

/// The inverse, with the same `alike`. Any bytes are safe input. An Error of kind Store where they are not
/// such a frame of `size` octets, or were compressed with something else alike.
Result<std::string> decompressed(std::string_view frame, std::uint64_t size, std::string_view alike);

}  // namespace holdfast
