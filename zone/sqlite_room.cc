// What is seen to before anything is written. A small disk must not be filled by the store's own log: copying
// that back needs room in the file, which only what is left of the disk can give.
#include <sys/statvfs.h>
#include <unistd.h>

#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

/// What stays free of the disk beside the log and what the log becomes in the file.
constexpr std::uint64_t kRoom = 1 << 20;

}  // namespace

/// Before anything is written: the file is the one that was opened, and what a failed write left is settled.
/// REQUIRES: writing_ is held.
Status SqliteStore::becomeWritable() {
  if (isLost_) return rebuild(readOnlyWhy_);
  if (!writer_ && mayBecomeWritable_)
    if (Status opened = openAgain(); !opened) return opened;
  if (!writer_) return Error{ErrorKind::Store, "plan store " + file_, "is not written: " + readOnlyWhy_};
  if (!isFileThere()) return rebuild("the file is gone, or another took its place");
  if (!isLogThere()) {
    Result<SqliteDatabase> fresh = openFresh();
    if (!fresh) return std::move(fresh).error();
    if (const std::string why = disagreement(*fresh); !why.empty()) return rebuild(why);
    if (!noteLog()) return rebuild("its log is gone");
  }
  if (!isSuspect_) keepRoom();
  if (!isSuspect_) return Done{};
  // SQLite takes a failed write back, but the log may hold what was not synced: all of it goes to the file
  // first, and the log starts anew.
  cutLog();
  if (Status copied = copyLogBack(); !copied) return copied;
  isSuspect_ = false;
  return Done{};
}

Status SqliteStore::copyLogBack() {
  SqliteStatement copied(*writer_, "PRAGMA wal_checkpoint(TRUNCATE)");
  const Result<bool> row = copied.step("copy the log back");
  if (!row) return row.error();
  if (!*row || copied.integer(0) != 0)
    return Error{ErrorKind::Store, "plan store " + file_, "is busy: its log could not be copied back"};
  noteLog();
  return Done{};
}

/// While there is room to copy the log back it is done, best effort: what a reader holds back comes next
/// time, and a write that finds no room says so itself. A disk that fails is another matter: what the log
/// holds of lines that were not synced yet may be gone, and nothing acknowledged may come behind it.
/// REQUIRES: writing_ is held.
void SqliteStore::keepRoom() {
  if (log_.octets == 0) return;
  struct statvfs disk {};
  if (::statvfs(state_.path().c_str(), &disk) != 0) return;
  if (std::uint64_t{disk.f_bavail} * disk.f_frsize >= 2 * log_.octets + kRoom) return;
  sqlite3_busy_timeout(writer_->handle(), 0);
  writer_->clearFault();
  (void)static_cast<bool>(copyLogBack());
  isSuspect_ = writer_->fault() == StoreFault::Io;
  sqlite3_busy_timeout(writer_->handle(), SqliteDatabase::kBusyMillis);
}

/// What a failed write left behind the committed part of the log is of no use, and takes the room that
/// copying back needs. SQLite would write over it. REQUIRES: writing_ is held, no transaction is open.
void SqliteStore::cutLog() noexcept {
  const FileState now = stateOf(logFile_);
  if (log_.inode == 0 || !now.isSameFile(log_) || now.octets <= log_.octets) return;
  (void)!::truncate(logFile_.c_str(), static_cast<off_t>(log_.octets));
}

}  // namespace holdfast
