#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

struct inotify_event;

namespace holdfast::watch {

/// An open file descriptor, or none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  int release() noexcept;

 private:
  int fd_;
};

/// What the kernel tells about one directory (inotify), and the bell that ends the wait for it. Knows which
/// files are open for writing, as far as they were opened while attached.
/// One thread; stop() and stopped() from any.
class DirectoryEvents {
 public:
  using Clock = std::chrono::steady_clock;

  DirectoryEvents();  ///< throws std::system_error

  /// Begins to follow the directory at `path` in place of any before it. False (errno says why) when that is
  /// not to be had: then what happens there shows only by looking.
  bool attach(const std::string& path);
  void detach() noexcept;
  /// Attached, and the directory was not removed, moved or unmounted since.
  bool attached() const noexcept { return watch_ >= 0; }

  /// Returns when a file may have become ready to be read, the directory itself changed, stop() was called or
  /// `timeout` is over.
  void wait(Clock::duration timeout);
  /// Takes in what has happened so far, without waiting.
  void drain();

  /// Opened for writing and not closed yet. Exact for what happened before the last drain().
  bool isBeingWritten(const std::string& name);
  /// Those which nobody wrote to for as long as `quiet`, and which were not named before.
  std::vector<std::string> stalled(Clock::duration quiet);

  void stop() noexcept;
  bool stopped() const noexcept;

 private:
  struct Writing {
    bool opened = false;  // else only created: by a link or rename it is whole, by open() it is not
    bool named = false;   // by stalled()
    Clock::time_point last;
  };

  bool take(const inotify_event& event, std::string_view name);

  const Descriptor inotify_;
  const Descriptor bell_;
  int watch_ = -1;
  bool ready_ = false;  // something happened that is worth a look
  std::map<std::string, Writing, std::less<>> writing_;
};

}  // namespace holdfast::watch
