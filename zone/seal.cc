#include "zone/seal.h"

#include "zone/digest.h"
#include "zone/octets.h"

namespace holdfast {

std::string sealOf(std::string_view before, std::string_view apex, const StoredEntry& entry) {
  std::string line = "HFS1";
  OctetWriter out(line);
  out.counted<std::uint32_t>(before).counted<std::uint32_t>(apex);
  for (const std::int64_t number :
       {entry.id, entry.fate, entry.generation, entry.base, entry.serial, entry.kind, entry.at,
        entry.restored, entry.added, entry.removed, entry.changed, entry.previous})
    out.number(number);
  for (const std::string* text : {&entry.source, &entry.who, &entry.reason, &entry.digest, &entry.reasons,
                                  &entry.overridden, &entry.quarantined, &entry.sha256})
    out.counted<std::uint32_t>(*text);
  return sha256(line);
}

}  // namespace holdfast
