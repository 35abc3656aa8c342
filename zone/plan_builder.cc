#include "zone/plan_builder.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "zone/zone_make.h"

namespace holdfast {

namespace {

bool isMetaType(RRType type) noexcept {
  const auto number = static_cast<unsigned>(type);
  return number == 0 || type == RRType::OPT || (number >= 128 && number <= 255);  // RFC 6895 section 3.1
}

/// Of one RRset: what a message could count (RFC 1035 section 4.1.1).
constexpr std::size_t kMostRecords = 65'535;
/// More are counted: no list that is shown is longer.
constexpr std::size_t kMaxNotes = 1000;

std::string duplicatesText(std::size_t records, std::size_t distinct) {
  return std::to_string(records) + " records, of which " + std::to_string(distinct) + " differ";
}

bool hasPlainAddresses(NodeView node) noexcept {
  for (const RRsetView rrset : node)
    if (isAddressType(rrset.type()) && !rrset.isEndpoint()) return true;
  return false;
}

}  // namespace

Status PlanBuilder::countRecords(std::size_t more) {
  records_ += more;
  if (records_ <= limits_.records) return Done{};
  return tooManyRecords(limits_);
}

Status PlanBuilder::add(const RecordView& record, std::uint32_t number) {
  if (Status counted = countRecords(1); !counted) return counted;
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::Invalid, "", toText(record.owner) + " " + toText(record.type) + " " + what};
  };
  if (used_ == 0 || !(record.owner == owner_.view())) {
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
  if (draft.rrset.rdata.size() == kMostRecords) return wrong("has more than 65535 records");
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
  const std::uint64_t hash = HashedName::of(owner_);
  std::vector<RRset> rrsets;
  for (std::size_t i = 0; i < used_; ++i) {
    Draft& draft = drafts_[i];
    const std::size_t records = draft.rrset.rdata.size();
    draft.rrset.canonicalise();
    if (const std::size_t left = draft.rrset.rdata.size(); left < records)
      note(PlanNote::Kind::Duplicate, owner_, draft.rrset.type, plan_.places.record(draft.number),
           duplicatesText(records, left));
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

namespace {

/// An RRset whose records stand in several nodes of one owner.
struct Scattered {
  RRset rrset;
  std::uint32_t firstTtl;
  std::size_t records, groups = 1;
  std::optional<std::uint32_t> otherTtl{};  // the first that differs
  std::size_t otherGroup = 0;

  void add(RRset more) {
    if (!otherTtl && more.ttl != firstTtl && more.type != RRType::RRSIG) {
      otherTtl = more.ttl;
      otherGroup = groups;
    }
    ++groups;
    records += more.rdata.size();
    rrset.ttl = std::min(rrset.ttl, more.ttl);
    std::ranges::move(more.rdata, std::back_inserter(rrset.rdata));
  }
};

}  // namespace

/// Nodes of one owner: records that did not follow each other, or an endpoint and records beside it.
Result<std::string> PlanBuilder::merge(std::span<const NodeView> nodes) {
  const NameView owner = nodes.front().name();
  if (std::ranges::count_if(nodes, &NodeView::isEndpoint) > 1)
    return Error{ErrorKind::Malformed, plan_.places.endpoint(owner, plan_.zone), "comes twice"};
  if (std::ranges::any_of(nodes, &NodeView::isEndpoint))
    if (const auto records = std::ranges::find_if(nodes, hasPlainAddresses); records != nodes.end())
      return overlapOf(*records);
  std::vector<Scattered> merged;
  for (const NodeView node : nodes)
    for (RRset& rrset : ownedRRsets(node)) {
      const auto same =
          std::ranges::find(merged, rrset.type, [](const Scattered& each) { return each.rrset.type; });
      const std::uint32_t ttl = rrset.ttl;
      const std::size_t records = rrset.rdata.size();
      if (same == merged.end())
        merged.push_back({std::move(rrset), ttl, records});
      else
        same->add(std::move(rrset));
    }
  std::vector<RRset> rrsets;
  for (Scattered& each : merged) {
    if (each.groups > 1) each.rrset.canonicalise();
    const RRType type = each.rrset.type;
    if (each.rrset.rdata.size() > kMostRecords)
      return Error{ErrorKind::Invalid, "",
                   toText(owner) + " " + toText(type) + " has more than 65535 records"};
    if (each.otherTtl)
      noteScattered({PlanNote::Kind::TtlDiffers, Name(owner), type, "",
                     std::to_string(*each.otherTtl) + " s after " + std::to_string(each.firstTtl) + " s"},
                    each.otherGroup);
    if (const std::size_t distinct = each.rrset.rdata.size(); distinct < each.records)
      noteScattered(
          {PlanNote::Kind::Duplicate, Name(owner), type, "", duplicatesText(each.records, distinct)}, 0);
    rrsets.push_back(std::move(each.rrset));
  }
  return encodeNode(owner, 0, settled(std::move(rrsets)));
}

void PlanBuilder::noteScattered(PlanNote note, std::size_t group) {
  const std::lock_guard lock(merging_);
  if (scattered_.size() < kMaxNotes)
    scattered_.emplace_back(std::move(note), group);
  else
    ++plan_.unlistedNotes;
}

/// In the order of owners, as threads found them in any.
void PlanBuilder::placeScattered() {
  std::ranges::sort(scattered_, {},
                    [](const auto& each) { return std::pair(each.first.owner, each.first.kind); });
  std::vector<PlanPlaces::Nth> wanted;
  for (auto& [note, group] : scattered_)
    wanted.push_back({HashedName::of(note.owner), note.type, group, &note.where});
  plan_.places.find(wanted);
  for (auto& [found, group] : scattered_) {
    // A difference among records that did follow each other is a later one.
    if (found.kind == PlanNote::Kind::TtlDiffers)
      std::erase_if(plan_.notes, [&note = found](const PlanNote& known) {
        return known.kind == note.kind && known.type == note.type && known.owner == note.owner;
      });
    note(found.kind, found.owner, found.type, std::move(found.where), std::move(found.observed));
  }
  std::ranges::stable_sort(plan_.notes, {}, &PlanNote::kind);
}

Status PlanBuilder::finish() {
  flush();
  Result<std::shared_ptr<const Zone>> sets = makeZone(
      plan_.zone, std::move(nodes_), [this](std::span<const NodeView> nodes) { return merge(nodes); });
  if (!sets) return std::move(sets).error();
  plan_.sets = *std::move(sets);
  if (!scattered_.empty()) placeScattered();
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

void PlanBuilder::note(PlanNote::Kind kind, NameView owner, RRType type, std::string where,
                       std::string observed) {
  if (plan_.notes.size() >= kMaxNotes) {
    ++plan_.unlistedNotes;
    return;
  }
  plan_.notes.push_back({kind, Name(owner), type, std::move(where), std::move(observed)});
}

}  // namespace holdfast
