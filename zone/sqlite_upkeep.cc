// What commits do not wait for: checkpoints, copying the log back, giving back disk space.
#include <sys/stat.h>

#include <algorithm>

#include "zone/digest.h"
#include "zone/sqlite_store.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

using Text = std::string_view;

/// A start replays so many changes at most; see docs/plan-store.md for what that takes.
constexpr std::uint64_t kMostChanges = 4096;
/// And changes of as many octets as a checkpoint takes, this at least.
constexpr std::uint64_t kLeastOctets = 64 * 1024;
/// A checkpoint is written in parts, so that a commit never waits for all of it.
constexpr std::size_t kPart = 1 << 20;
/// Free pages that stay to be used again; what is above a quarter of the file is given back, in such pieces.
constexpr std::int64_t kFreePagesKept = 4096, kPagesGivenBack = 1024;
/// Texts that no line uses any more are dropped when there are this many.
constexpr std::int64_t kManyTexts = 20'000;

std::uint64_t sizeOf(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

/// What stands between the newest whole content of a zone and what is committed.
struct Replay {
  std::uint64_t changes = 0, octets = 0, wholeOctets = 0;
  bool wantsCheckpoint() const noexcept {
    return changes >= kMostChanges || octets >= std::max(wholeOctets, kLeastOctets);
  }
};

Result<Replay> replayOf(SqliteDatabase& database, const std::string& apex) {
  SqliteStatement base(
      database,
      "SELECT z.id, coalesce((SELECT max(generation) FROM checkpoints WHERE zone = z.id AND part = 0), 0), "
      "coalesce((SELECT max(generation) FROM entries WHERE zone = z.id AND sha256 IS NOT NULL AND "
      "previous = 0), 0) FROM zones z WHERE z.apex = ?");
  Result<bool> row = base.bind(Text(apex)).step("find the newest checkpoint");
  if (!row) return row.error();
  Replay replay;
  if (!*row) return replay;
  const bool isCheckpoint = base.natural(1) >= base.natural(2);
  const std::uint64_t from = std::max(base.natural(1), base.natural(2));
  SqliteStatement sums(
      database, isCheckpoint ? "SELECT sum(length(body)) FROM checkpoints WHERE zone = ? AND generation = ?"
                             : "SELECT length(body) FROM entries WHERE zone = ? AND generation = ? AND "
                               "sha256 IS NOT NULL");
  row = sums.bind(base.integer(0)).bind(from).step("read the size of the newest checkpoint");
  if (!row) return row.error();
  replay.wholeOctets = *row ? sums.natural(0) : 0;
  SqliteStatement changes(database,
                          "SELECT count(*), coalesce(sum(length(body)), 0) FROM entries WHERE zone = ? AND "
                          "generation > ? AND sha256 IS NOT NULL");
  row = changes.bind(base.integer(0)).bind(from).step("read the sizes of the changes");
  if (!row) return row.error();
  replay.changes = changes.natural(0);
  replay.octets = changes.natural(1);
  return replay;
}

}  // namespace

Status SqliteStore::writeCheckpoints(SqliteDatabase& keeper) {
  std::vector<std::shared_ptr<const Zone>> changed;
  {
    const std::lock_guard guard(writing_);
    for (auto& [apex, held] : held_) {
      if (!held.isChanged || held.isDamaged || held.content == nullptr) continue;
      if (held.content->generation() == held.zone.committed) changed.push_back(held.content);
      held.isChanged = false;
    }
  }
  for (const std::shared_ptr<const Zone>& content : changed) {
    const Result<Replay> replay = replayOf(keeper, toText(content->apex()));
    if (!replay) return replay.error();
    if (!replay->wantsCheckpoint()) continue;
    if (Status done = checkpointZone(content); !done) return done;
  }
  return Done{};
}

/// Part 0 comes last and stands for all of them, so that what a crash leaves half done is no checkpoint.
Status SqliteStore::checkpointZone(const std::shared_ptr<const Zone>& content) {
  const Name apex(content->apex());
  const std::string body = encodeChange(Zone{apex}, *content);
  const std::string whole = sha256(body);
  const std::int64_t parts = static_cast<std::int64_t>((body.size() + kPart - 1) / kPart);
  std::optional<std::uint64_t> begunIn;
  for (std::int64_t part = 1; part <= parts + 1; ++part) {
    const bool isLast = part > parts;
    const Text piece = isLast ? Text() : Text(body).substr(static_cast<std::size_t>(part - 1) * kPart, kPart);
    const std::string digest = isLast ? whole : sha256(piece);
    const std::lock_guard guard(writing_);
    if (const auto held = held_.find(apex); held == held_.end() || held->second.zone.removed) return Done{};
    if (!begunIn) begunIn = incarnation_;
    Status done = write(isLast ? Sync::Full : Sync::Lazily, [&]() -> Status {
      if (incarnation_ != *begunIn) return Done{};  // the parts before it went with the file
      SqliteStatement put(*writer_,
                          "INSERT OR REPLACE INTO checkpoints (zone, generation, part, sha256, body) "
                          "SELECT id, ?2, ?3, ?4, ?5 FROM zones WHERE apex = ?1");
      const std::string text = apex.text();
      put.bind(Text(text)).bind(content->generation()).bind(isLast ? 0 : part);
      return put.bindBlob(digest).bindBlob(piece).run("write a checkpoint of " + text);
    });
    if (!done) return done;
  }
  return Done{};
}

/// Copies that no row names: of removed and forgotten zones, and those that a crash left.
Status SqliteStore::dropStrayCopies(SqliteDatabase& keeper) {
  std::set<Name> known, going;
  {
    const std::lock_guard guard(writing_);
    if (!std::exchange(hasStrayCopies_, false)) return Done{};
    for (const auto& [apex, held] : held_) known.insert(known.end(), apex);
    going = copiesToGo_;
  }
  Status dropped = dropCopies(keeper, known, going);
  const std::lock_guard guard(writing_);
  if (!dropped)
    hasStrayCopies_ = true;  // until it was done
  else
    for (const Name& apex : going) copiesToGo_.erase(apex);
  return dropped;
}

/// A copy of a zone that was neither held nor forgotten may be all that there is of it: it stays (I5).
Status SqliteStore::dropCopies(SqliteDatabase& keeper, const std::set<Name>& known,
                               const std::set<Name>& going) {
  for (const Name& apex : going)
    if (!known.contains(apex))
      if (Status removed = copies_.removeAll(apex); !removed) return removed;
  std::vector<Error> ignored;
  const Result<std::vector<GoodCopies::Listed>> copies = copies_.list(ignored);
  if (!copies) return copies.error();
  bool isAny = false;
  for (const GoodCopies::Listed& copy : *copies) {
    if (!known.contains(copy.apex)) continue;
    SqliteStatement row(keeper,
                        "SELECT 1 FROM good g JOIN zones z ON z.id = g.zone WHERE z.apex = ? AND "
                        "g.generation = ?");
    const std::string text = copy.apex.text();
    const Result<bool> found = row.bind(Text(text)).bind(copy.generation).step("find a last-known-good");
    if (!found) return found.error();
    if (*found) continue;
    copies_.remove(copy.apex, copy.generation);
    isAny = true;
  }
  return isAny ? copies_.settle() : Status(Done{});
}

Status SqliteStore::giveBackSpace(SqliteDatabase& keeper) {
  const Result<std::int64_t> free = keeper.number("PRAGMA freelist_count");
  const Result<std::int64_t> pages = keeper.number("PRAGMA page_count");
  const Result<std::int64_t> texts = keeper.number("SELECT max(id) FROM texts");
  if (!free || !pages || !texts) return Error{ErrorKind::Store, file_, "cannot read its size"};
  if (*texts > nextTextsCheck_) {
    const std::lock_guard guard(writing_);
    nextTextsCheck_ = *texts + kManyTexts;
    Status done = write(Sync::Lazily, [&] {
      return writer_->run(
          "DELETE FROM texts WHERE id NOT IN (SELECT who FROM entries UNION SELECT source FROM "
          "entries)");
    });
    if (!done) return done;
  }
  if (*free <= std::max(kFreePagesKept, *pages / 4)) return Done{};
  const std::lock_guard guard(writing_);
  return write(Sync::Lazily, [&] {
    return writer_->run(("PRAGMA incremental_vacuum(" + std::to_string(kPagesGivenBack) + ")").c_str());
  });
}

void SqliteStore::measure(SqliteDatabase& keeper) {
  const Result<std::int64_t> entries = keeper.number("SELECT sum(entries) FROM zones");
  const Result<std::int64_t> free = keeper.number("PRAGMA freelist_count");
  const Result<std::int64_t> page = keeper.number("PRAGMA page_size");
  const std::lock_guard known(knowing_);
  stats_.walOctets = sizeOf(file_ + "-wal");
  stats_.octets = sizeOf(file_) + stats_.walOctets;
  if (entries) stats_.entries = static_cast<std::uint64_t>(*entries);
  if (free && page) stats_.freeOctets = static_cast<std::uint64_t>(*free * *page);
}

Status SqliteStore::maintain() {
  if (Status written = writeFences(); !written) tell(written.error().where, written.error().what);
  {
    const std::lock_guard guard(writing_);
    if (Status writable = becomeWritable(); !writable) return writable;
    if (Status mended = mendRows(); !mended) return mended;
  }
  if (Status checked = checkFiles(); !checked) return checked;
  Result<SqliteDatabase> keeper = SqliteDatabase::open(file_, SqliteDatabase::Mode::ReadWrite, options_.vfs);
  if (!keeper) return std::move(keeper).error();
  if (Status set = keeper->run("PRAGMA synchronous = FULL"); !set) return set;
  Status done = writeCheckpoints(*keeper);
  if (done) done = dropStrayCopies(*keeper);
  if (done) done = giveBackSpace(*keeper);
  // Syncs the log first: what was recorded lazily is durable from here on.
  Status copied = keeper->run("PRAGMA wal_checkpoint(PASSIVE)");
  if (keeper->fault() == StoreFault::Io || keeper->fault() == StoreFault::Full) {
    // What a failed sync had yet to write may be gone from the log: nothing acknowledged may come behind it.
    const std::lock_guard guard(writing_);
    isSuspect_ = true;
  }
  tendImages(*keeper);
  measure(*keeper);
  return done ? copied : done;
}

StoreStats SqliteStore::stats() {
  const std::lock_guard known(knowing_);
  return stats_;
}

std::vector<Error> SqliteStore::takeProblems() {
  const std::lock_guard known(knowing_);
  return std::exchange(problems_, {});
}

}  // namespace holdfast
