#include "plugin/watch/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "plugin/watch/directory_events.h"

namespace holdfast::watch {

namespace {

constexpr std::size_t kReadOctets = 4u << 20;  // between two looks at whether to stop

FileIdentity identityOf(const struct stat& status) noexcept {
  FileIdentity identity;
  identity.device = status.st_dev;
  identity.inode = status.st_ino;
  identity.size = static_cast<std::uint64_t>(status.st_size);
  identity.modifiedSeconds = status.st_mtim.tv_sec;
  identity.modifiedNanos = status.st_mtim.tv_nsec;
  identity.changedSeconds = status.st_ctim.tv_sec;
  identity.changedNanos = status.st_ctim.tv_nsec;
  return identity;
}

/// What a half-written document lacks, or "".
std::string incomplete(std::string_view body, FileFormat format) {
  const std::size_t last = body.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return "is empty: an empty file is no plan";
  if (format == FileFormat::Json && body[last] != '}')
    return "ends without its closing brace, as if half-written: write it elsewhere, then rename it in";
  if (format == FileFormat::ZoneFile && body.back() != '\n')
    return "ends within a line, as if half-written: write it elsewhere, then rename it in";
  return "";
}

PlanFile unreadable(PlanFile file, std::string problem) {
  file.state = PlanFile::State::Unreadable;
  file.body.clear();
  file.problem = std::move(problem);
  return file;
}

/// Reads until the end or `most` octets. 0, an errno, or -1 when told to stop.
int readAll(int fd, std::uint64_t most, std::string& body, const std::function<bool()>& stop) {
  while (body.size() < most) {
    if (stop()) return -1;
    const std::size_t have = body.size();
    // One more than expected shows a file that grows.
    body.resize(have + static_cast<std::size_t>(std::min<std::uint64_t>(kReadOctets, most - have)));
    const ssize_t got = ::read(fd, body.data() + have, body.size() - have);
    body.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return 0;
    if (got < 0 && errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

std::string errorText(int error) {
  return std::generic_category().message(error);
}

std::optional<FileFormat> planFormat(std::string_view fileName) {
  if (fileName.starts_with('.')) return std::nullopt;  // .tmp, .part and ~ end otherwise than these two
  if (fileName.size() > 5 && fileName.ends_with(".json")) return FileFormat::Json;
  if (fileName.size() > 5 && fileName.ends_with(".zone")) return FileFormat::ZoneFile;
  return std::nullopt;
}

FileIdentity FileIdentity::opened() const noexcept {
  FileIdentity identity = *this;
  identity.changedSeconds = identity.changedNanos = 0;
  return identity;
}

std::optional<FileIdentity> identify(int directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, 0) == 0) return identityOf(status);
  // A symbolic link that leads nowhere, or through what may not be searched, is there all the same.
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return identityOf(status);
  if (errno == ENOENT) return std::nullopt;
  return FileIdentity();
}

PlanFile readPlanFile(int directory, const std::string& name, FileFormat format, std::uint64_t maxOctets,
                      const std::function<bool()>& stop) {
  PlanFile file;
  const std::optional<FileIdentity> found = identify(directory, name);
  if (!found) return file;
  file.identity = *found;
  // Asked before it is opened, because to open a FIFO or a device may wake or move something.
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, 0) != 0)
    return unreadable(std::move(file), "cannot be looked at: " + errorText(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(std::move(file), "is no regular file: it is not read");

  const Descriptor fd(::openat(directory, name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd && errno == ENOENT) return file;
  if (!fd) return unreadable(std::move(file), "cannot be opened: " + errorText(errno));
  if (::fstat(fd.get(), &status) != 0)
    return unreadable(std::move(file), "cannot be looked at: " + errorText(errno));
  if (!S_ISREG(status.st_mode)) return unreadable(std::move(file), "is no regular file: it is not read");
  file.identity = identityOf(status).opened();
  const std::uint64_t size = file.identity.size;
  if (size > maxOctets)
    return unreadable(std::move(file), "is of " + std::to_string(size) + " octets, over max-size, which is " +
                                           std::to_string(maxOctets));

  const int error = readAll(fd.get(), size + 1, file.body, stop);
  if (error < 0) {
    file.state = PlanFile::State::Stopped;
    return file;
  }
  if (error > 0) return unreadable(std::move(file), "cannot be read: " + errorText(error));
  if (::fstat(fd.get(), &status) != 0 || identityOf(status).opened() != file.identity) {
    file.state = PlanFile::State::Changing;
    return file;
  }
  if (const std::size_t got = file.body.size(); got != size)
    return unreadable(std::move(file),
                      "ends after " + std::to_string(got) + " of " + std::to_string(size) + " octets");
  if (std::string problem = incomplete(file.body, format); !problem.empty())
    return unreadable(std::move(file), std::move(problem));
  file.state = PlanFile::State::Whole;
  return file;
}

}  // namespace holdfast::watch
