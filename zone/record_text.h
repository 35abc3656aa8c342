#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "zone/name.h"
#include "zone/rrset.h"

namespace holdfast {

/// One resource record as read from text: the owner lower-cased, RDATA in uncompressed wire format with the
/// case of its names kept.
struct TextRecord {
  Name owner;
  RRType type = RRType::A;
  std::uint32_t ttl = 0;
  std::string rdata;
};

/// The same, borrowed from who read it until the next one is read.
struct RecordView {
  NameView owner;
  RRType type = RRType::A;
  std::uint32_t ttl = 0;
  std::span<const std::uint8_t> rdata;
  int line = 0;  ///< that the entry began on, from 1
};

TextRecord ownedRecord(const RecordView& record);
/// Borrows from the record; its line is 0.
RecordView viewOf(const TextRecord& record) noexcept;

/// Who reads records: our own reader what it is sure of and ldns the rest, or ldns all of them. The two make
/// the same of every text; the one without our reader is what tests and benchmarks compare with.
enum class RecordReading { PlainFirst, LdnsOnly };

/// The adapter to ldns: presentation format in and out, for every type ldns knows and RFC 3597 for the rest.
/// Nothing else in Holdfast includes ldns. All functions are free of shared state.

/// Reads a zone file. Calls `record` with each RR until it returns an Error, which is returned with the line.
/// $ORIGIN and $TTL are followed, $INCLUDE is an error. A class other than IN is an error.
Status readZoneText(std::string_view text, NameView origin,
                    const std::function<Status(const RecordView&)>& record,
                    RecordReading reading = RecordReading::PlainFirst);

/// Reads one zone-file line such as "@ 3600 IN NS ns1.example.net.". `defaultTtl` serves lines without one.
Result<TextRecord> readRecordText(std::string_view line, NameView origin, std::uint32_t defaultTtl);

/// RDATA in presentation format; RFC 3597 form where ldns does not know it or would not read it back as it
/// was.
std::string rdataText(RRType type, std::span<const std::uint8_t> rdata);

/// "AAAA", "TYPE65280".
std::string toText(RRType type);
/// The inverse; case-insensitive.
Result<RRType> parseType(std::string_view text);

}  // namespace holdfast
