#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "zone/file_descriptor.h"
#include "zone/zone.h"

namespace holdfast {

/// When the image of a zone is written.
struct ImageSettings {
  std::uint64_t leastNames = 1000;             ///< zones of fewer names get none; 0: no zone does
  std::uint64_t changes = 10'000;              ///< names changed since, for another one
  std::chrono::milliseconds pause{600'000};    ///< between two of a zone at least, failed ones too
  std::chrono::milliseconds after{3'600'000};  ///< so long after one another, if anything changed
  std::uint64_t diskReserve = 256ull << 20;    ///< octets that it must leave free on the disk
};

/// The compiled content of a zone in a file, so that a start need not compile it again. A cache and never the
/// truth: it holds for one line of the history, by the seal of that line, and for one layout in memory. What
/// was committed since is the store's to add. It is read into memory and not mapped: what is served must not
/// depend on the disk (I8), and what goes later goes bucket by bucket.
class ZoneImage {
 public:
  /// Writes the content durably, in place of what the file held: beside it, synced, renamed. `seal` is that
  /// of the line that committed it. Returns the octets. An Error of kind System, and the file as it was,
  /// where the disk fails or would have less than `diskReserve` left. Writes in small pieces, each synced,
  /// with pauses, so that commits and queries hardly notice.
  static Result<std::uint64_t> write(const std::string& file, const Zone& zone, std::string_view seal,
                                     std::uint64_t diskReserve);

  /// Reads the head of it. NotFound where there is no file; Store where it is damaged, of another zone, or
  /// of a holdfastd or machine that lays memory out otherwise; System where the disk does not give it.
  static Result<ZoneImage> open(const std::string& file, NameView apex);

  Generation generation() const noexcept { return head_.generation; }
  const std::string& seal() const noexcept { return head_.seal; }
  /// The content, on a few threads. Any octets are safe input so far as NameTableLoader looks: a checksum
  /// covers all. The indexes for aliases and denial are made anew where the zone has any.
  /// `firstCommittedAt` is what Zone::firstCommittedAt() is to say.
  Result<std::shared_ptr<const Zone>> load(WallTime firstCommittedAt) const;

 private:
  struct Head {
    Name apex;
    Generation generation = 0;
    std::uint32_t serial = 0;
    WallTime committedAt{};
    std::string seal;
    ZoneFacts facts;
    std::uint64_t names = 0, aliasKeys = 0, denialKeys = 0;
    std::uint32_t bits = 0;       ///< of the table of names
    std::uint64_t chunksEnd = 0;  ///< where the list of chunks begins
    std::string listChecksum;
  };
  /// Buckets that lie together, the unit that is read and checked.
  struct Chunk {
    std::uint64_t at = 0, octets = 0;
    std::uint32_t firstIndex = 0, pastIndex = 0;  ///< of its buckets
    std::string checksum;
  };
  class Writer;
  class Loader;

  ZoneImage(std::string file, FileDescriptor in, Head head) noexcept
      : file_(std::move(file)), in_(std::move(in)), head_(std::move(head)) {}
  static std::string encoded(const Head& head);
  static Result<Head> decoded(std::string_view octets, const std::string& file);
  Result<std::vector<Chunk>> chunks() const;
  Status makeIndexes(Zone& zone) const;
  Error damaged(const std::string& how) const { return {ErrorKind::Store, file_, how}; }

  std::string file_;
  FileDescriptor in_;
  Head head_;
};

/// XXH3 over the octets, 16 of them: finds what a disk does to them, and nobody's intent.
std::string checksumOf(std::string_view octets);

}  // namespace holdfast
