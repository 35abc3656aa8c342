#include "zone/plan_builder.h"

#include <algorithm>
#include <utility>

#include "zone/zone_make.h"

namespace holdfast {

namespace {

bool isMetaType(RRType type) noexcept {
  const auto number = static_cast<unsigned>(type);
  return number == 0 || type == RRType::OPT || (number >= 128 && number <= 255);  // RFC 6895 section 3.1
}

constexpr std::uint32_t kMaxTtl = 0x7fffffffu;  // RFC 2181 section 8
/// More are counted: no list that is shown is longer.
constexpr std::size_t kMaxNotes = 1000;

bool hasPlainAddresses(NodeView node) noexcept {
  for (const RRsetView rrset : node)
    if (isAddressType(rrset.type()) && !rrset.isEndpoint()) return true;
  return false;
}

}  // namespace

Status PlanBuilder::countRecords(std::size_t more) {
  records_ += more;
  if (records_ <= limits_.records) return Done{};
  return Error{
      ErrorKind::TooLarge, "",
      "the plan has more than " + std::to_string(limits_.records) + " records (limits.plan-records)"};
}

Status PlanBuilder::add(const RecordView& record, std::uint32_t number) {
  if (Status counted = countRecords(1); !counted) return counted;
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::Invalid, "", toText(record.owner) + " " + toText(record.type) + " " + what};
  };
  if (!(record.owner == owner_.view())) {
    flush();
    if (!record.owner.isAtOrBelow(plan_.zone)) return wrong("is outside the zone " + plan_.zone.text());
    owner_.assign(record.owner);
  }
  if (isMetaType(record.type)) return wrong("is a type that no zone may hold");
  if (record.type == RRType::SOA) {
    if (!(record.owner == plan_.zone.view())) return wrong("is not at the apex " + plan_.zone.text());
    plan_.soaSerial = soaSerial(record.rdata);
  }
  Draft& draft = draftOf(record, number);
  noteTtl(record, draft, number);
  const std::uint32_t ttl = record.ttl > kMaxTtl ? 0 : record.ttl;
  draft.rrset.ttl = draft.rrset.rdata.empty() ? ttl : std::min(draft.rrset.ttl, ttl);  // RFC 2181 section 5.2
  draft.rrset.rdata.emplace_back(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size());
  return Done{};
}

PlanBuilder::Draft& PlanBuilder::draftOf(const RecordView& record, std::uint32_t number) {
  for (std::size_t i = 0; i < used_; ++i)
    if (drafts_[i].rrset.type == record.type) return drafts_[i];
  if (used_ == drafts_.size()) drafts_.emplace_back();
  Draft& draft = drafts_[used_++];
  draft.rrset.type = record.type;
  draft.rrset.rdata.clear();
  draft.firstTtl = record.ttl;
  draft.number = number;
  draft.ttlDiffers = false;
  return draft;
}

void PlanBuilder::noteTtl(const RecordView& record, Draft& draft, std::uint32_t number) {
  if (record.ttl > kMaxTtl)
    note(PlanNote::Kind::TtlTooLarge, owner_, record.type, plan_.places.record(number),
         std::to_string(record.ttl) + " s");
  // Signatures over several RRsets share a type and have the TTLs of what they cover (RFC 4034 section 3).
  if (draft.ttlDiffers || draft.firstTtl == record.ttl || record.type == RRType::RRSIG) return;
  draft.ttlDiffers = true;
  note(PlanNote::Kind::TtlDiffers, owner_, record.type, plan_.places.record(number),
       std::to_string(record.ttl) + " s after " + std::to_string(draft.firstTtl) + " s");
}

/// What was gathered of the owner becomes a node.
void PlanBuilder::flush() {
  if (used_ == 0) return;
  const std::uint64_t hash = HashedName(owner_).hash();
  std::vector<RRset> rrsets;
  for (std::size_t i = 0; i < used_; ++i) {
    Draft& draft = drafts_[i];
    const std::size_t records = draft.rrset.rdata.size();
    draft.rrset.canonicalise();
    if (const std::size_t left = draft.rrset.rdata.size(); left < records)
      noteDuplicates(owner_, draft.rrset.type, plan_.places.record(draft.number), records, left);
    plan_.places.addRecord(hash, draft.rrset.type, draft.number);
    rrsets.push_back(std::move(draft.rrset));
  }
  used_ = 0;
  nodes_.add(hash, encodeNode(owner_, 0, settled(std::move(rrsets))));
}

void PlanBuilder::join(GatheredNodes&& endpoints, PlanPlaces&& places) {
  nodes_.join(std::move(endpoints));
  plan_.places.join(std::move(places));
}

Error PlanBuilder::overlapOf(NodeView records) const {
  const RRType type = records.has(RRType::A) ? RRType::A : RRType::AAAA;
  Error error{ErrorKind::Malformed, "",
              toText(records.name()) + " " + toText(type) + " is already an endpoint of this plan"};
  const PlanPlaces::Wanted wanted{records.name(), type, &error.where};
  plan_.places.find({&wanted, 1}, nullptr);
  return error;
}

/// Two nodes of one owner: records that did not follow each other, or an endpoint and records beside it.
Result<std::string> PlanBuilder::merge(NodeView a, NodeView b) {
  if (a.isEndpoint() && b.isEndpoint())
    return Error{ErrorKind::Malformed, plan_.places.endpoint(a.name(), plan_.zone), "comes twice"};
  for (const auto& [endpoint, records] : {std::pair(a, b), std::pair(b, a)})
    if (endpoint.isEndpoint() && hasPlainAddresses(records)) return overlapOf(records);
  std::vector<RRset> merged = ownedRRsets(a);
  for (RRset& more : ownedRRsets(b)) {
    const auto same = std::ranges::find(merged, more.type, &RRset::type);
    if (same == merged.end())
      merged.push_back(std::move(more));
    else
      gather(*same, more, a.name());
  }
  return encodeNode(a.name(), 0, settled(std::move(merged)));
}

void PlanBuilder::gather(RRset& into, const RRset& more, NameView owner) {
  const std::size_t before = into.rdata.size();
  const std::uint32_t firstTtl = into.ttl;
  into.ttl = std::min(into.ttl, more.ttl);
  into.rdata.insert(into.rdata.end(), more.rdata.begin(), more.rdata.end());
  into.canonicalise();
  const std::lock_guard lock(merging_);
  const auto [at, isNew] = scattered_.try_emplace({Name(owner), into.type}, Scattered{firstTtl, before});
  Scattered& scattered = at->second;
  scattered.records += more.rdata.size();
  scattered.distinct = into.rdata.size();
  const std::size_t group = scattered.groups++;
  if (scattered.ttlDiffers || more.ttl == scattered.firstTtl || into.type == RRType::RRSIG) return;
  scattered.ttlDiffers = true;
  std::erase_if(plan_.notes,
                [&](const PlanNote& known) {  // of a later difference, among those that did follow
                  return known.kind == PlanNote::Kind::TtlDiffers && known.type == into.type &&
                         known.owner.view() == owner;
                });
  if (plan_.notes.size() < kMaxNotes)
    note(PlanNote::Kind::TtlDiffers, owner, into.type,
         plan_.places.record(HashedName(owner).hash(), into.type, group),
         std::to_string(more.ttl) + " s after " + std::to_string(scattered.firstTtl) + " s");
  else
    ++plan_.unlistedNotes;
}

Status PlanBuilder::finish() {
  flush();
  Result<std::shared_ptr<const Zone>> sets =
      makeZone(plan_.zone, std::move(nodes_), [this](NodeView a, NodeView b) { return merge(a, b); });
  if (!sets) return std::move(sets).error();
  plan_.sets = *std::move(sets);
  for (const auto& [key, scattered] : scattered_)
    if (scattered.distinct < scattered.records)
      noteDuplicates(key.first, key.second,
                     plan_.notes.size() < kMaxNotes
                         ? plan_.places.record(HashedName(key.first).hash(), key.second, 0)
                         : "",
                     scattered.records, scattered.distinct);
  std::ranges::stable_sort(plan_.notes, {},
                           [](const PlanNote& each) { return std::pair(each.kind, each.owner); });
  return checkEmptied();
}

Status PlanBuilder::checkEmptied() {
  std::ranges::sort(plan_.emptied, {}, &EmptyEndpoint::owner);
  for (std::size_t i = 0; i < plan_.emptied.size(); ++i) {
    const auto& [owner, where] = plan_.emptied[i];
    const NodeView node = plan_.sets->find(owner);
    const bool isAgain = i > 0 && plan_.emptied[i - 1].owner == owner;
    if (isAgain || (node && node.isEndpoint())) return Error{ErrorKind::Malformed, where, "comes twice"};
    if (node && hasPlainAddresses(node)) return overlapOf(node);
  }
  return Done{};
}

void PlanBuilder::noteDuplicates(NameView owner, RRType type, std::string where, std::size_t records,
                                 std::size_t distinct) {
  note(PlanNote::Kind::Duplicate, owner, type, std::move(where),
       std::to_string(records) + " records, of which " + std::to_string(distinct) + " differ");
}

void PlanBuilder::note(PlanNote::Kind kind, NameView owner, RRType type, std::string where,
                       std::string observed) {
  if (plan_.notes.size() >= kMaxNotes) {
    ++plan_.unlistedNotes;
    return;
  }
  plan_.notes.push_back({kind, Name(owner), type, std::move(where), std::move(observed)});
}

}  // namespace holdfast
