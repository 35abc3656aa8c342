#pragma once

#include <cstdint>
#include <string_view>

/// How a stored change begins (zone/store_codec.h).
namespace holdfast::stored_form {

/// A body of schema 1: then, for each owner, its whole name and its RRsets, uncompressed, in the second form.
inline constexpr std::string_view kMagic1 = "HFC1";
/// Then flags and two blocks: the owners, relative to the apex, and for each of them its RRsets, in the
/// second or third form. A block is its size, its size as stored, and that: compressed where the two differ.
inline constexpr std::string_view kMagic2 = "HFC2", kMagic3 = "HFC3";
inline constexpr std::uint8_t kAlike = 1;  ///< flag: the RRsets are compressed against those before

}  // namespace holdfast::stored_form
