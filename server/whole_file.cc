#include "server/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "server/listen.h"

namespace holdfast {

// Not by streams: inserting the buffer of an empty file is a failure there, with whatever errno was before.
Result<std::string> readWholeFile(const std::string& file) {
  const auto unreadable = [&] {
    return Error{ErrorKind::Unreadable, file, std::generic_category().message(errno)};
  };
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return unreadable();
  std::string content;
  std::array<char, 16 * 1024> part;
  for (;;) {
    const ssize_t got = ::read(opened.get(), part.data(), part.size());
    if (got == 0) return content;
    if (got < 0 && errno != EINTR) return unreadable();
    if (got > 0) content.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace holdfast
