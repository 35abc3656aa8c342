#include "zone/fence_file.h"

#include "zone/digest.h"
#include "zone/octets.h"
#include "zone/state_directory.h"

namespace holdfast {

namespace {

// "HFF1", for each zone its apex, fence and what is known of it, and SHA-256 over all of it.
constexpr std::string_view kFenceMagic = "HFF1";
constexpr std::size_t kFenceDigest = 32;
constexpr std::uint8_t kIsHeld = 0, kWasRemoved = 1, kCopiesGo = 2;

std::uint8_t stateInFile(const KnownFence& fence) {
  if (fence.copiesGo) return kCopiesGo;
  return fence.removed ? kWasRemoved : kIsHeld;
}

}  // namespace

Status FenceFile::write(const std::vector<KnownFence>& fences) {
  std::string bytes(kFenceMagic);
  OctetWriter out(bytes);
  for (const KnownFence& each : fences)
    out.counted<std::uint8_t>(each.apex.wire()).number(each.fence).number<std::uint8_t>(stateInFile(each));
  out.octets(sha256(bytes));
  return writeDurably(file_, bytes);
}

Result<std::vector<KnownFence>> FenceFile::read() const {
  const Result<std::string> bytes = readFile(file_);
  if (!bytes && bytes.error().kind == ErrorKind::NotFound) return std::vector<KnownFence>();
  if (!bytes) return bytes.error();
  const Error damaged{ErrorKind::Store, file_, "is damaged: it tells no fences"};
  if (bytes->size() < kFenceMagic.size() + kFenceDigest) return damaged;
  const std::string_view body(bytes->data(), bytes->size() - kFenceDigest);
  if (!body.starts_with(kFenceMagic) || sha256(body) != std::string_view(*bytes).substr(body.size()))
    return damaged;
  std::vector<KnownFence> fences;
  for (OctetReader reader(body.substr(kFenceMagic.size())); !reader.atEnd();) {
    const std::string_view wire = reader.counted<std::uint8_t>();
    Result<Name> apex = Name::fromWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
    const auto fence = reader.number<std::uint64_t>();
    const auto state = reader.number<std::uint8_t>();
    if (!reader.ok() || !apex || fence > kMaxGeneration || state > kCopiesGo) return damaged;
    fences.push_back({*std::move(apex), fence, state == kWasRemoved, state == kCopiesGo});
  }
  return fences;
}

}  // namespace holdfast
