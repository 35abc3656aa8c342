#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "zone/file_descriptor.h"
#include "zone/result.h"

namespace holdfast {

/// A large document on its way in, kept in a file without a name: in memory it would take more room than all
/// that is served. The file goes with it. One thread appends; others may read what was appended before.
/// Errors are of kind Store and name the directory.
class SpooledBody {
 public:
  /// In a directory that may be written to, and has room for twice so many octets: what it is made into is
  /// written there, too.
  static Result<SpooledBody> in(const std::string& directory, std::uint64_t octets);

  Status append(std::string_view octets);
  std::uint64_t size() const noexcept { return size_; }
  /// Gives the room back: nothing can be read any more.
  void clear() noexcept;

  /// Octets from `offset` on; fewer than asked for only where they end.
  Result<std::string_view> read(std::uint64_t offset, std::span<char> into) const;

  /// All of it, in memory. Not mapped: a disk that fails is an Error then, and no signal.
  Result<std::string> all() const;

 private:
  SpooledBody(FileDescriptor file, std::string directory) noexcept
      : file_(std::move(file)), directory_(std::move(directory)) {}
  Error failed(const char* what) const;

  FileDescriptor file_;
  std::string directory_;
  std::uint64_t size_ = 0;
};

}  // namespace holdfast
