// What shows that others have touched the files of a store in use. SQLite serves on from what it keeps in
// memory, and commits behind a log that is gone; so after a stop the plans that it acknowledged would be
// missing. What is served and its fences are in memory: from those a new store is made in time.
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <utility>

#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t kLogHeader = 32;

std::uint32_t bigEndian(const std::uint8_t* at) noexcept {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

/// The checksum of the header of a write-ahead log (https://sqlite.org/walformat.html, section 4). A log that
/// is empty, or cannot be looked at, shows nothing.
bool isLogHeaderWhole(const std::string& file) {
  std::array<std::uint8_t, kLogHeader> header{};
  std::ifstream log(file, std::ios::binary);
  log.read(reinterpret_cast<char*>(header.data()), header.size());
  if (log.gcount() == 0) return true;
  if (log.gcount() < static_cast<std::streamsize>(header.size())) return false;
  const std::uint32_t magic = bigEndian(header.data());
  if ((magic & ~1u) != 0x377f0682) return false;
  std::uint32_t first = 0, second = 0;
  for (std::size_t at = 0; at < 24; at += 8) {
    const auto word = [&](std::size_t offset) {
      const std::uint32_t value = bigEndian(header.data() + offset);
      return (magic & 1u) != 0 ? value : __builtin_bswap32(value);
    };
    first += word(at) + second;
    second += word(at + 4) + first;
  }
  return first == bigEndian(header.data() + 24) && second == bigEndian(header.data() + 28);
}

/// SQLite does not say why it could not look at a page, and where memory is short that is why. Who cannot
/// look has seen no damage: the next check may.
bool isOfWhatWasNotSeen(const std::string& finding) {
  return finding.find("failed to get page") != std::string::npos ||
         finding.find("unable to get the page") != std::string::npos;
}

}  // namespace

SqliteStore::FileState stateOf(const std::string& file) noexcept {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size),
          info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

std::string damageIn(SqliteDatabase& database) {
  SqliteStatement check(database, "PRAGMA quick_check(1)");
  const Result<bool> row = check.step("check the file");
  if (!row) return database.fault() == StoreFault::Damaged ? row.error().what : std::string();
  const std::string found = *row ? check.text(0) : "ok";
  return found == "ok" || isOfWhatWasNotSeen(found) ? std::string() : found;
}

/// After a write of ours, or when the log was opened. False where it is not the one that was noted before:
/// what is written goes to a file that nobody finds any more. REQUIRES: writing_ is held.
bool SqliteStore::noteLog() noexcept {
  const FileState before = std::exchange(log_, stateOf(logFile_));
  return before.inode == 0 || log_.isSameFile(before);
}

/// Whether the log can be that of our last write: no other file, and not shorter. REQUIRES: writing_ is held.
bool SqliteStore::isLogThere() const noexcept {
  if (log_.inode == 0) return true;
  const FileState now = stateOf(logFile_);
  return now.isSameFile(log_) && now.octets >= log_.octets;
}

/// A connection that sees what anybody sees who opens the file now.
Result<SqliteDatabase> SqliteStore::openFresh() const {
  return SqliteDatabase::open(file_, SqliteDatabase::Mode::ReadOnly, options_.vfs);
}

/// Why what is on the disk is not what was written, as somebody sees it who opens it now; empty where it is.
/// REQUIRES: writing_ is held.
std::string SqliteStore::disagreement(SqliteDatabase& fresh) const {
  for (const auto& [apex, held] : held_) {
    if (mendings_.contains(apex)) continue;  // known not to be as it should
    SqliteStatement row(fresh, "SELECT fence, committed FROM zones WHERE apex = ?");
    const std::string name = apex.text();
    const Result<bool> found = row.bind(std::string_view(name)).step("compare the zones");
    if (!found && fresh.fault() == StoreFault::Damaged) return found.error().what;
    if (!found) return isLogThere() ? std::string() : "its log is gone, or was cut";
    if (!*found || row.natural(0) != held.zone.fence || row.natural(1) != held.zone.committed)
      return "it does not hold what was committed of " + name;
  }
  return {};
}

/// Looks for damage now and then, all pages where the file has changed since. From the thread that calls
/// maintain().
Status SqliteStore::checkFiles() {
  Result<SqliteDatabase> fresh = openFresh();
  if (!fresh) return std::move(fresh).error();
  std::string why;
  const FileState before = stateOf(file_);
  const bool isDue = steady_clock::now() >= nextPageCheck_ && before != checkedFile_;
  if (isDue) {
    nextPageCheck_ = steady_clock::now() + options_.pageChecks;
    checkedFile_ = before;
    why = damageIn(*fresh);
  }
  const std::lock_guard guard(writing_);
  if (!writer_ || isLost_) return Done{};
  if (why.empty() && !isLogHeaderWhole(logFile_)) why = "the header of its log is damaged";
  if (why.empty()) why = disagreement(*fresh);
  if (why.empty()) return Done{};
  return rebuild(why);
}

}  // namespace holdfast
