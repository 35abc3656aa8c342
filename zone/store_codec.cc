#include "zone/store_codec.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>

#include "zone/compression.h"
#include "zone/octets.h"
#include "zone/parallel.h"

namespace holdfast {

namespace {

// A body of schema 1 is "HFC1" and then, for each owner, its whole name and its RRsets, uncompressed.
constexpr std::string_view kMagic1 = "HFC1";
// One of schema 2 is "HFC2", flags, and two blocks: the owners, relative to the apex, and for each of them
// its RRsets. A block is its size, its size as stored, and that: compressed where the two differ.
constexpr std::string_view kMagic2 = "HFC2";
constexpr std::uint8_t kAlike = 1;  ///< the RRsets are compressed against those before
/// More than these, before or after, are not worth keeping in view of the compressor, nor in memory.
constexpr std::size_t kMostAlike = 16 << 20;
/// So much of a large change is compressed at once, by one thread.
constexpr std::size_t kPartOctets = 1 << 20;

std::string_view textOf(std::span<const std::uint8_t> octets) noexcept {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

bool sameData(NodeView a, NodeView b) noexcept {
  const std::size_t countA = a ? a.rrsetCount() : 0;
  const std::size_t countB = b ? b.rrsetCount() : 0;
  if (countA != countB) return false;
  if (countA == 0) return true;
  auto other = b.begin();
  for (const RRsetView rrset : a) {
    if (!std::ranges::equal(rrset.bytes(), (*other).bytes())) return false;
    ++other;
  }
  return true;
}

void putRRsets(OctetWriter& out, NodeView node) {
  out.number(node ? node.rrsetCount() : std::uint16_t{0});
  if (!node) return;
  for (const RRsetView rrset : node) {
    out.number(static_cast<std::uint16_t>(rrset.type())).number(rrset.ttl()).number(rrset.pick());
    out.number(static_cast<std::uint8_t>(rrset.isEndpoint() ? 1 : 0)).number(rrset.count());
    for (const auto rdata : rrset) out.counted<std::uint16_t>(textOf(rdata));
    if (!rrset.isEndpoint()) continue;
    RRsetView::IdIterator id = rrset.ids();
    for (unsigned i = 0; i < rrset.count(); ++i, ++id)
      out.number(rrset.weight(i)).counted<std::uint8_t>(textOf(*id));
  }
}

RRset takeRRset(OctetReader& reader) {
  RRset rrset;
  rrset.type = static_cast<RRType>(reader.number<std::uint16_t>());
  rrset.ttl = reader.number<std::uint32_t>();
  rrset.pick = reader.number<std::uint16_t>();
  const bool hasTargets = reader.number<std::uint8_t>() != 0;
  const auto count = reader.number<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i)
    rrset.rdata.emplace_back(reader.counted<std::uint16_t>());
  for (unsigned i = 0; hasTargets && i < count && reader.ok(); ++i) {
    Target target;
    target.weight = reader.number<std::uint32_t>();
    target.id = reader.counted<std::uint8_t>();
    rrset.targets.push_back(std::move(target));
  }
  return rrset;
}

void putBlock(std::string& out, const std::string& block, std::string_view alike) {
  const std::string packed = compressed(block, alike);
  const std::string& smaller = packed.size() < block.size() ? packed : block;
  OctetWriter(out).varint(block.size()).varint(smaller.size()).octets(smaller);
}

Result<std::string> takeBlock(OctetReader& reader, std::string_view alike) {
  const std::uint64_t size = reader.varint(), stored = reader.varint();
  const std::string_view bytes = reader.octets(stored);
  if (!reader.ok()) return Error{ErrorKind::Store, "", "is cut off"};
  if (stored == size) return std::string(bytes);
  return decompressed(bytes, size, alike);
}

Error corrupt(std::string_view what) {
  return {ErrorKind::Store, "", "the stored change " + std::string(what)};
}

Result<Name> takeOwner(OctetReader& reader, NameView apex, bool isRelative) {
  std::string wire(reader.counted<std::uint8_t>());
  if (isRelative) wire.append(reinterpret_cast<const char*>(apex.data()), apex.size());
  Result<Name> name = Name::fromWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
  if (!name || !name->view().isAtOrBelow(apex)) return corrupt("has a bad name");
  return name;
}

Status applyRRsets(OctetReader& reader, const Name& owner, ZoneEdit& edit) {
  std::vector<RRset> rrsets;
  const auto count = reader.number<std::uint16_t>();
  for (unsigned i = 0; i < count && reader.ok(); ++i) rrsets.push_back(takeRRset(reader));
  for (const RRset& rrset : rrsets)
    for (const std::string& rdata : rrset.rdata)
      if (!isWholeRdata(rrset.type, rdata)) return corrupt("has bad RDATA");
  if (!reader.ok()) return corrupt("is cut off");
  edit.setRRsets(owner, rrsets);
  return Done{};
}

Status applyFirstForm(OctetReader reader, ZoneEdit& edit) {
  while (!reader.atEnd()) {
    const Result<Name> owner = takeOwner(reader, edit.apex(), false);
    if (!owner) return owner.error();
    if (Status applied = applyRRsets(reader, *owner, edit); !applied) return applied;
  }
  return Done{};
}

Result<std::vector<Name>> takeOwners(OctetReader& reader, NameView apex) {
  const Result<std::string> block = takeBlock(reader, {});
  if (!block) return corrupt(block.error().what);
  std::vector<Name> owners;
  for (OctetReader names(*block); !names.atEnd();) {
    Result<Name> owner = takeOwner(names, apex, true);
    if (!owner) return std::move(owner).error();
    owners.push_back(*std::move(owner));
  }
  return owners;
}

}  // namespace

namespace {

struct Change {
  NodeView before, after;
};
using Changes = std::span<const Change>;

/// Each owner whose data differs.
std::vector<Change> changesBetween(const Zone& before, const Zone& after) {
  std::vector<Change> changes;
  NameTable::differences(before.names(), after.names(), [&](NodeView old, NodeView now) {
    if (!sameData(old, now)) changes.push_back({old, now});  // else only its number of children differs
    return true;
  });
  return changes;
}

void putOwner(OctetWriter& out, const Change& change, NameView apex) {
  const NameView name = (change.before ? change.before : change.after).name();
  out.counted<std::uint8_t>({reinterpret_cast<const char*>(name.data()), name.size() - apex.size()});
}

/// None where there is too much to keep in view of the compressor.
std::optional<std::string> encodeSmall(Changes changes, const Zone& before, NameView apex) {
  std::string owners, was, is;
  for (const Change& change : changes) {
    OctetWriter ownersOut(owners), wasOut(was), isOut(is);
    putOwner(ownersOut, change, apex);
    putRRsets(isOut, change.after);
    if (is.size() > kMostAlike) return std::nullopt;
    if (before.hasContent() && was.size() <= kMostAlike) putRRsets(wasOut, change.before);
  }
  const bool isAlike = !was.empty() && was.size() <= kMostAlike;
  std::string out(kMagic2);
  OctetWriter(out).number(isAlike ? kAlike : std::uint8_t{0});
  putBlock(out, owners, {});
  putBlock(out, is, isAlike ? std::string_view(was) : std::string_view());
  return out;
}

/// A block that is compressed part by part, each a frame of its own.
class LargeBlock {
 public:
  explicit LargeBlock(std::size_t parts) : frames_(parts), sizes_(parts) {}

  /// Different parts by any threads.
  void setPart(std::size_t part, std::string_view octets) {
    frames_[part] = compressedPart(octets);
    sizes_[part] = octets.size();
  }
  void put(std::string& out) {
    const auto size = std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0});
    std::uint64_t stored = 0;
    for (const std::string& frame : frames_) stored += frame.size();
    if (stored == size) {  // that would say that nothing is compressed
      frames_.push_back(compressedPart({}));
      stored += frames_.back().size();
    }
    OctetWriter writer(out);
    writer.varint(size).varint(stored);
    for (std::string& frame : frames_) {
      writer.octets(frame);
      frame = {};
    }
  }

 private:
  std::vector<std::string> frames_;
  std::vector<std::uint64_t> sizes_;
};

/// Cuts where the nodes come to kPartOctets, before and after together.
std::vector<Changes> partsOf(Changes changes) {
  std::vector<Changes> parts;
  std::size_t begin = 0, octets = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (const NodeView node : {changes[i].before, changes[i].after})
      octets += node ? node.bytes().size() : 0;
    if (octets < kPartOctets && i + 1 < changes.size()) continue;
    parts.push_back(changes.subspan(begin, i + 1 - begin));
    begin = i + 1;
    octets = 0;
  }
  return parts;
}

std::string encodeLarge(Changes changes, NameView apex, const std::stop_token& stop) {
  const std::vector<Changes> parts = partsOf(changes);
  LargeBlock owners(parts.size()), rrsets(parts.size());
  inParallel(parts.size(), true, [&](std::size_t part) {
    if (stop.stop_requested()) return;
    std::string names, is;
    OctetWriter namesOut(names), isOut(is);
    for (const Change& change : parts[part]) {
      putOwner(namesOut, change, apex);
      putRRsets(isOut, change.after);
    }
    owners.setPart(part, names);
    rrsets.setPart(part, is);
  });
  if (stop.stop_requested()) return {};
  std::string out(kMagic2);
  OctetWriter(out).number(std::uint8_t{0});
  owners.put(out);
  rrsets.put(out);
  return out;
}

}  // namespace

std::string encodeChange(const Zone& before, const Zone& after, const std::stop_token& stop) {
  const std::vector<Change> changes = changesBetween(before, after);
  std::size_t octets = 0;
  for (const Change& change : changes) octets += change.after ? change.after.bytes().size() : 0;
  std::optional<std::string> small;
  if (octets <= kMostAlike) small = encodeSmall(changes, before, after.apex());
  return small ? *std::move(small) : encodeLarge(changes, after.apex(), stop);
}

Status applyChange(std::string_view stored, ZoneEdit& edit) {
  OctetReader reader(stored);
  const std::string_view magic = reader.octets(kMagic2.size());
  if (magic == kMagic1) return applyFirstForm(reader, edit);
  if (magic != kMagic2) return corrupt("has an unknown format");
  const bool isAlike = (reader.number<std::uint8_t>() & kAlike) != 0;
  const Result<std::vector<Name>> owners = takeOwners(reader, edit.apex());
  if (!owners) return owners.error();
  std::string was;
  OctetWriter writer(was);
  if (isAlike)
    for (const Name& owner : *owners) putRRsets(writer, edit.find(owner));
  const Result<std::string> block = takeBlock(reader, was);
  if (!block) return corrupt(block.error().what);
  OctetReader rrsets(*block);
  for (const Name& owner : *owners)
    if (Status applied = applyRRsets(rrsets, owner, edit); !applied) return applied;
  if (!rrsets.atEnd() || !reader.atEnd()) return corrupt("has more RRsets than owners");
  return Done{};
}

Result<std::vector<Name>> ownersIn(std::string_view stored, NameView apex) {
  OctetReader reader(stored);
  const std::string_view magic = reader.octets(kMagic2.size());
  if (magic == kMagic2) {
    (void)reader.number<std::uint8_t>();
    return takeOwners(reader, apex);
  }
  if (magic != kMagic1) return corrupt("has an unknown format");
  std::vector<Name> owners;
  while (!reader.atEnd()) {
    Result<Name> owner = takeOwner(reader, apex, false);
    if (!owner) return std::move(owner).error();
    const auto count = reader.number<std::uint16_t>();
    for (unsigned i = 0; i < count && reader.ok(); ++i) (void)takeRRset(reader);
    if (!reader.ok()) return corrupt("is cut off");
    owners.push_back(*std::move(owner));
  }
  return owners;
}

}  // namespace holdfast
