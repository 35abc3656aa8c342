#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "zone/name_table.h"

namespace holdfast {

/// The buckets of a table as octets that a file can hold: position-independent, in host byte order. They make
/// a table again only where names hash as they did and nodes have the same layout: bucketLayout() and
/// nameHashCheck() tell.
class NameTableBuckets {
 public:
  explicit NameTableBuckets(const NameTable& table) noexcept : table_(table) {}

  /// The table has room for 2^bits() buckets.
  unsigned bits() const noexcept { return table_.bits_; }
  /// Visits the octets of each bucket that has names, by ascending index below 2^bits(), until `visit`
  /// returns false. Returns whether it ran to the end. The octets hold during the call.
  using Visit = std::function<bool(std::uint32_t index, std::span<const std::uint8_t> octets)>;
  bool forEach(const Visit& visit) const;

 private:
  const NameTable& table_;
};

/// Makes a table of such octets.
class NameTableLoader {
 public:
  static bool isPossible(unsigned bits) noexcept;
  /// REQUIRES: isPossible(bits).
  explicit NameTableLoader(unsigned bits);
  ~NameTableLoader();
  NameTableLoader(const NameTableLoader&) = delete;
  NameTableLoader& operator=(const NameTableLoader&) = delete;

  /// Copies a bucket in, and returns how many names it has; 0 where these octets cannot be one: what a bucket
  /// and the sizes and names of its nodes say stays within the octets. What nodes hold beside is not looked
  /// at. Any number of threads at once, each for indexes of its own.
  std::size_t put(std::uint32_t index, std::span<const std::uint8_t> octets);
  /// The table of all that was put in, which has so many names. The loader is spent.
  NameTable finish(std::size_t names);

 private:
  const unsigned bits_;
  std::vector<const detail::Bucket*> buckets_;  // owned until finish()
};

/// Differs where buckets or nodes lie otherwise in memory.
std::uint64_t bucketLayout() noexcept;
/// Differs where names hash to something else.
std::uint64_t nameHashCheck() noexcept;

}  // namespace holdfast
