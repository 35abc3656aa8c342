#include "server/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace holdfast {

namespace {

constexpr int kBacklog = 64;

Error failed(const std::string& path, const std::string& what, int cause) {
  return {ErrorKind::System, path, what + ": " + std::strerror(cause)};
}

Status makeDirectory(const std::filesystem::path& directory) {
  std::error_code problem;
  if (directory.empty() || std::filesystem::exists(directory, problem)) return Done{};
  std::filesystem::create_directories(directory.parent_path(), problem);
  if (mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST)
    return failed(directory.string(), "cannot make the directory of the control socket", errno);
  return Done{};
}

/// Clears the way for bind(): removes the socket file of a server that is gone.
Status removeStale(const std::string& path, const sockaddr_un& address) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return Done{};
    return failed(path, "cannot look at the control socket", errno);
  }
  if (!S_ISSOCK(file.st_mode))
    return Error{ErrorKind::Conflict, path, "exists and is not a socket: remove it or set control elsewhere"};
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return failed(path, "cannot make a socket", errno);
  const int result = connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int cause = errno;
  // EAGAIN is a live server whose queue of connections is full.
  if (result == 0 || cause == EAGAIN)
    return Error{ErrorKind::Conflict, path,
                 "another server answers on this control socket: stop it or set control elsewhere"};
  if (cause != ECONNREFUSED && cause != ENOENT) return failed(path, "cannot use the control socket", cause);
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    return failed(path, "cannot remove the socket of a dead server", errno);
  return Done{};
}

}  // namespace

UnixSocket::UnixSocket(FileDescriptor descriptor, std::string path) noexcept
    : descriptor_(std::move(descriptor)), path_(std::move(path)) {
  struct stat file {};
  if (lstat(path_.c_str(), &file) != 0) return;
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

UnixSocket::~UnixSocket() {
  if (path_.empty()) return;
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_)
    unlink(path_.c_str());
}

Result<UnixSocket> UnixSocket::listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Error{ErrorKind::Invalid, path,
                 "a Unix socket's path has at most " + std::to_string(sizeof address.sun_path - 1) +
                     " octets: set control to a shorter one"};
  path.copy(address.sun_path, path.size());
  if (auto made = makeDirectory(std::filesystem::path(path).parent_path()); !made) return made.error();
  if (auto cleared = removeStale(path, address); !cleared) return cleared.error();

  FileDescriptor descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor) return failed(path, "cannot make a socket", errno);
  if (bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failed(path, "cannot bind the control socket", errno);
  UnixSocket bound(std::move(descriptor), path);
  // Nobody can connect before listen(), so there is no moment with another mode.
  if (chmod(path.c_str(), 0660) != 0) return failed(path, "cannot set the mode of the control socket", errno);
  if (::listen(bound.descriptor(), kBacklog) != 0) return failed(path, "cannot listen", errno);
  return bound;
}

std::string unixPeer(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unknown";
  return "uid " + std::to_string(peer.uid) + " pid " + std::to_string(peer.pid);
}

}  // namespace holdfast
