#include "server/message.h"

#include <optional>

namespace holdfast {

namespace {

/// Walks a message from front to back; every read is checked.
class Cursor {
 public:
  explicit Cursor(std::span<const std::uint8_t> message) noexcept : message_(message), at_(kHeaderOctets) {}

  /// So many octets from where it is; nullptr where the message ends before. Not an optional
  /// span, which would be handed over through memory, and waited for.
  const std::uint8_t* take(std::size_t octets) noexcept {
    if (octets > message_.size() - at_) return nullptr;
    at_ += octets;
    return message_.data() + at_ - octets;
  }

  /// An uncompressed name, with its root label; it is hashed and lower-cased into `query`. Returns its
  /// octets, 0 where there is none.
  std::size_t takeName(Query& query) noexcept {
    const std::size_t octets = query.hashed.read(message_.subspan(at_), query.lowered);
    at_ += octets;
    return octets;
  }

  /// Passes a name that may end in a pointer to earlier octets, which is not followed. Says whether it was
  /// the root; nothing for a name that is not legal.
  std::optional<bool> skipName() noexcept {
    const std::size_t start = at_;
    while (at_ < message_.size()) {
      const std::uint8_t length = message_[at_];
      if (length > kMaxLabelOctets) return skipPointer(start);
      at_ += length + 1u;
      if (at_ - start > kMaxNameOctets || at_ > message_.size()) return std::nullopt;
      if (length == 0) return at_ - start == 1;
    }
    return std::nullopt;
  }

 private:
  std::optional<bool> skipPointer(std::size_t nameStart) noexcept {
    if (message_[at_] < 0xc0 || message_.size() - at_ < 2) return std::nullopt;
    const std::size_t target = (message_[at_] & 0x3fu) << 8 | message_[at_ + 1];
    if (target < kHeaderOctets || target >= nameStart) return std::nullopt;
    at_ += 2;
    return false;
  }

  std::span<const std::uint8_t> message_;
  std::size_t at_;
};

std::uint16_t read16(const std::uint8_t* at) noexcept {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

bool parseQuestion(Cursor& cursor, Query& query) noexcept {
  const std::size_t octets = cursor.takeName(query);
  if (octets == 0) return false;
  const std::uint8_t* fixed = cursor.take(4);
  if (fixed == nullptr) return false;
  query.received = {fixed - octets, octets};
  query.type = static_cast<RRType>(read16(fixed));
  query.qclass = read16(fixed + 2);
  return true;
}

/// Passes several questions, of which none is kept: which one would the answer be to?
bool skipQuestions(Cursor& cursor, unsigned count) noexcept {
  for (; count > 0; --count)
    if (!cursor.skipName() || cursor.take(4) == nullptr) return false;
  return true;
}

/// Passes one record; takes note of it where it is the OPT.
bool parseRecord(Cursor& cursor, bool additional, Query& query) noexcept {
  const auto isRoot = cursor.skipName();
  if (!isRoot) return false;
  const std::uint8_t* fixed = cursor.take(10);
  if (fixed == nullptr) return false;
  const std::size_t octets = read16(fixed + 8);
  const std::uint8_t* rdata = cursor.take(octets);
  if (rdata == nullptr) return false;
  if (static_cast<RRType>(read16(fixed)) != RRType::OPT) return true;
  // Also a faulty OPT is answered with one, so that the client can tell the fault from a server without EDNS
  // (RFC 6891 section 7). Knot, BIND and NSD leave it out there.
  const bool isLegal = additional && *isRoot && !query.edns.present;
  query.edns.present = true;
  if (!isLegal) return false;
  query.edns.payload = read16(fixed + 2);
  query.edns.version = fixed[5];
  query.edns.dnssecOk = (fixed[6] & 0x80) != 0;
  query.edns.options = {rdata, octets};
  return true;
}

}  // namespace

Parsed parseQuery(std::span<const std::uint8_t> message, Query& query) noexcept {
  if (message.size() < kHeaderOctets || message.size() > kMaxMessageOctets) return Parsed::NotAQuery;
  const std::uint8_t* header = message.data();
  query.id = read16(header);
  query.flags = read16(header + 2);
  query.received = {};
  query.edns = {};
  if ((query.flags & flag::kResponse) != 0) return Parsed::NotAQuery;
  const unsigned questions = read16(header + 4);
  query.answers = read16(header + 6);
  query.authorities = read16(header + 8);

  Cursor cursor(message);
  const bool passed = questions == 1 ? parseQuestion(cursor, query) : skipQuestions(cursor, questions);
  if (!passed) return Parsed::Malformed;
  const std::uint32_t before = std::uint32_t{query.answers} + query.authorities;
  const std::uint32_t records = before + read16(header + 10);
  for (std::uint32_t i = 0; i < records; ++i)
    if (!parseRecord(cursor, i >= before, query)) return Parsed::Malformed;
  if (questions > 1) return Parsed::Malformed;
  return questions == 0 ? Parsed::NoQuestion : Parsed::Query;
}

}  // namespace holdfast
