#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "server/message.h"
#include "zone/node.h"

namespace holdfast {

enum class Section : std::uint8_t { Answer, Authority, Additional };

/// An owner name on its way into a message. Remembers where it was written, so that the records of one RRset
/// find it without a search.
struct Owner {
  std::span<const std::uint8_t> name;  ///< uncompressed wire format, any case
  std::uint16_t at = 0;                ///< where the message has it; 0 for not yet

  explicit Owner(NameView view) noexcept : name(view.bytes()) {}
  /// The name of the question, which the message already has, in the case the client wrote.
  static Owner question(const Query& query) noexcept {
    Owner owner(query.name());
    owner.at = kHeaderOctets;
    return owner;
  }
  /// An ancestor of the question's name, which the message has as its end.
  static Owner aboveQuestion(const Query& query, NameView ancestor) noexcept {
    Owner owner(ancestor);
    if (!ancestor.isRoot())  // the root is shorter than a pointer to it
      owner.at = static_cast<std::uint16_t>(kHeaderOctets + query.received.size() - ancestor.size());
    return owner;
  }
};

/// Writes one response into octets that the caller owns. Allocates nothing. One response per object.
/// Names are compressed against the question and the names already written (RFC 1035 section 4.1.4), in RDATA
/// only for the types of RFC 1035 (RFC 3597 section 4). At most kNames suffixes are remembered, so the work
/// per name is bounded.
class MessageWriter {
 public:
  /// `limit` is the size the response must not exceed, OPT included; the OPT's place is kept free from the
  /// start, with `optionOctets` for its options. Writes the header and, where the query has one, the
  /// question. REQUIRES: 512 <= limit <= out.size(); optionOctets <= 200, and 0 where the query has no OPT.
  MessageWriter(std::span<std::uint8_t> out, std::size_t limit, const Query& query,
                std::size_t optionOctets = 0) noexcept;

  /// Appends one record. False when it does not fit; the caller then rolls back to its mark.
  /// REQUIRES: sections are written in order.
  bool add(Section section, Owner& owner, RRType type, std::uint32_t ttl,
           std::span<const std::uint8_t> rdata) noexcept;

  /// Appends the records of an address RRset, from record `first` on and round about. False, with none
  /// written or with some, when they do not all fit. REQUIRES: as add(); A or AAAA; first < count().
  bool addAddresses(Section section, Owner& owner, RRsetView rrset, std::uint32_t ttl,
                    unsigned first) noexcept;

  /// A state to return to, so that an RRset is written whole or not at all.
  struct Mark {
    std::size_t size = 0;
    std::array<std::uint16_t, 3> counts{};
    std::uint8_t names = 0;
  };
  Mark mark() const noexcept { return {size_, counts_, names_}; }
  void rollback(const Mark& mark) noexcept;

  void setFlags(std::uint16_t flags) noexcept { flags_ |= flags; }
  void clearFlags(std::uint16_t flags) noexcept { flags_ = static_cast<std::uint16_t>(flags_ & ~flags); }
  std::uint16_t flags() const noexcept { return flags_; }

  /// Octets that are still free and kept for nothing.
  std::size_t spare() const noexcept { return limit_ - size_; }

  /// What finish() puts into the OPT.
  struct Opt {
    std::uint16_t payload = 0;                ///< what this server takes by UDP, octets
    std::span<const std::uint8_t> options{};  ///< encoded; at most optionOctets and what was spare
    std::size_t paddingBlock = 0;             ///< pads the response to a multiple; 0: no padding
  };
  /// Writes the OPT, if the query had one, and the header. Padding stops at the limit, and is left out where
  /// not even its option's header fits. Returns the size of the response.
  std::size_t finish(Rcode rcode, const Opt& opt) noexcept;

 private:
  static constexpr std::size_t kNames = 254;  // of which a question of 127 labels may take half
  static constexpr std::size_t kBuckets = 64;

  struct Seen {
    std::uint32_t hash;  // its low half
    std::uint16_t at;
    std::uint8_t size;  // octets of the suffix when uncompressed
    std::uint8_t next;  // 1 + index of the next of its bucket; 0 for none
  };

  bool room(std::size_t octets) const noexcept { return octets <= limit_ - size_; }
  std::uint8_t* end() const noexcept { return out_.data() + size_; }
  std::uint16_t recordClass() const noexcept { return query_.qclass == kClassChaos ? kClassChaos : kClassIn; }
  void put16(std::size_t value) noexcept;
  bool putBytes(std::span<const std::uint8_t> bytes) noexcept;
  void putLength(std::size_t at) noexcept;
  bool putPointer(std::size_t target) noexcept;
  bool putOwner(Owner& owner) noexcept;
  bool putName(std::span<const std::uint8_t> name) noexcept;
  bool putDname(std::span<const std::uint8_t> target) noexcept;
  void putOpt(unsigned rcode, const Opt& opt) noexcept;
  void putPadding(std::size_t block) noexcept;
  bool putRdata(RRType type, std::span<const std::uint8_t> rdata) noexcept;
  void remember(std::uint64_t hash, std::size_t at, std::size_t size) noexcept;
  void rememberQuestion() noexcept;
  std::size_t find(std::uint64_t hash, NameView suffix) const noexcept;
  bool same(std::size_t at, NameView suffix) const noexcept;

  std::span<std::uint8_t> out_;
  std::size_t limit_;       // without the OPT
  const std::size_t kept_;  // for the OPT
  std::size_t size_ = 0;
  const Query& query_;
  std::uint16_t flags_;
  std::array<std::uint16_t, 3> counts_{};
  bool questionSeen_ = false;  // its suffixes are among names; put off until a name could need them
  std::uint8_t names_ = 0;
  std::array<std::uint8_t, kBuckets> buckets_{};  // 1 + index of the newest of the bucket; 0 for none
  std::array<Seen, kNames> seen_;                 // the first names_ are set
};

}  // namespace holdfast
