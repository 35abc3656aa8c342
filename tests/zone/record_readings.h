#pragma once

#include <string>
#include <string_view>

#include "zone/record_text.h"

namespace holdfast::test {

/// What reading a zone file gave, for comparing: every record with all it has, then the error.
inline std::string readingOf(std::string_view text, NameView origin, RecordReading reading) {
  std::string seen;
  const Status read = readZoneText(
      text, origin,
      [&](const RecordView& record) {
        const auto octets = [&](std::span<const std::uint8_t> bytes) {
          static constexpr char kHex[] = "0123456789abcdef";
          for (const std::uint8_t octet : bytes) {
            seen += kHex[octet >> 4];
            seen += kHex[octet & 15];
          }
        };
        seen += "line " + std::to_string(record.line) + ": ";
        octets(record.owner.bytes());
        seen +=
            ' ' + std::to_string(record.ttl) + ' ' + std::to_string(static_cast<unsigned>(record.type)) + ' ';
        octets(record.rdata);
        seen += '\n';
        return Status(Done{});
      },
      reading);
  return seen + (read ? "" : "error: " + read.error().text());
}

/// Empty where our own reader and ldns make the same of a zone file, else what each of them makes.
inline std::string differenceOfReadings(std::string_view text, NameView origin) {
  const std::string plain = readingOf(text, origin, RecordReading::PlainFirst);
  const std::string ldns = readingOf(text, origin, RecordReading::LdnsOnly);
  if (plain == ldns) return "";
  return "of\n" + std::string(text) + "\nunder " + toText(origin) + " our own reader makes\n" + plain +
         "\nand ldns\n" + ldns;
}

}  // namespace holdfast::test
