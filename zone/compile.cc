#include "zone/compile.h"

#include <algorithm>
#include <iterator>

#include "zone/zone_make.h"

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

/// Asked for each name; reads the clock now and then.
class TimeLeft {
 public:
  explicit TimeLeft(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}
  bool operator()() noexcept {
    if (!over_ && (++asked_ & 63u) == 0) over_ = isOver();
    return !over_;
  }
  bool isOver() const noexcept { return over_ || std::chrono::steady_clock::now() >= deadline_; }

 private:
  const std::chrono::steady_clock::time_point deadline_;
  unsigned asked_ = 0;
  bool over_ = false;
};

/// The RRsets of the name with those in place that the plan sets. An endpoint's targets are all of its
/// addresses, in both families.
void applyNode(ZoneEdit& edit, NodeView planned) {
  std::vector<RRset> rrsets = ownedRRsets(edit.find(planned.name()));
  std::erase_if(rrsets, [&](const RRset& rrset) {
    return planned.has(rrset.type) || (planned.isEndpoint() && isAddressType(rrset.type));
  });
  std::ranges::move(ownedRRsets(planned), std::back_inserter(rrsets));
  edit.setRRsets(planned.name(), rrsets);
}

void applyDelta(ZoneEdit& edit, const Plan& plan, TimeLeft& hasTime) {
  for (const Removal& removal : plan.removals) {
    if (!hasTime()) return;
    if (removal.type)
      edit.removeRRset(removal.name, *removal.type);
    else
      edit.removeName(removal.name);
  }
  for (const EmptyEndpoint& endpoint : plan.emptied)
    for (const RRType type : kAddressTypes) edit.removeRRset(endpoint.owner, type);
  if (!plan.sets) return;
  plan.sets->names().forEach([&](NodeView planned) {
    if (planned.rrsetCount() > 0) applyNode(edit, planned);
    return hasTime();
  });
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

std::shared_ptr<const Zone> finishKeeping(ZoneEdit& edit, const Zone& before, Generation generation,
                                          std::uint32_t serial, WallTime at, const CompileOptions& options) {
  for (const Name& name : options.kept) edit.setRRsets(name, ownedRRsets(before.find(name)));
  if (TimeLeft(options.deadline).isOver()) return nullptr;
  return finishWithSerial(edit, generation, serial, at);
}

}  // namespace

std::shared_ptr<const Zone> compilePlan(const Zone& before, const Plan& plan, Generation generation,
                                        std::uint32_t serial, WallTime at, const CompileOptions& options) {
  if (plan.kind == PlanKind::Delta) {
    ZoneEdit edit(before);
    TimeLeft hasTime(options.deadline);
    applyDelta(edit, plan, hasTime);
    return finishKeeping(edit, before, generation, serial, at, options);
  }
  const auto base = sharing(plan.sets ? *plan.sets : Zone(plan.zone), before, at);
  ZoneEdit edit(*base);
  if (const NodeView apex = before.apexNode(); apex && !plan.soaSerial && apex.has(RRType::SOA))
    edit.setRRset(edit.apex(), apex.find(RRType::SOA).toOwned());
  return finishKeeping(edit, before, generation, serial, at, options);
}

std::shared_ptr<const Zone> restoreContent(const Zone& now, const Zone& old, Generation generation,
                                           std::uint32_t serial, WallTime at, const CompileOptions& options) {
  const auto base = sharing(old, now, at);
  ZoneEdit edit(*base);
  return finishKeeping(edit, now, generation, serial, at, options);
}

}  // namespace holdfast
