// What is stored of a change is written here; zone/store_decode.cc reads it.
#include "zone/store_codec.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>

#include "zone/compression.h"
#include "zone/octets.h"
#include "zone/parallel.h"
#include "zone/stored_form.h"
#include "zone/stored_rrsets.h"

namespace holdfast {

namespace {

using namespace stored_form;

/// More than these, before or after, are not worth keeping in view of the compressor, nor in memory.
constexpr std::size_t kMostAlike = 16 << 20;
/// A block of no more octets is stored as it is: a frame takes 13 besides what it holds.
constexpr std::size_t kIncompressible = 32;
/// So much of a large change is compressed at once, by one thread.
constexpr std::size_t kPartOctets = 1 << 20;

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

/// Or only the number of children. REQUIRES: the nodes differ; all else in a node follows from its RRsets.
bool changesData(const NodeChange& change) noexcept {
  const auto& [before, after] = change;
  const bool isCountAlike = before && after && before.children() == after.children();
  return isCountAlike || !sameData(before, after);
}

void putBlock(std::string& out, const std::string& block, std::string_view alike) {
  std::string packed;
  if (block.size() > kIncompressible) packed = compressed(block, alike);
  const bool isSmaller = !packed.empty() && packed.size() < block.size();
  const std::string& smaller = isSmaller ? packed : block;
  OctetWriter(out).varint(block.size()).varint(smaller.size()).octets(smaller);
}

/// Some of one part of a zone's changes.
using Changes = std::span<const NodeChange>;

void putOwner(OctetWriter& out, const NodeChange& change, NameView apex) {
  const NameView name = change.name();
  out.counted<std::uint8_t>(charsOf(name.bytes().first(name.size() - apex.size())));
}

/// As they are compiled. What is stored of them is less, mostly.
std::size_t octetsOf(const NodeChanges& changes, std::uint64_t NodeChanges::Part::*which) {
  std::size_t octets = 0;
  for (const NodeChanges::Part& part : changes.parts()) octets += part.*which;
  return octets;
}

/// None where there is too much to keep in view of the compressor.
std::optional<std::string> encodeSmall(const NodeChanges& changes, const Zone& before, NameView apex) {
  std::string owners, was, is;
  is.reserve(octetsOf(changes, &NodeChanges::Part::octetsAfter));
  if (before.hasContent())
    was.reserve(std::min(octetsOf(changes, &NodeChanges::Part::octetsBefore), 2 * kMostAlike));
  for (const NodeChange& change : changes) {
    if (!changesData(change)) continue;
    OctetWriter ownersOut(owners), wasOut(was), isOut(is);
    putOwner(ownersOut, change, apex);
    putRRsets(isOut, change.after, RRsetForm::Third);
    if (is.size() > kMostAlike) return std::nullopt;
    if (before.hasContent() && was.size() <= kMostAlike) putRRsets(wasOut, change.before, RRsetForm::Third);
  }
  const bool isAlike = !was.empty() && was.size() <= kMostAlike;
  std::string out(kMagic3);
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
  void setPart(std::size_t part, std::string_view octets, PartCompressor& compressor) {
    frames_[part] = compressor.frameOf(octets);
    sizes_[part] = octets.size();
  }
  /// So many are put, and a few more.
  std::size_t octets() const noexcept {
    return std::accumulate(frames_.begin(), frames_.end(), std::size_t{0},
                           [](std::size_t sum, const std::string& frame) { return sum + frame.size(); });
  }
  void put(std::string& out) {
    const auto size = std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t{0});
    std::uint64_t stored = octets();
    if (stored == size) {  // that would say that nothing is compressed
      frames_.push_back(PartCompressor().frameOf({}));
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

/// What packs one part after the other. Its memory is as large as they are, and is kept from one to the next.
struct Packer {
  PartCompressor compressor{};
  std::string names{}, is{};

  void pack(Changes changes, NameView apex) {
    names.clear();
    is.clear();
    OctetWriter namesOut(names), isOut(is);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (i + kChangesAhead < changes.size()) changes[i + kChangesAhead].prefetch();
      if (!changesData(changes[i])) continue;
      putOwner(namesOut, changes[i], apex);
      putRRsets(isOut, changes[i].after, RRsetForm::Third);
    }
  }
};

/// As many as pack at once. Any thread.
class Packers {
 public:
  std::unique_ptr<Packer> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Packer>();
    auto packer = std::move(idle_.back());
    idle_.pop_back();
    return packer;
  }
  void giveBack(std::unique_ptr<Packer> packer) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(packer));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Packer>> idle_;
};

/// About kPartOctets each, before and after together.
std::vector<Changes> partsOf(const NodeChanges& changes) {
  std::vector<Changes> parts;
  for (const NodeChanges::Part& all : changes.parts()) {
    const std::size_t count = (all.octetsBefore + all.octetsAfter) / kPartOctets + 1;
    const std::size_t each = (all.changes.size() + count - 1) / count;
    for (Changes rest = all.changes; !rest.empty(); rest = rest.subspan(parts.back().size()))
      parts.push_back(rest.first(std::min(each, rest.size())));
  }
  return parts;
}

std::string encodeLarge(const NodeChanges& changes, NameView apex, const std::stop_token& stop) {
  const std::vector<Changes> parts = partsOf(changes);
  LargeBlock owners(parts.size()), rrsets(parts.size());
  Packers packers;
  inParallel(parts.size(), true, [&](std::size_t part) {
    if (stop.stop_requested()) return;
    std::unique_ptr<Packer> packer = packers.take();
    packer->pack(parts[part], apex);
    owners.setPart(part, packer->names, packer->compressor);
    rrsets.setPart(part, packer->is, packer->compressor);
    packers.giveBack(std::move(packer));
  });
  if (stop.stop_requested()) return {};
  std::string out;
  out.reserve(kMagic3.size() + 64 + owners.octets() + rrsets.octets());
  out.append(kMagic3);
  OctetWriter(out).number(std::uint8_t{0});
  owners.put(out);
  rrsets.put(out);
  return out;
}

}  // namespace

std::string encodeChange(const Zone& before, const Zone& after, const NodeChanges& changes,
                         const std::stop_token& stop) {
  std::optional<std::string> small;
  if (octetsOf(changes, &NodeChanges::Part::octetsAfter) <= kMostAlike)
    small = encodeSmall(changes, before, after.apex());
  return small ? *std::move(small) : encodeLarge(changes, after.apex(), stop);
}

std::string encodeChange(const Zone& before, const Zone& after) {
  return encodeChange(before, after, NodeChanges(before.names(), after.names()));
}

}  // namespace holdfast
