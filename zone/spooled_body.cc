#include "zone/spooled_body.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace holdfast {

namespace {

constexpr mode_t kMode = 0600;

/// Some file systems know no file without a name: there it has one for a moment.
int openUnnamed(const std::string& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string path = directory + "/body.XXXXXX";
  const int named = mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) unlink(path.c_str());
  return named;
}

}  // namespace

Result<SpooledBody> SpooledBody::in(const std::string& directory, std::uint64_t octets) {
  struct statvfs room {};
  if (statvfs(directory.c_str(), &room) == 0 && room.f_bavail * room.f_frsize / 2 < octets)
    return Error{ErrorKind::Store, directory,
                 "has not room for a document of " + std::to_string(octets) + " octets, twice"};
  SpooledBody body(FileDescriptor(openUnnamed(directory)), directory);
  if (!body.file_) return body.failed("cannot keep a large document");
  return body;
}

Error SpooledBody::failed(const char* what) const {
  return {ErrorKind::Store, directory_, std::string(what) + ": " + std::strerror(errno)};
}

Status SpooledBody::append(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t put = pwrite(file_.get(), octets.data(), octets.size(), static_cast<off_t>(size_));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return failed("cannot keep a large document");
    size_ += static_cast<std::uint64_t>(put);
    octets.remove_prefix(static_cast<std::size_t>(put));
  }
  return Done{};
}

void SpooledBody::clear() noexcept {
  (void)!ftruncate(file_.get(), 0);  // and not closed: somebody may be reading
}

Result<std::string_view> SpooledBody::read(std::uint64_t offset, std::span<char> into) const {
  std::size_t got = 0;
  while (got < into.size()) {
    const ssize_t more =
        pread(file_.get(), into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return failed("cannot read a large document");
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  return std::string_view(into.data(), got);
}

Result<std::string> SpooledBody::all() const {
  std::string octets(size_, '\0');
  const Result<std::string_view> got = read(0, octets);
  if (!got) return got.error();
  octets.resize(got->size());
  return octets;
}

}  // namespace holdfast
