#pragma once

#include <sys/types.h>

#include <string>

#include "server/listen.h"
#include "zone/result.h"

namespace holdfast {

/// A listening Unix socket and its file. The file goes with the object, if it is still the same one.
class UnixSocket {
 public:
  /// Mode 0660; the directory is made with 0750 when missing. The file of a dead server is replaced; a live
  /// server's, or a file that is no socket, is an Error that says so. Non-blocking, close-on-exec.
  static Result<UnixSocket> listen(const std::string& path);
  ~UnixSocket();
  UnixSocket(UnixSocket&& other) noexcept;
  UnixSocket& operator=(UnixSocket&&) = delete;

  int descriptor() const noexcept { return descriptor_.get(); }

 private:
  UnixSocket(FileDescriptor descriptor, std::string path) noexcept;

  FileDescriptor descriptor_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Who is at the other end of a connected Unix socket, "uid 1000 pid 4711", or "unknown".
std::string unixPeer(int descriptor);

}  // namespace holdfast
