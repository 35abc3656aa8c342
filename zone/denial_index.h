#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "zone/key_tree.h"
#include "zone/node.h"

namespace holdfast {

inline constexpr std::size_t kNsec3HashOctets = 20;  ///< SHA-1, the only hash there is (RFC 5155 section 11)
/// Bounds the work of one denial. RFC 9276 section 3.1 asks for 0; resolvers stop trusting above this.
inline constexpr std::uint16_t kMaxNsec3Iterations = 150;

/// How a zone hashes names (RFC 5155 section 4.2).
struct Nsec3Parameters {
  std::uint16_t iterations = 0;
  std::string salt;  ///< raw octets
  // The check takes the 0 that a defaulted comparison compares with for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const Nsec3Parameters&, const Nsec3Parameters&) = default;
};

/// What the RDATA of NSEC3 and of NSEC3PARAM begin with (RFC 5155 sections 3.2 and 4.2).
struct Nsec3Fields {
  std::uint8_t algorithm = 0, flags = 0;
  Nsec3Parameters parameters;
  std::size_t octets = 0;  ///< of all of it
};
/// None where the RDATA is cut.
std::optional<Nsec3Fields> nsec3FieldsOf(std::span<const std::uint8_t> rdata);

/// The order of names (RFC 4034 section 6.1) as an order of octets: the labels below the apex from the top
/// down, escaped so that a label that another begins with comes first. Lives on the stack.
class CanonicalKey {
 public:
  /// REQUIRES: name is at or below the apex.
  CanonicalKey(NameView name, NameView apex) noexcept;
  std::span<const std::uint8_t> octets() const noexcept { return {octets_, size_}; }

  /// The name that has this key below that apex, written to `out`; "no name" for what is no key.
  static NameView toName(std::span<const std::uint8_t> key, NameView apex,
                         std::span<std::uint8_t, kMaxNameOctets> out) noexcept;

 private:
  std::uint8_t octets_[2 * kMaxNameOctets];
  std::size_t size_ = 0;
};

/// The chain by which a signed zone denies: which names own an NSEC, in canonical order, or which hashes own
/// an NSEC3, in hash order. Immutable; shares what did not change with the index of the generation before.
class DenialIndex {
 public:
  /// Set where the zone denies by NSEC3 (it has a usable NSEC3PARAM), else it does by NSEC if at all.
  const std::optional<Nsec3Parameters>& nsec3() const noexcept { return nsec3_; }
  /// False for a zone that denies nothing provably, as unsigned ones do.
  bool isUsable() const noexcept { return !keys_.empty(); }
  /// CanonicalKey octets or raw hashes.
  const KeyTree& keys() const noexcept { return keys_; }

  /// What the apex says: RFC 5155 section 4.1.2 has servers use NSEC3PARAM records with flags 0 alone.
  static std::optional<Nsec3Parameters> parametersOf(NodeView apex);
  /// The key that the node's NSEC or NSEC3 has in a chain of these parameters.
  static std::optional<std::string> keyOf(NodeView node, NameView apex,
                                          const std::optional<Nsec3Parameters>& nsec3);

  DenialIndex() = default;
  DenialIndex(std::optional<Nsec3Parameters> nsec3, KeyTree keys)
      : nsec3_(std::move(nsec3)), keys_(std::move(keys)) {}

 private:
  std::optional<Nsec3Parameters> nsec3_;
  KeyTree keys_;
};

/// The first label of an NSEC3 owner (RFC 5155 section 3.3, base32hex of RFC 4648 section 7, lower case).
inline constexpr std::size_t kNsec3LabelOctets = 32;
void toBase32Hex(std::span<const std::uint8_t, kNsec3HashOctets> hash,
                 std::span<std::uint8_t, kNsec3LabelOctets> label) noexcept;
/// False where the label is no such hash.
bool fromBase32Hex(std::span<const std::uint8_t> label,
                   std::span<std::uint8_t, kNsec3HashOctets> hash) noexcept;

}  // namespace holdfast
