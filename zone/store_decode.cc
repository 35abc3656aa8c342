// What is stored of a change is read here; zone/store_codec.cc writes it.
#include <algorithm>

#include "zone/compression.h"
#include "zone/gathered_nodes.h"
#include "zone/octets.h"
#include "zone/parallel.h"
#include "zone/store_codec.h"
#include "zone/stored_form.h"
#include "zone/stored_rrsets.h"
#include "zone/zone_make.h"

namespace holdfast {

namespace {

using namespace stored_form;

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
  if (isRelative) wire.append(charsOf(apex.bytes()));
  Result<Name> name = Name::fromWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
  if (!name || !name->view().isAtOrBelow(apex)) return corrupt("has a bad name");
  return name;
}

Result<std::vector<RRset>> takeWholeRRsets(OctetReader& reader, RRsetForm form) {
  std::vector<RRset> rrsets = takeRRsets(reader, form);
  for (const RRset& rrset : rrsets)
    for (const std::string& rdata : rrset.rdata)
      if (!isWholeRdata(rrset.type, rdata)) return corrupt("has bad RDATA");
  if (!reader.ok()) return corrupt("is cut off");
  return rrsets;
}

Status applyRRsets(OctetReader& reader, RRsetForm form, const Name& owner, ZoneEdit& edit) {
  const Result<std::vector<RRset>> rrsets = takeWholeRRsets(reader, form);
  if (!rrsets) return rrsets.error();
  edit.setRRsets(owner, *rrsets);
  return Done{};
}

Status applyFirstForm(OctetReader reader, ZoneEdit& edit) {
  while (!reader.atEnd()) {
    const Result<Name> owner = takeOwner(reader, edit.apex(), false);
    if (!owner) return owner.error();
    if (Status applied = applyRRsets(reader, RRsetForm::Second, *owner, edit); !applied) return applied;
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
    if (!names.ok()) return corrupt("is cut off");
    owners.push_back(*std::move(owner));
  }
  return owners;
}

/// How a change of the second or third form begins.
struct Opened {
  RRsetForm form;
  bool isAlike;
};

Result<Opened> open(OctetReader& reader) {
  const std::string_view magic = reader.octets(kMagic3.size());
  if (magic != kMagic2 && magic != kMagic3) return corrupt("has an unknown format");
  const bool isAlike = (reader.number<std::uint8_t>() & kAlike) != 0;
  return Opened{magic == kMagic3 ? RRsetForm::Third : RRsetForm::Second, isAlike};
}

bool isFirstForm(std::string_view stored) noexcept {
  return stored.starts_with(kMagic1);
}

}  // namespace

Status applyChange(std::string_view stored, ZoneEdit& edit) {
  OctetReader reader(stored);
  if (isFirstForm(stored)) return applyFirstForm(OctetReader(stored.substr(kMagic1.size())), edit);
  const Result<Opened> opened = open(reader);
  if (!opened) return opened.error();
  const Result<std::vector<Name>> owners = takeOwners(reader, edit.apex());
  if (!owners) return owners.error();
  std::string was;
  OctetWriter writer(was);
  if (opened->isAlike)
    for (const Name& owner : *owners) putRRsets(writer, edit.find(owner), opened->form);
  const Result<std::string> block = takeBlock(reader, was);
  if (!block) return corrupt(block.error().what);
  OctetReader rrsets(*block);
  for (const Name& owner : *owners)
    if (Status applied = applyRRsets(rrsets, opened->form, owner, edit); !applied) return applied;
  if (!rrsets.atEnd() || !reader.atEnd()) return corrupt("has more RRsets than owners");
  return Done{};
}

Result<std::vector<Name>> ownersIn(std::string_view stored, NameView apex) {
  OctetReader reader(stored);
  if (!isFirstForm(stored)) {
    const Result<Opened> opened = open(reader);
    return opened ? takeOwners(reader, apex) : opened.error();
  }
  reader.octets(kMagic1.size());
  std::vector<Name> owners;
  while (!reader.atEnd()) {
    Result<Name> owner = takeOwner(reader, apex, false);
    if (!owner) return std::move(owner).error();
    skipRRsets(reader, RRsetForm::Second);
    if (!reader.ok()) return corrupt("is cut off");
    owners.push_back(*std::move(owner));
  }
  return owners;
}

namespace {

/// A large change on its way into a table: its owners become nodes, by several threads, and what is not
/// changed is taken over.
class ChangeAtOnce {
 public:
  /// The two blocks of the change.
  ChangeAtOnce(const Zone& base, RRsetForm form, std::string_view owners, std::string_view rrsets)
      : base_(base), form_(form), owners_(owners), rrsets_(rrsets) {}

  Result<std::shared_ptr<const Zone>> make();

 private:
  /// Where some of the owners begin, in both blocks.
  struct Chunk {
    std::size_t owners = 0, rrsets = 0, count = 0;
  };
  struct Owner {
    std::uint64_t hash;
    std::string_view relative;
  };
  struct Made {
    GatheredNodes nodes;
    std::vector<Owner> owners;
    Status status = Done{};
  };
  Result<std::vector<Chunk>> chunks() const;
  Status read(const Chunk& chunk, Made& made) const;
  GatheredNodes unchanged(std::vector<Owner> owners) const;

  const Zone& base_;
  const RRsetForm form_;
  const std::string_view owners_, rrsets_;
};

Result<std::vector<ChangeAtOnce::Chunk>> ChangeAtOnce::chunks() const {
  constexpr std::size_t kOwners = 8192;
  std::vector<Chunk> chunks;
  OctetReader owners(owners_), rrsets(rrsets_);
  while (!owners.atEnd()) {
    Chunk chunk{owners_.size() - owners.left(), rrsets_.size() - rrsets.left(), 0};
    for (; !owners.atEnd() && chunk.count < kOwners; ++chunk.count) {
      owners.counted<std::uint8_t>();
      skipRRsets(rrsets, form_);
    }
    chunks.push_back(chunk);
  }
  if (!owners.ok() || !rrsets.ok()) return corrupt("is cut off");
  if (!rrsets.atEnd()) return corrupt("has more RRsets than owners");
  return chunks;
}

Status ChangeAtOnce::read(const Chunk& chunk, Made& made) const {
  OctetReader owners(owners_.substr(chunk.owners)), rrsets(rrsets_.substr(chunk.rrsets));
  const NameView apex = base_.apex();
  std::string wire;
  NameBuffer name;
  for (std::size_t i = 0; i < chunk.count; ++i) {
    const std::string_view relative = owners.counted<std::uint8_t>();
    wire.assign(relative).append(charsOf(apex.bytes()));
    if (!name.assignWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}) ||
        !name.view().isAtOrBelow(apex))
      return corrupt("has a bad name");
    Result<std::vector<RRset>> now = takeWholeRRsets(rrsets, form_);
    if (!now) return std::move(now).error();
    const std::uint64_t hash = HashedName::of(name);
    if (base_.hasContent()) made.owners.push_back({hash, relative});
    if (!now->empty()) made.nodes.add(hash, encodeNode(name, 0, settled(*std::move(now))));
  }
  return Done{};
}

/// The nodes of the base that the change does not name, shared with it.
GatheredNodes ChangeAtOnce::unchanged(std::vector<Owner> owners) const {
  std::ranges::sort(owners, {}, &Owner::hash);
  const auto isChanged = [&](std::uint64_t hash, NameView name) {
    const std::string_view octets = charsOf(name.bytes());
    const std::string_view relative = octets.substr(0, octets.size() - base_.apex().size());
    auto owner = std::ranges::lower_bound(owners, hash, {}, &Owner::hash);
    for (; owner != owners.end() && owner->hash == hash; ++owner)
      if (owner->relative == relative) return true;
    return false;
  };
  GatheredNodes nodes(base_.names());
  base_.names().forEach([&](NodeView node) {
    if (node.rrsetCount() == 0) return true;  // there while there are names below it
    const std::uint64_t hash = HashedName::of(node.name());
    if (isChanged(hash, node.name())) return true;
    if (node.children() != 0)
      nodes.add(hash, withChildren(node, 0));
    else
      nodes.add(hash, charsOf(node.bytes()));
    return true;
  });
  return nodes;
}

Result<std::shared_ptr<const Zone>> ChangeAtOnce::make() {
  const Result<std::vector<Chunk>> chunks = this->chunks();
  if (!chunks) return chunks.error();
  std::vector<Made> made(chunks->size());
  inParallel(chunks->size(), true, [&](std::size_t i) { made[i].status = read((*chunks)[i], made[i]); });
  std::vector<Owner> owners;
  for (Made& each : made) {
    if (!each.status) return std::move(each.status).error();
    owners.insert(owners.end(), each.owners.begin(), each.owners.end());
    each.owners = {};
  }
  GatheredNodes nodes = base_.hasContent() ? unchanged(std::move(owners)) : GatheredNodes();
  for (Made& each : made) nodes.join(std::move(each.nodes));
  return makeZone(base_.apex(), std::move(nodes), [](std::span<const NodeView>) -> Result<std::string> {
    return corrupt("has an owner twice");
  });
}

}  // namespace

bool isWorthDoingAtOnce(std::string_view stored, const Zone& base) noexcept {
  constexpr std::size_t kOctetsAtOnce = 256 << 10;  // some 20,000 owners
  OctetReader reader(stored);
  if (isFirstForm(stored) || !open(reader)) return false;
  const std::uint64_t owners = reader.varint();
  constexpr std::uint64_t kOctetsOfOwner = 16, kLeastShare = 16;  // roughly, and of the names there are
  return owners >= kOctetsAtOnce && owners / kOctetsOfOwner >= base.names().size() / kLeastShare;
}

Result<std::shared_ptr<const Zone>> changedAtOnce(std::string_view stored, const Zone& base) {
  OctetReader reader(stored);
  const Result<Opened> opened = open(reader);
  if (!opened) return opened.error();
  const Result<std::string> owners = takeBlock(reader, {});
  if (!owners) return corrupt(owners.error().what);
  std::string was;
  OctetWriter writer(was);
  for (OctetReader names(*owners); opened->isAlike && !names.atEnd();) {
    const Result<Name> owner = takeOwner(names, base.apex(), true);
    if (!owner) return owner.error();
    putRRsets(writer, base.find(*owner), opened->form);
  }
  const Result<std::string> rrsets = takeBlock(reader, was);
  if (!rrsets) return corrupt(rrsets.error().what);
  if (!reader.atEnd()) return corrupt("has more RRsets than owners");
  return ChangeAtOnce(base, opened->form, *owners, *rrsets).make();
}

}  // namespace holdfast
