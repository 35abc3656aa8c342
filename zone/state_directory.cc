#include "zone/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "zone/file_descriptor.h"

namespace holdfast {

namespace {

Error systemError(const std::string& where, std::string_view doing) {
  return {ErrorKind::System, where, "cannot " + std::string(doing) + ": " + std::strerror(errno)};
}

Status writeAll(int fd, const std::string& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return systemError(file, "be written");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return Done{};
}

/// Each directory that is missing is made, and its name made durable in the one above.
Status makeDirectories(const std::string& path) {
  std::error_code problem;
  const std::filesystem::path whole = std::filesystem::absolute(path, problem);
  std::filesystem::path made;
  for (const std::filesystem::path& part : whole) {
    const std::filesystem::path parent = made;
    made /= part;
    if (part.empty() || std::filesystem::is_directory(made, problem)) continue;
    if (::mkdir(made.c_str(), 0755) != 0 && errno != EEXIST) return systemError(made.string(), "be made");
    if (Status synced = syncDirectory(parent.string()); !synced) return synced;
  }
  return Done{};
}

}  // namespace

Status syncDirectory(const std::string& path) {
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return systemError(path, "be synced");
  return Done{};
}

Status writeDurably(const std::string& file, std::string_view bytes) {
  const std::string beside = file + ".new";
  {
    const FileDescriptor out(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!out) return systemError(beside, "be made");
    Status wrote = writeAll(out.get(), beside, bytes);
    if (wrote && ::fsync(out.get()) != 0) wrote = systemError(beside, "be synced");
    if (!wrote) {
      ::unlink(beside.c_str());
      return wrote;
    }
  }
  if (::rename(beside.c_str(), file.c_str()) != 0) return systemError(file, "be put in place");
  return syncDirectory(std::filesystem::path(file).parent_path().string());
}

Result<std::string> readFile(const std::string& file) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in && errno == ENOENT) return Error{ErrorKind::NotFound, file, "is not there"};
  if (!in) return systemError(file, "be opened");
  std::string bytes;
  struct stat info {};
  if (::fstat(in.get(), &info) == 0 && info.st_size > 0)
    bytes.reserve(static_cast<std::size_t>(info.st_size));
  char piece[65536];
  for (;;) {
    const ssize_t got = ::read(in.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return systemError(file, "be read");
    if (got == 0) return bytes;
    bytes.append(piece, static_cast<std::size_t>(got));
  }
}

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  if (Status made = makeDirectories(path); !made) return std::move(made).error();
  const std::string file = path + "/lock";
  FileDescriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  const bool isReadOnly = !lock && (errno == EROFS || errno == EACCES);
  const bool isFull = !lock && (errno == ENOSPC || errno == EDQUOT);
  if (isReadOnly) {
    const FileDescriptor existing(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!existing) return StateDirectory(path, -1);
    if (flock(existing.get(), LOCK_EX | LOCK_NB) == 0) return StateDirectory(path, ::dup(existing.get()));
  } else if (isFull) {
    return StateDirectory(path, -1);
  } else if (!lock) {
    return systemError(file, "be opened");
  } else if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
    return StateDirectory(path, lock.release());
  }
  return Error{ErrorKind::Conflict, path,
               "is in use by another holdfastd: stop it, or use another state directory"};
}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

bool StateDirectory::isThere() const {
  struct stat held {
  }, named{};
  const std::string file = path_ + "/lock";
  if (::stat(path_.c_str(), &named) != 0) return false;
  if (lock_ < 0 || ::fstat(lock_, &held) != 0) return true;
  return ::stat(file.c_str(), &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

}  // namespace holdfast
