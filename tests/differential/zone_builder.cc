#include "tests/differential/zone_builder.h"

#include <algorithm>

namespace holdfast::differential {

ZoneBuilder::ZoneBuilder(const Name& apex, std::uint32_t serial) {
  zone_.apex = apex;
  add(apex, 3600, "SOA",
      "ns.invalid. host.invalid. " + std::to_string(serial) + " 7200 3600 1209600 " +
          std::to_string(300 + serial % 7 * 900));
}

bool ZoneBuilder::mayBeAt(const Name& owner, std::string_view type) const {
  for (Name above = owner; above.labels().size() > zone_.apex.labels().size();) {
    above = above.parent();
    const auto found = types_.find(above);
    if (found != types_.end() && found->second.contains("DNAME")) return false;
  }
  const auto here = types_.find(owner);
  if (type == "DNAME" || type == "CNAME") {
    if (here != types_.end() &&
        (type == "CNAME" || here->second.contains("CNAME") || here->second.contains("DNAME") ||
         (here->second.contains("NS") && !(owner == zone_.apex.lower()))))
      return false;
    if (type == "DNAME") {
      return std::none_of(types_.begin(), types_.end(), [&](const auto& entry) {
        return entry.first.isAtOrBelow(owner) && !(entry.first == owner);
      });
    }
    return true;
  }
  if (here == types_.end()) return true;
  if (type == "NS" && here->second.contains("DNAME") && !(owner == zone_.apex.lower())) return false;
  return !here->second.contains("CNAME");
}

bool ZoneBuilder::add(const Name& owner, std::uint32_t ttl, std::string_view type, const std::string& rdata) {
  const Name key = owner.lower();
  // RFC 4592 sections 4.2 and 4.4 leave these open, and BIND refuses them.
  if (!owner.isRoot() && owner.labels().front() == "*" && (type == "NS" || type == "DNAME")) return false;
  if (!owner.fits() || !owner.isAtOrBelow(zone_.apex) || !mayBeAt(key, type)) return false;
  std::string lowered = rdata;
  if (type != "TXT") std::transform(lowered.begin(), lowered.end(), lowered.begin(), lowerCase);
  if (!seen_.insert(key.text() + std::string(type) + " " + lowered).second) return false;
  types_[key].emplace(type);
  const auto [entry, isNew] = ttls_.try_emplace({key, std::string(type)}, ttl);
  zone_.records.push_back({owner, entry->second, std::string(type), rdata});
  return true;
}

}  // namespace holdfast::differential
