#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "zone/descriptor.h"
#include "zone/result.h"

namespace holdfast {

/// A large document on its way in, kept in a file without a name: in memory it would take more room than all
/// that is served. The file goes with it. One thread appends; others may read what was appended before.
/// Errors are of kind Store and name the directory.
class SpooledBody {
 public:
  /// In a directory that may be written to.
  static Result<SpooledBody> in(const std::string& directory);

  Status append(std::string_view octets);
  std::uint64_t size() const noexcept { return size_; }

  /// Octets from `offset` on; fewer than asked for only where they end.
  Result<std::string_view> read(std::uint64_t offset, std::span<char> into) const;

  /// All of it, mapped.
  class Mapped {
   public:
    Mapped(const char* octets, std::size_t size) noexcept : octets_(octets, Unmap{size}) {}
    std::string_view view() const noexcept { return {octets_.get(), octets_.get_deleter().size}; }

   private:
    struct Unmap {
      std::size_t size;
      void operator()(const char* octets) const noexcept;
    };
    std::unique_ptr<const char, Unmap> octets_;
  };
  Result<Mapped> map() const;

 private:
  SpooledBody(Descriptor file, std::string directory) noexcept
      : file_(std::move(file)), directory_(std::move(directory)) {}
  Error failed(const char* what) const;

  Descriptor file_;
  std::string directory_;
  std::uint64_t size_ = 0;
};

}  // namespace holdfast
