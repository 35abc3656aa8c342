#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::watch {

enum class FileFormat { Json, ZoneFile };

/// The format of a plan by its file's name; none where the name is not that of a plan: another ending, or
/// that of a file which is not finished (a leading dot, .tmp, .part, ~).
std::optional<FileFormat> planFormat(std::string_view fileName);

/// Which file in which state. Where it could not be opened, its change time counts too, so that it is looked
/// at again when its permissions change.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modifiedSeconds = 0, modifiedNanos = 0;
  std::int64_t changedSeconds = 0, changedNanos = 0;  ///< 0 once it could be opened
  FileIdentity opened() const noexcept;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// One attempt to look at a file.
struct PlanFile {
  enum class State {
    Whole,       ///< `body` is all of it
    Unreadable,  ///< `problem` says why
    Gone,        ///< deleted meanwhile: nothing to say
    Changing,    ///< changed while it was read: look again
    Stopped      ///< `stop` said so
  };
  State state = State::Gone;
  FileIdentity identity;
  std::string body;
  std::string problem;
};

/// The identity of what `name` (symbolic links followed) is now; none when it does not exist at all, an empty
/// one when that cannot be told.
std::optional<FileIdentity> identify(int directory, const std::string& name);

/// Reads a regular file of at most `maxOctets` that is a whole document by its looks: not empty, and with the
/// last line or brace that a half-written one lacks. Never blocks on what is no regular file.
PlanFile readPlanFile(int directory, const std::string& name, FileFormat format, std::uint64_t maxOctets,
                      const std::function<bool()>& stop);

/// What the operating system calls this errno.
std::string errorText(int error);

}  // namespace holdfast::watch
