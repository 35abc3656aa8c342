// The head of an image, and what it holds at a start.
#include "zone/zone_image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "zone/name_table_image.h"
#include "zone/octets.h"
#include "zone/zone_image_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace holdfast {

namespace {

constexpr std::string_view kImageMagic = "HFI1";
constexpr std::size_t kSeal = 32;

/// Where octets of a number lie. The numbers of the head are big-endian; those of the nodes are not.
std::uint8_t byteOrder() noexcept {
  return std::endian::native == std::endian::little ? 1 : 2;
}

}  // namespace

std::string checksumOf(std::string_view octets) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(octets.data(), octets.size()));
  return {reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest};
}

Status readAt(int fd, std::uint64_t at, std::span<char> into, const std::string& file) {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return Error{ErrorKind::System, file, std::string("cannot be read: ") + std::strerror(errno)};
    if (got == 0) return Error{ErrorKind::Store, file, "is cut off"};
    at += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return Done{};
}

std::string ZoneImage::encoded(const Head& head) {
  std::string octets(kImageMagic);
  OctetWriter out(octets);
  out.number(byteOrder()).number(bucketLayout()).number(nameHashCheck());
  out.counted<std::uint8_t>(head.apex.wire()).number(head.generation).number(head.serial);
  out.number(static_cast<std::int64_t>(head.committedAt.time_since_epoch().count())).octets(head.seal);
  for (const auto fact : kFactCounts) out.number(head.facts.*fact);
  out.number(head.names).number(head.aliasKeys).number(head.denialKeys).number(head.bits);
  out.number(head.chunksEnd).octets(head.listChecksum);
  octets.resize(image_format::kHead - image_format::kChecksum);
  return octets + checksumOf(octets);
}

Result<ZoneImage::Head> ZoneImage::decoded(std::string_view octets, const std::string& file) {
  const auto wrong = [&](const char* how) { return Error{ErrorKind::Store, file, how}; };
  OctetReader in(octets);
  if (in.octets(kImageMagic.size()) != kImageMagic) return wrong("is no image of this form");
  const std::string_view covered = octets.substr(0, image_format::kHead - image_format::kChecksum);
  if (checksumOf(covered) != octets.substr(covered.size())) return wrong("has a damaged head");
  const bool isSameLayout = in.number<std::uint8_t>() == byteOrder() &&
                            in.number<std::uint64_t>() == bucketLayout() &&
                            in.number<std::uint64_t>() == nameHashCheck();
  if (!isSameLayout) return wrong("is of a holdfastd or a machine that lays names out otherwise");
  Head head;
  const std::string_view wire = in.counted<std::uint8_t>();
  Result<Name> apex = Name::fromWire({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
  if (!apex) return wrong("names no zone");
  head.apex = *std::move(apex);
  head.generation = in.number<std::uint64_t>();
  head.serial = in.number<std::uint32_t>();
  head.committedAt = WallTime(std::chrono::microseconds(in.number<std::int64_t>()));
  head.seal = in.octets(kSeal);
  for (const auto fact : kFactCounts) head.facts.*fact = in.number<std::uint64_t>();
  head.names = in.number<std::uint64_t>();
  head.aliasKeys = in.number<std::uint64_t>();
  head.denialKeys = in.number<std::uint64_t>();
  head.bits = in.number<std::uint32_t>();
  head.chunksEnd = in.number<std::uint64_t>();
  head.listChecksum = in.octets(image_format::kChecksum);
  if (!in.ok() || !NameTableLoader::isPossible(head.bits)) return wrong("has a head that cannot be");
  return head;
}

Result<ZoneImage> ZoneImage::open(const std::string& file, NameView apex) {
  FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!in && errno == ENOENT) return Error{ErrorKind::NotFound, file, "is not there"};
  if (!in) return Error{ErrorKind::System, file, std::string("cannot be opened: ") + std::strerror(errno)};
  std::string octets(image_format::kHead, '\0');
  if (Status got = readAt(in.get(), 0, octets, file); !got) return std::move(got).error();
  Result<Head> head = decoded(octets, file);
  if (!head) return std::move(head).error();
  if (head->apex.view() != apex) return Error{ErrorKind::Store, file, "is of another zone"};
  return ZoneImage(file, std::move(in), *std::move(head));
}

/// The list of chunks, which the rest of the file holds. They lie one behind the other, by their buckets, so
/// that no two threads are ever given the same one.
Result<std::vector<ZoneImage::Chunk>> ZoneImage::chunks() const {
  struct stat info {};
  if (::fstat(in_.get(), &info) != 0) return Error{ErrorKind::System, file_, "cannot be looked at"};
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (head_.chunksEnd < image_format::kHead || head_.chunksEnd > size) return damaged("is cut off");
  std::string list(size - head_.chunksEnd, '\0');
  if (Status got = readAt(in_.get(), head_.chunksEnd, list, file_); !got) return std::move(got).error();
  if (checksumOf(list) != head_.listChecksum) return damaged("has a damaged list of its chunks");
  std::vector<Chunk> chunks;
  std::uint64_t at = image_format::kHead;
  std::uint32_t index = 0;
  for (OctetReader in(list); !in.atEnd();) {
    Chunk chunk{at, in.number<std::uint64_t>(), in.number<std::uint32_t>(), in.number<std::uint32_t>(),
                std::string(in.octets(image_format::kChecksum))};
    if (!in.ok() || chunk.octets > head_.chunksEnd - at || chunk.firstIndex < index ||
        chunk.pastIndex < chunk.firstIndex)
      return damaged("has a list of chunks that cannot be");
    at += chunk.octets;
    index = chunk.pastIndex;
    chunks.push_back(std::move(chunk));
  }
  if (at != head_.chunksEnd) return damaged("has a list of chunks that cannot be");
  return chunks;
}

/// What a zone has beside its names. Most have neither aliases nor signatures: then no name is looked at.
Status ZoneImage::makeIndexes(Zone& zone) const {
  auto nsec3 = DenialIndex::parametersOf(zone.apexNode());
  std::vector<std::string> aliases, denials;
  if (head_.aliasKeys + head_.denialKeys > 0)
    zone.names_.forEach([&](NodeView node) {
      if (head_.aliasKeys > 0) std::ranges::move(AliasIndex::keysOf(node), std::back_inserter(aliases));
      if (head_.denialKeys == 0) return true;
      if (auto key = DenialIndex::keyOf(node, zone.apex(), nsec3)) denials.push_back(*std::move(key));
      return true;
    });
  if (aliases.size() != head_.aliasKeys || denials.size() != head_.denialKeys)
    return damaged("does not have the aliases or the chain that its head tells");
  if (!aliases.empty()) zone.aliases_ = AliasIndex(KeyTree().with(std::move(aliases), {}));
  if (nsec3 || !denials.empty())
    zone.denial_ = DenialIndex(std::move(nsec3), KeyTree().with(std::move(denials), {}));
  return Done{};
}

}  // namespace holdfast
