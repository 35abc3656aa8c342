#include "plugin/watch/directory_events.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace holdfast::watch {

namespace {

constexpr std::uint32_t kSelf = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kEvents =
    kSelf | IN_CREATE | IN_OPEN | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;

/// open() with O_CREAT tells of the creation and the opening in one system call. A file that was created and
/// not opened for this long came by link() or symlink(), and is whole.
constexpr auto kLinkGrace = std::chrono::milliseconds(100);

Descriptor orThrow(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return Descriptor(fd);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() noexcept {
  return std::exchange(fd_, -1);
}

DirectoryEvents::DirectoryEvents()
    : inotify_(orThrow(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1")),
      bell_(orThrow(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {}

bool DirectoryEvents::attach(const std::string& path) {
  detach();
  drain();  // what is left of the directory before
  writing_.clear();
  watch_ = ::inotify_add_watch(inotify_.get(), path.c_str(), kEvents | IN_ONLYDIR);
  return watch_ >= 0;
}

void DirectoryEvents::detach() noexcept {
  if (watch_ >= 0) ::inotify_rm_watch(inotify_.get(), std::exchange(watch_, -1));
}

void DirectoryEvents::wait(Clock::duration timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  for (drain(); !ready_ && !stopped(); drain()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) break;
    std::array<pollfd, 2> waited{pollfd{inotify_.get(), POLLIN, 0}, pollfd{bell_.get(), POLLIN, 0}};
    ::poll(waited.data(), waited.size(), static_cast<int>(left.count()));
  }
  ready_ = false;
}

void DirectoryEvents::drain() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (got <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      if (take(event, event.len == 0 ? std::string_view() : std::string_view(name))) ready_ = true;
      at += sizeof event + event.len;
    }
  }
}

/// True when the event is worth a look at the directory.
bool DirectoryEvents::take(const inotify_event& event, std::string_view name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    writing_.clear();  // the closing of some may be among what was lost
    return true;
  }
  if (event.wd != watch_) return false;
  if ((event.mask & IN_MOVE_SELF) != 0) {
    detach();
    return true;
  }
  if ((event.mask & (IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
    watch_ = -1;
    return true;
  }
  if ((event.mask & IN_ISDIR) != 0) return false;
  if ((event.mask & (IN_CREATE | IN_MODIFY)) != 0) {
    Writing& writing = writing_[std::string(name)];
    writing.opened = (event.mask & IN_MODIFY) != 0;
    writing.last = Clock::now();
    return false;
  }
  const auto found = writing_.find(name);
  if ((event.mask & IN_OPEN) != 0) {
    if (found != writing_.end()) found->second.opened = true;
    return false;
  }
  if (found != writing_.end()) writing_.erase(found);
  return (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
}

bool DirectoryEvents::isBeingWritten(const std::string& name) {
  const auto found = writing_.find(name);
  if (found == writing_.end()) return false;
  if (found->second.opened || Clock::now() - found->second.last < kLinkGrace) return true;
  writing_.erase(found);
  return false;
}

std::vector<std::string> DirectoryEvents::stalled(Clock::duration quiet) {
  std::vector<std::string> names;
  for (auto& [name, writing] : writing_)
    if (!writing.named && writing.opened && Clock::now() - writing.last >= quiet) {
      writing.named = true;
      names.push_back(name);
    }
  return names;
}

void DirectoryEvents::stop() noexcept {
  const std::uint64_t one = 1;
  // A full counter rings as well.
  [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &one, sizeof one);
}

bool DirectoryEvents::stopped() const noexcept {
  pollfd waited{bell_.get(), POLLIN, 0};
  return ::poll(&waited, 1, 0) > 0;
}

}  // namespace holdfast::watch
