#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "zone/result.h"

namespace holdfast::differential {

/// A program that runs until this object goes, and never longer than this process. Its output goes to a file.
class Process {
 public:
  Process() = default;
  ~Process() { end(); }
  Process(Process&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Process& operator=(Process&& other) noexcept;

  static Result<Process> start(const std::vector<std::string>& command, const std::string& directory,
                               const std::string& log);
  bool isRunning();
  /// Ends the program at once: nothing it keeps is needed.
  void end();
  /// Waits for its end by itself; returns the exit status, or 128 + signal.
  int wait();

 private:
  pid_t pid_ = -1;
};

/// Runs a program to its end. An Error, with the end of what it printed, unless it exits with 0.
Status run(const std::vector<std::string>& command, const std::string& directory);

/// A new directory that is removed, with everything in it, with this object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();  ///< throws std::system_error
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Status writeFile(const std::string& path, const std::string& content);
/// What can be read of the file; nothing where there is none.
std::string readFile(const std::string& path);

}  // namespace holdfast::differential
