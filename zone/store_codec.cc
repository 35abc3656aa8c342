// What is stored of a change is written here; zone/store_decode.cc reads it.
#include "zone/store_codec.h"

#include <algorithm>
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

void putBlock(std::string& out, const std::string& block, std::string_view alike) {
  std::string packed;
  if (block.size() > kIncompressible) packed = compressed(block, alike);
  const bool isSmaller = !packed.empty() && packed.size() < block.size();
  const std::string& smaller = isSmaller ? packed : block;
  OctetWriter(out).varint(block.size()).varint(smaller.size()).octets(smaller);
}

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
  out.counted<std::uint8_t>(charsOf(name.bytes().first(name.size() - apex.size())));
}

/// How many octets the RRsets have as they are compiled. As they are stored it is less, mostly.
std::size_t rrsetOctets(Changes changes, NodeView Change::*which) {
  std::size_t octets = 0;
  for (const Change& change : changes)
    if (const NodeView node = change.*which)
      for (const RRsetView rrset : node) octets += rrset.bytes().size();
  return octets;
}

/// None where there is too much to keep in view of the compressor.
std::optional<std::string> encodeSmall(Changes changes, const Zone& before, NameView apex) {
  std::string owners, was, is;
  is.reserve(rrsetOctets(changes, &Change::after));
  if (before.hasContent()) was.reserve(std::min(rrsetOctets(changes, &Change::before), 2 * kMostAlike));
  for (const Change& change : changes) {
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
  void setPart(std::size_t part, std::string_view octets) {
    frames_[part] = compressedPart(octets);
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
    is.reserve(rrsetOctets(parts[part], &Change::after));
    OctetWriter namesOut(names), isOut(is);
    for (const Change& change : parts[part]) {
      putOwner(namesOut, change, apex);
      putRRsets(isOut, change.after, RRsetForm::Third);
    }
    owners.setPart(part, names);
    rrsets.setPart(part, is);
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

std::string encodeChange(const Zone& before, const Zone& after, const std::stop_token& stop) {
  const std::vector<Change> changes = changesBetween(before, after);
  std::size_t octets = 0;
  for (const Change& change : changes) octets += change.after ? change.after.bytes().size() : 0;
  std::optional<std::string> small;
  if (octets <= kMostAlike) small = encodeSmall(changes, before, after.apex());
  return small ? *std::move(small) : encodeLarge(changes, after.apex(), stop);
}

}  // namespace holdfast
