#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "zone/result.h"

namespace holdfast {

/// The state directory, held against a second server while it lives. The kernel lets go after a crash.
class StateDirectory {
 public:
  /// Makes the directory where it is missing, durably. On a read-only disk that has it, takes it as it is.
  static Result<StateDirectory> open(const std::string& path);
  StateDirectory(StateDirectory&& other) noexcept
      : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  StateDirectory& operator=(StateDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }
  ~StateDirectory();

  const std::string& path() const noexcept { return path_; }
  /// False when the directory or its lock was taken away from under the server.
  bool isThere() const;

 private:
  StateDirectory(std::string path, int lock) noexcept : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;  // -1 on a read-only disk without a lock file: nobody can write there
};

/// Makes what was renamed, made or removed in the directory durable.
Status syncDirectory(const std::string& path);
/// Writes a whole file durably: beside it, synced, renamed, the directory synced.
Status writeDurably(const std::string& file, std::string_view bytes);
/// The whole file. NotFound where there is none.
Result<std::string> readFile(const std::string& file);

}  // namespace holdfast
