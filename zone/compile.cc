#include "zone/compile.h"

#include <algorithm>
#include <map>

namespace holdfast {

namespace {

// Timers of an SOA that the server makes (RIPE-203 and RFC 2308 section 5 for the last, kept short because
// endpoints come and go).
constexpr std::uint32_t kSoaTtl = 3600;
constexpr std::uint32_t kSoaTimers[] = {86400, 7200, 3600000, 60};

void putNumber(std::string& out, std::uint32_t value) {
  for (const unsigned shift : {24u, 16u, 8u, 0u}) out += static_cast<char>(value >> shift & 0xff);
}

RRset makeSoa(const ZoneEdit& edit) {
  const NodeView apex = edit.find(edit.apex());
  const RRsetView ns = apex ? apex.find(RRType::NS) : RRsetView();
  RRset soa{RRType::SOA, kSoaTtl, 0, {}, {}};
  std::string rdata;
  if (ns) {
    const auto primary = ns.front();
    rdata.assign(reinterpret_cast<const char*>(primary.data()), primary.size());
  } else {
    rdata = Name(edit.apex()).wire();
  }
  const Result<Name> contact = Name(edit.apex()).child("hostmaster");
  rdata += contact ? contact->wire() : Name(edit.apex()).wire();
  putNumber(rdata, 0);
  for (const std::uint32_t timer : kSoaTimers) putNumber(rdata, timer);
  soa.rdata.push_back(std::move(rdata));
  return soa;
}

void setSerial(RRset& soa, std::uint32_t serial) {
  for (std::string& rdata : soa.rdata) {
    std::string octets;
    putNumber(octets, serial);
    rdata.replace(rdata.size() - 20, 4,
                  octets);  // serial and the four timers end the RDATA (RFC 1035 3.3.13)
  }
}

void applyDelta(ZoneEdit& edit, const Plan& plan) {
  for (const Removal& removal : plan.removals) {
    if (removal.type)
      edit.removeRRset(removal.name, *removal.type);
    else
      edit.removeName(removal.name);
  }
  for (const PlannedEndpoint& endpoint : plan.endpoints) {
    for (const auto& [type, rrset] :
         {std::pair(RRType::A, &endpoint.a), std::pair(RRType::AAAA, &endpoint.aaaa)}) {
      if (*rrset)
        edit.setRRset(endpoint.owner, **rrset);
      else
        edit.removeRRset(endpoint.owner, type);
    }
  }
  for (const PlannedRRset& planned : plan.rrsets) edit.setRRset(planned.owner, planned.rrset);
}

void applyFull(ZoneEdit& edit, const Zone& before, const Plan& plan) {
  std::map<NameView, std::vector<RRset>> wanted;
  for (const PlannedRRset& planned : plan.rrsets) wanted[planned.owner.view()].push_back(planned.rrset);
  for (const PlannedEndpoint& endpoint : plan.endpoints) {
    std::vector<RRset>& rrsets = wanted[endpoint.owner.view()];
    if (endpoint.a) rrsets.push_back(*endpoint.a);
    if (endpoint.aaaa) rrsets.push_back(*endpoint.aaaa);
  }
  if (const NodeView apex = before.apexNode(); apex && !plan.soaSerial && apex.has(RRType::SOA))
    wanted[edit.apex()].push_back(apex.find(RRType::SOA).toOwned());
  std::vector<Name> unwanted;
  before.names().forEach([&](NodeView node) {
    if (node.rrsetCount() > 0 && !wanted.contains(node.name())) unwanted.emplace_back(node.name());
    return true;
  });
  for (const Name& name : unwanted) edit.removeName(name);
  for (const auto& [name, rrsets] : wanted) edit.setRRsets(name, rrsets);
}

}  // namespace

Result<Generation> generationFor(const Plan& plan, Generation committed, Generation fence) {
  if (plan.generation) return *plan.generation;
  if (fence == kMaxGeneration)
    return Error{ErrorKind::Conflict, "/generation",
                 "no generation is left above " + std::to_string(fence) +
                     ": remove the zone with forget=true and add it again"};
  const Generation next = std::max(committed, fence) + 1;
  if (plan.fromZoneFile && fence == 0)
    return plan.soaSerial && *plan.soaSerial > 0 ? Generation{*plan.soaSerial} : next;
  if (plan.base) return next;
  if (plan.fromZoneFile && plan.soaSerial) return Generation{*plan.soaSerial};
  return Error{ErrorKind::Malformed, "/generation",
               "is missing: a plan names its generation, or the base it was made from"};
}

std::uint32_t serialFor(Generation generation, const Zone* before) {
  const auto low = static_cast<std::uint32_t>(generation);
  if (before == nullptr) return std::max(low, 1u);
  const std::uint32_t old = before->serial();
  if (low != 0 && static_cast<std::int32_t>(low - old) > 0) return low;
  return old + 1 == 0 ? 1 : old + 1;
}

namespace {

std::shared_ptr<const Zone> finishWithSerial(ZoneEdit& edit, Generation generation, std::uint32_t serial,
                                             WallTime at) {
  const NodeView apex = edit.find(edit.apex());
  const RRsetView planned = apex ? apex.find(RRType::SOA) : RRsetView();
  if (planned && isSigned(apex, RRType::SOA)) return edit.finish(generation, soaSerial(planned.front()), at);
  RRset soa = planned ? planned.toOwned() : makeSoa(edit);
  setSerial(soa, serial);
  edit.setRRset(edit.apex(), std::move(soa));
  return edit.finish(generation, serial, at);
}

}  // namespace

std::shared_ptr<const Zone> compilePlan(const Zone& before, const Plan& plan, Generation generation,
                                        std::uint32_t serial, WallTime at) {
  ZoneEdit edit(before);
  if (plan.kind == PlanKind::Full)
    applyFull(edit, before, plan);
  else
    applyDelta(edit, plan);
  return finishWithSerial(edit, generation, serial, at);
}

std::shared_ptr<const Zone> restoreContent(const Zone& now, const Zone& old, Generation generation,
                                           std::uint32_t serial, WallTime at) {
  ZoneEdit edit(now);
  NameTable::differences(now.names(), old.names(), [&](NodeView has, NodeView wanted) {
    edit.setRRsets((has ? has : wanted).name(), ownedRRsets(wanted));
    return true;
  });
  return finishWithSerial(edit, generation, serial, at);
}

}  // namespace holdfast
