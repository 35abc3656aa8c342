#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "zone/name.h"
#include "zone/record_text.h"

namespace holdfast {

/// What an entry of a zone file leaves to those after it (RFC 1035 section 5.1).
struct EntryContext {
  NameBuffer origin;      ///< completes names without a final dot
  NameBuffer owner;       ///< of the record before: that of an entry which begins with a blank
  std::uint32_t ttl = 0;  ///< in seconds, of an entry without one
};

/// Reads the entries that nearly all of a zone file is made of, without ldns and without allocating: records
/// of the types A, AAAA, NS, CNAME, PTR, MX, TXT, SRV and SOA, of names, numbers and texts without escapes.
/// Takes an entry only where ldns would certainly make the same record of it; what it does not take may be
/// right or wrong, which is for ldns to say. One thread.
class PlainRecordReader {
 public:
  /// `context` is borrowed.
  explicit PlainRecordReader(EntryContext& context) noexcept : context_(context) {}

  /// Reads an entry as ZoneTextReader makes it, and keeps its owner in the context. `record` borrows from the
  /// context and from this, until either changes. False for an entry that is left to ldns: then `record` is
  /// unspecified, and so is the context's owner where the entry names its own.
  bool read(std::string_view entry, RecordView& record);

 private:
  /// Room for every type but long TXT records.
  static constexpr std::size_t kMaxOctets = 4096;

  EntryContext& context_;
  std::array<std::uint8_t, kMaxOctets> rdata_;
};

}  // namespace holdfast
