#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

inline constexpr std::size_t kMaxNameOctets = 255;  ///< RFC 1035 section 3.1, the root label included
inline constexpr std::size_t kMaxLabelOctets = 63;
inline constexpr unsigned kMaxLabels = 128;  ///< 127 labels and the root

/// The lower-case form of one octet of a name: ASCII only (RFC 4343 section 3).
inline std::uint8_t lowerOctet(std::uint8_t c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c;
}

/// Lower-cases octets of names, sixteen at a time. REQUIRES: `to` has room for them and does not overlap.
void lowerOctets(std::span<const std::uint8_t> from, std::uint8_t* to) noexcept;

/// Room for a name in lower case.
using NameRoom = std::array<std::uint8_t, kMaxNameOctets>;

/// The octets of the uncompressed name that `wire` begins with, its root label included; 0 where there is no
/// whole one.
std::size_t nameOctets(std::span<const std::uint8_t> wire) noexcept;

/// A domain name in uncompressed wire format with lower-case ASCII letters. Borrows its bytes.
/// A default-constructed view is "no name", which is not the root.
class NameView {
 public:
  constexpr NameView() noexcept = default;
  constexpr NameView(const std::uint8_t* wire, std::size_t size) noexcept : wire_(wire), size_(size) {}

  explicit operator bool() const noexcept { return wire_ != nullptr; }
  const std::uint8_t* data() const noexcept { return wire_; }
  std::size_t size() const noexcept { return size_; }
  std::span<const std::uint8_t> bytes() const noexcept { return {wire_, size_}; }

  bool isRoot() const noexcept { return size_ == 1; }
  bool isWildcard() const noexcept { return size_ > 2 && wire_[0] == 1 && wire_[1] == '*'; }
  /// The leftmost label's octets. REQUIRES: not the root.
  std::span<const std::uint8_t> firstLabel() const noexcept { return {wire_ + 1, wire_[0]}; }
  /// The name without its leftmost label. REQUIRES: not the root.
  NameView parent() const noexcept { return {wire_ + wire_[0] + 1, size_ - wire_[0] - 1u}; }
  /// Labels without the root: 0 for ".".
  unsigned labels() const noexcept;
  /// True for the ancestor itself and for everything below it.
  bool isAtOrBelow(NameView ancestor) const noexcept;
  bool isBelow(NameView ancestor) const noexcept { return size_ > ancestor.size_ && isAtOrBelow(ancestor); }

  friend bool operator==(NameView a, NameView b) noexcept {
    return a.size_ == b.size_ && std::memcmp(a.wire_, b.wire_, a.size_) == 0;
  }
  /// Canonical DNS order (RFC 4034 section 6.1).
  friend std::strong_ordering operator<=>(NameView a, NameView b) noexcept;

 private:
  const std::uint8_t* wire_ = nullptr;
  std::size_t size_ = 0;
};

/// Presentation format with the final dot and \DDD escapes (RFC 1035 section 5.1).
std::string toText(NameView name);
/// As toText, but relative to an origin it is below, "@" for the origin itself.
std::string toRelativeText(NameView name, NameView origin);

/// Whether the letters of a name stay as they are written, as in RDATA, or are made those of a NameView.
enum class Letters { Lowered, Kept };

/// What Name::fromText reads, in wire format, without allocating. Returns its octets; 0 for what is no name,
/// which leaves `out` unspecified. `origin` is taken as it is.
std::size_t nameFromText(std::string_view text, NameView origin, Letters letters,
                         std::span<std::uint8_t, kMaxNameOctets> out) noexcept;

/// A domain name, lower-cased, in room that fits any: for one name after the other, without allocating.
class NameBuffer {
 public:
  NameBuffer() noexcept { octets_[0] = 0; }  ///< the root
  explicit NameBuffer(NameView name) noexcept { assign(name); }

  NameView view() const noexcept { return {octets_.data(), size_}; }
  operator NameView() const noexcept { return view(); }
  /// REQUIRES: a name, and not of this buffer.
  void assign(NameView name) noexcept;
  /// As Name::fromText. False for what is no name: then this is the root.
  bool assignText(std::string_view text, NameView origin) noexcept;
  /// As Name::fromWire. False for what is no name: then this is the root.
  bool assignWire(std::span<const std::uint8_t> wire) noexcept;

 private:
  bool keep(std::size_t size) noexcept;

  std::size_t size_ = 1;
  std::array<std::uint8_t, kMaxNameOctets> octets_;
};

/// An owned domain name, lower-cased.
class Name {
 public:
  Name() : wire_(1, '\0') {}  ///< the root
  explicit Name(NameView view) : wire_(reinterpret_cast<const char*>(view.data()), view.size()) {}

  /// Reads presentation format. A name without a final dot is completed by `origin`; "@" is the origin.
  /// Errors name the text and the limit it breaks.
  static Result<Name> fromText(std::string_view text, NameView origin);
  /// The same for a name that is absolute whether or not it ends with a dot.
  static Result<Name> absolute(std::string_view text) { return fromText(text, Name().view()); }
  /// Checks and lower-cases an uncompressed wire-format name that fills `wire` exactly.
  static Result<Name> fromWire(std::span<const std::uint8_t> wire);

  NameView view() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(wire_.data()), wire_.size()};
  }
  operator NameView() const noexcept { return view(); }
  std::string text() const { return toText(view()); }
  const std::string& wire() const noexcept { return wire_; }

  /// "label.this", or an Error when that is over 255 octets. `label` is raw octets, not escaped text.
  Result<Name> child(std::string_view label) const;

  friend bool operator==(const Name& a, const Name& b) noexcept { return a.wire_ == b.wire_; }
  friend auto operator<=>(const Name& a, const Name& b) noexcept { return a.view() <=> b.view(); }

 private:
  std::string wire_;
};

/// A name, its hash, and where its labels begin. Lives on the stack of the query path or in its workspace: no
/// allocation. Borrows the name. Hashes are the same wherever this program runs in this version (XXH3).
class HashedName {
 public:
  // A defaulted one would clear all of it for each value that is asked for.
  // NOLINTNEXTLINE(modernize-use-equals-default)
  HashedName() noexcept {}  ///< no name: only for assign() and read()
  explicit HashedName(NameView name) noexcept { assign(name); }

  void assign(NameView name) noexcept;
  /// Takes the uncompressed name that `wire` begins with, in any case: its lower-case form goes to `lowered`,
  /// which is borrowed. Returns its octets, or 0 where there is no whole name; then this is no name.
  std::size_t read(std::span<const std::uint8_t> wire, NameRoom& lowered) noexcept;

  NameView name() const noexcept { return name_; }
  unsigned labels() const noexcept { return labels_; }
  /// The ancestor with that many labels. REQUIRES: labels <= this->labels().
  NameView suffix(unsigned labels) const noexcept {
    const unsigned offset = offsets_[labels_ - labels];
    return {name_.data() + offset, name_.size() - offset};
  }
  std::uint64_t hash() const noexcept { return hash_; }
  /// Of that ancestor: made anew, but for the name itself.
  std::uint64_t hash(unsigned labels) const noexcept {
    return labels == labels_ ? hash_ : of(suffix(labels));
  }
  /// Of a name in lower case.
  static std::uint64_t of(NameView name) noexcept;

 private:
  bool split(std::span<const std::uint8_t> wire) noexcept;

  NameView name_;
  std::uint64_t hash_ = 0;
  unsigned labels_ = 0;
  std::array<std::uint8_t, kMaxLabels> offsets_;  // [i]: where the name without its i leftmost labels starts
};

struct NameHasher {
  std::size_t operator()(const Name& name) const noexcept {
    return static_cast<std::size_t>(HashedName::of(name));
  }
};

}  // namespace holdfast
