// Writing an image beside the traffic.
#include <fcntl.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "zone/name_table_image.h"
#include "zone/octets.h"
#include "zone/state_directory.h"
#include "zone/zone_image.h"
#include "zone/zone_image_format.h"

namespace holdfast {

namespace {

/// After so many octets the disk is waited for, so that a commit's sync never finds much of this before it,
/// and the processor is left to others for a moment.
constexpr std::uint64_t kBetweenSyncs = 4 << 20;
constexpr std::chrono::milliseconds kPause{2};

template <class T>
void appendRaw(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

class ZoneImage::Writer {
 public:
  Writer(const std::string& file, std::uint64_t reserve)
      : file_(file),
        beside_(file + ".new"),
        out_(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)),
        reserve_(reserve) {}
  ~Writer() {
    if (out_ && !isDone_) ::unlink(beside_.c_str());
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Result<std::uint64_t> write(const Zone& zone, Head head) {
    if (!out_) return failed("be made");
    if (Status room = checkRoom(); !room) return std::move(room).error();
    at_ = image_format::kHead;
    Status written = Done{};
    NameTableBuckets(zone.names()).forEach([&](std::uint32_t index, std::span<const std::uint8_t> octets) {
      written = add(index, octets);
      return static_cast<bool>(written);
    });
    if (written) written = closeChunk();
    if (!written) return std::move(written).error();
    head.chunksEnd = at_;
    head.listChecksum = checksumOf(list_);
    written = put(list_);
    const std::uint64_t octets = at_;
    at_ = 0;
    if (written) written = put(encoded(head));
    if (written && ::fsync(out_.get()) != 0) written = failed("be synced");
    if (!written) return std::move(written).error();
    if (::rename(beside_.c_str(), file_.c_str()) != 0) return failed("be put in place");
    isDone_ = true;
    if (Status synced = syncDirectory(std::filesystem::path(file_).parent_path().string()); !synced)
      return std::move(synced).error();
    return octets;
  }

 private:
  Error failed(const char* doing) const {
    return {ErrorKind::System, beside_, std::string("cannot ") + doing + ": " + std::strerror(errno)};
  }

  Status add(std::uint32_t index, std::span<const std::uint8_t> octets) {
    if (chunk_.empty()) firstIndex_ = index;
    appendRaw(chunk_, index);
    appendRaw(chunk_, static_cast<std::uint32_t>(octets.size()));
    // The count of references, which others change meanwhile and no reader wants.
    constexpr std::size_t kCount = sizeof(std::uint32_t);
    chunk_.append(kCount, '\0')
        .append(reinterpret_cast<const char*>(octets.data()) + kCount, octets.size() - kCount);
    pastIndex_ = index + 1;
    return chunk_.size() < image_format::kChunk ? Status(Done{}) : closeChunk();
  }

  Status closeChunk() {
    if (chunk_.empty()) return Done{};
    OctetWriter list(list_);
    list.number(std::uint64_t{chunk_.size()}).number(firstIndex_).number(pastIndex_);
    list.octets(checksumOf(chunk_));
    if (Status done = put(chunk_); !done) return done;
    chunk_.clear();
    return at_ - synced_ < kBetweenSyncs ? Status(Done{}) : rest();
  }

  Status put(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t wrote = ::pwrite(out_.get(), octets.data(), octets.size(), static_cast<off_t>(at_));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return failed("be written");
      at_ += static_cast<std::uint64_t>(wrote);
      octets.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return Done{};
  }

  /// The plan store needs the room more than an image does.
  Status checkRoom() const {
    struct statvfs disk {};
    if (::fstatvfs(out_.get(), &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize < reserve_)
      return Error{ErrorKind::System, beside_,
                   "is not written: the disk would have less free than image.disk-reserve, " +
                       std::to_string(reserve_) + " octets"};
    return Done{};
  }

  Status rest() {
    if (Status room = checkRoom(); !room) return room;
    if (::fdatasync(out_.get()) != 0) return failed("be synced");
    synced_ = at_;
    std::this_thread::sleep_for(kPause);
    return Done{};
  }

  const std::string file_, beside_;
  const FileDescriptor out_;
  const std::uint64_t reserve_;
  std::string chunk_, list_;
  std::uint32_t firstIndex_ = 0, pastIndex_ = 0;
  std::uint64_t at_ = 0, synced_ = 0;
  bool isDone_ = false;
};

Result<std::uint64_t> ZoneImage::write(const std::string& file, const Zone& zone, std::string_view seal,
                                       std::uint64_t diskReserve) {
  Head head;
  head.apex = Name(zone.apex());
  head.generation = zone.generation();
  head.serial = zone.serial();
  head.committedAt = zone.committedAt();
  head.seal = seal;
  head.facts = zone.facts();
  head.names = zone.names().size();
  head.aliasKeys = zone.aliases().keys().size();
  head.denialKeys = zone.denial().keys().size();
  head.bits = NameTableBuckets(zone.names()).bits();
  return Writer(file, diskReserve).write(zone, std::move(head));
}

}  // namespace holdfast
