#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

/// One line of a zone's history as it is stored. The numbers are those of HistoryEntry.
struct StoredEntry {
  std::int64_t id = 0, fate = 0, generation = 0, base = 0, serial = 0, kind = 0, at = 0, restored = 0;
  std::int64_t added = 0, removed = 0, changed = 0;
  std::int64_t previous = 0;  ///< the generation whose content the body changes; 0: from nothing
  std::string source, who, reason;
  std::string digest;                            ///< of the document
  std::string reasons, overridden, quarantined;  ///< JSON, empty for none
  std::string sha256;                            ///< of the body, 32 octets; empty: the line has no content
  std::string seal;
};

/// The seal of a line: SHA-256 over the seal of the zone's line before (empty for the first), a canonical
/// encoding of the line, and so of the digest of its content. 32 octets.
std::string sealOf(std::string_view before, std::string_view apex, const StoredEntry& entry);

}  // namespace holdfast
