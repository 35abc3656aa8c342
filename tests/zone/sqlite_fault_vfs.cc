#include "tests/zone/sqlite_fault_vfs.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <set>
#include <stdexcept>

namespace holdfast::test {

namespace {

constexpr std::size_t kSector = 512;

std::string baseName(const char* path) {
  const std::string whole = path == nullptr ? "" : path;
  return whole.substr(whole.rfind('/') + 1);
}

void writeAt(std::string& file, std::size_t offset, std::string_view data) {
  if (file.size() < offset + data.size()) file.resize(offset + data.size(), '\0');
  file.replace(offset, data.size(), data);
}

}  // namespace

/// One open file: SQLite's view of it, with the real one in the memory behind.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* owner;
  std::string* name;
  bool isRecorded;

  sqlite3_file* real() noexcept {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + sizeof(FaultFile));
  }
  static FaultFile& of(sqlite3_file* file) noexcept { return *reinterpret_cast<FaultFile*>(file); }

  int begin(FaultVfs::Kind kind, std::int64_t offset, std::string data) {
    return isRecorded ? owner->begin({kind, *name, offset, std::move(data)}) : SQLITE_OK;
  }

  static int close(sqlite3_file* file) {
    FaultFile& self = of(file);
    const int code = self.real()->pMethods->xClose(self.real());
    delete self.name;
    return code;
  }
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
    return of(file).real()->pMethods->xRead(of(file).real(), out, size, offset);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    FaultFile& self = of(file);
    const int code = self.begin(FaultVfs::Kind::Write, offset,
                                {static_cast<const char*>(data), static_cast<std::size_t>(size)});
    self.owner->afterEach_();
    return code == SQLITE_OK ? self.real()->pMethods->xWrite(self.real(), data, size, offset) : code;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    FaultFile& self = of(file);
    const int code = self.begin(FaultVfs::Kind::Truncate, size, {});
    return code == SQLITE_OK ? self.real()->pMethods->xTruncate(self.real(), size) : code;
  }
  /// The real file is not synced: the test is about what could be lost, and shall be quick.
  static int sync(sqlite3_file* file, int) {
    const int code = of(file).begin(FaultVfs::Kind::Sync, 0, {});
    of(file).owner->afterEach_();
    return code;
  }
  static int fileSize(sqlite3_file* file, sqlite3_int64* size) {
    return of(file).real()->pMethods->xFileSize(of(file).real(), size);
  }
  static int lock(sqlite3_file* file, int level) {
    return of(file).real()->pMethods->xLock(of(file).real(), level);
  }
  static int unlock(sqlite3_file* file, int level) {
    return of(file).real()->pMethods->xUnlock(of(file).real(), level);
  }
  static int checkReserved(sqlite3_file* file, int* out) {
    return of(file).real()->pMethods->xCheckReservedLock(of(file).real(), out);
  }
  static int control(sqlite3_file* file, int operation, void* argument) {
    return of(file).real()->pMethods->xFileControl(of(file).real(), operation, argument);
  }
  static int sectorSize(sqlite3_file*) { return static_cast<int>(kSector); }
  /// None: nothing about the disk may be taken for granted.
  static int characteristics(sqlite3_file*) { return 0; }
  static int shmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return of(file).real()->pMethods->xShmMap(of(file).real(), page, size, extend, out);
  }
  static int shmLock(sqlite3_file* file, int offset, int count, int flags) {
    return of(file).real()->pMethods->xShmLock(of(file).real(), offset, count, flags);
  }
  static void shmBarrier(sqlite3_file* file) { of(file).real()->pMethods->xShmBarrier(of(file).real()); }
  static int shmUnmap(sqlite3_file* file, int deletes) {
    return of(file).real()->pMethods->xShmUnmap(of(file).real(), deletes);
  }

  static const sqlite3_io_methods kMethods;
};

const sqlite3_io_methods FaultFile::kMethods = {
    2,        close,         read,    write,      truncate,        sync,   fileSize, lock,
    unlock,   checkReserved, control, sectorSize, characteristics, shmMap, shmLock,  shmBarrier,
    shmUnmap, nullptr,       nullptr};

FaultVfs::FaultVfs() : real_(sqlite3_vfs_find(nullptr)) {
  static std::atomic<int> made{0};
  name_ = "fault-" + std::to_string(made++);
  vfs_ = *real_;
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + real_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = open;
  vfs_.xDelete = remove;
  vfs_.xAccess = access;
  vfs_.xFullPathname = fullPath;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) throw std::runtime_error("cannot register the VFS");
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

int FaultVfs::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* outFlags) {
  auto& self = *static_cast<FaultVfs*>(vfs->pAppData);
  auto* wrapped = new (file) FaultFile{{nullptr}, &self, nullptr, false};
  wrapped->real()->pMethods = nullptr;
  const int code = self.real_->xOpen(self.real_, path, wrapped->real(), flags, outFlags);
  if (code != SQLITE_OK) return code;
  wrapped->base.pMethods = &FaultFile::kMethods;
  wrapped->name = new std::string(baseName(path));
  wrapped->isRecorded = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  return SQLITE_OK;
}

int FaultVfs::remove(sqlite3_vfs* vfs, const char* path, int syncDirectory) {
  auto& self = *static_cast<FaultVfs*>(vfs->pAppData);
  const int code = self.begin({Kind::Delete, baseName(path), 0, {}});
  return code == SQLITE_OK ? self.real_->xDelete(self.real_, path, syncDirectory) : code;
}

int FaultVfs::access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  auto& self = *static_cast<FaultVfs*>(vfs->pAppData);
  return self.real_->xAccess(self.real_, path, flags, result);
}

int FaultVfs::fullPath(sqlite3_vfs* vfs, const char* path, int size, char* out) {
  auto& self = *static_cast<FaultVfs*>(vfs->pAppData);
  return self.real_->xFullPathname(self.real_, path, size, out);
}

int FaultVfs::begin(Operation operation) {
  const std::lock_guard lock(mutex_);
  if (failsAll_ || failIn_ == 0 || (failsSync_ && operation.kind == Kind::Sync)) {
    failIn_ = SIZE_MAX;
    failsSync_ = false;
    failed_ = true;
    if (operation.kind == Kind::Sync) operations_.push_back({Kind::SyncFailed, operation.file, 0, {}});
    return failWith_;
  }
  if (failIn_ != SIZE_MAX) --failIn_;
  operations_.push_back(std::move(operation));
  return SQLITE_OK;
}

std::size_t FaultVfs::moment() const {
  const std::lock_guard lock(mutex_);
  return operations_.size();
}

void FaultVfs::failAt(std::size_t operation, int code) {
  const std::lock_guard lock(mutex_);
  failIn_ = operation;
  failWith_ = code;
  failed_ = false;
}

void FaultVfs::failSync(int code) {
  const std::lock_guard lock(mutex_);
  failsSync_ = true;
  failWith_ = code;
  failed_ = false;
}

void FaultVfs::failAll(int code) {
  const std::lock_guard lock(mutex_);
  failsAll_ = true;
  failWith_ = code;
}

void FaultVfs::heal() {
  const std::lock_guard lock(mutex_);
  failsAll_ = failsSync_ = false;
  failIn_ = SIZE_MAX;
}

bool FaultVfs::hasFailed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

std::map<std::string, std::string> FaultVfs::image(std::size_t moment, Kept kept,
                                                   std::mt19937& random) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> durable;
  std::map<std::string, std::vector<const Operation*>> pending;
  const auto apply = [](std::string& file, const Operation& operation) {
    if (operation.kind == Kind::Write)
      writeAt(file, static_cast<std::size_t>(operation.offset), operation.data);
    else
      file.resize(static_cast<std::size_t>(operation.offset), '\0');
  };
  for (std::size_t i = 0; i < moment; ++i) {
    const Operation& operation = operations_[i];
    switch (operation.kind) {
      case Kind::Write:
      case Kind::Truncate:
        pending[operation.file].push_back(&operation);
        break;
      case Kind::Sync:
        for (const Operation* each : pending[operation.file]) apply(durable[operation.file], *each);
        pending[operation.file].clear();
        break;
      case Kind::SyncFailed:
        pending[operation.file].clear();
        break;
      case Kind::Delete:
        durable.erase(operation.file);
        pending.erase(operation.file);
        break;
    }
  }
  for (auto& [file, operations] : pending) {
    std::string& content = durable[file];
    const std::size_t prefix = kept == Kept::Nothing  ? 0
                               : kept == Kept::Prefix ? random() % (operations.size() + 1)
                                                      : operations.size();
    for (std::size_t i = 0; i < prefix; ++i) {
      const Operation& operation = *operations[i];
      if (kept != Kept::Some || operation.kind == Kind::Truncate) {
        if (kept != Kept::Some || random() % 2 == 0) apply(content, operation);
        continue;
      }
      if (random() % 3 == 0) continue;
      // Torn: some of the sectors reached the disk.
      const bool isTorn = random() % 3 == 0;
      for (std::size_t at = 0; at < operation.data.size(); at += kSector) {
        if (isTorn && random() % 2 == 0) continue;
        writeAt(content, static_cast<std::size_t>(operation.offset) + at,
                std::string_view(operation.data).substr(at, kSector));
      }
    }
  }
  return durable;
}

}  // namespace holdfast::test
