#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace holdfast::test {

/// A file system for SQLite over the real one that records every write, truncation, sync and deletion, fails
/// one of them when told to, and builds what a disk could hold after the power went at any moment.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  const std::string& name() const noexcept { return name_; }

  /// How many operations were recorded so far: a moment.
  std::size_t moment() const;

  /// The operation of that number from now on (0: the next) fails once with this result code. A sync that
  /// fails takes what was written before it from the disk for good, as Linux may do.
  void failAt(std::size_t operation, int code);
  /// The next sync from now on fails once, as above.
  void failSync(int code);
  /// From now on every write fails so.
  void failAll(int code);
  void heal();
  bool hasFailed() const;
  /// Called by who writes or syncs, after each.
  void afterEach(std::function<void()> call) { afterEach_ = std::move(call); }

  /// What of the unsynced writes a power cut leaves.
  enum class Kept { Nothing, Everything, Prefix, Some };
  /// The files, by their names without directory, as the disk could hold them when the power goes at
  /// `moment`.
  std::map<std::string, std::string> image(std::size_t moment, Kept kept, std::mt19937& random) const;

 private:
  friend struct FaultFile;
  enum class Kind { Write, Truncate, Sync, Delete, SyncFailed };
  struct Operation {
    Kind kind;
    std::string file;
    std::int64_t offset = 0;  ///< or the size of a truncation
    std::string data;
  };

  /// SQLITE_OK where the operation may be done; records it then.
  int begin(Operation operation);
  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* outFlags);
  static int remove(sqlite3_vfs* vfs, const char* path, int syncDirectory);
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* result);
  static int fullPath(sqlite3_vfs* vfs, const char* path, int size, char* out);

  std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  std::vector<Operation> operations_;
  std::size_t failIn_ = SIZE_MAX;
  int failWith_ = 0;
  bool failsAll_ = false, failsSync_ = false, failed_ = false;
  std::function<void()> afterEach_ = [] {};
};

}  // namespace holdfast::test
