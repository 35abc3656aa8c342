#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "zone/result.h"

/// The form of an image, for zone_image*.cc alone: the head, the chunks, the list of the chunks. A chunk is a
/// run of buckets, each as u32 index, u32 octets and the octets, in host byte order. The list has for each
/// u64 octets, u32 the first index, u32 one past the last, and the checksum; it and the head are big-endian.
namespace holdfast::image_format {

inline constexpr std::size_t kHead = 4096;  ///< with the checksum that it ends with
inline constexpr std::size_t kChecksum = 16;
inline constexpr std::size_t kRecord = 8;         ///< of a bucket, before its octets
inline constexpr std::size_t kChunk = 512 << 10;  ///< a chunk is closed with the bucket that makes it larger

}  // namespace holdfast::image_format

namespace holdfast {

/// Fills `into` from there. Store where the file ends before, System where the disk does not give it.
Status readAt(int fd, std::uint64_t at, std::span<char> into, const std::string& file);

}  // namespace holdfast
