// What is done where the store cannot be opened, or is lost: the disk is read-only or full, the file is
// damaged or gone, or a newer holdfastd wrote it. Answers go on in every case that leaves something to answer
// from.
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "zone/sqlite_restored.h"
#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

/// A name that sorts by time and that nothing has.
std::string nameAside(const std::string& file) {
  std::tm parts{};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wallClock());
  gmtime_r(&seconds, &parts);
  char text[32];
  (void)std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  std::string name = file + ".corrupt-" + text;
  std::error_code ignored;
  for (int i = 2; std::filesystem::exists(name, ignored); ++i)
    name = file + ".corrupt-" + text + "-" + std::to_string(i);
  return name;
}

}  // namespace

SqliteStore::SqliteStore(StateDirectory state, StoreOptions options)
    : state_(std::move(state)),
      options_(std::move(options)),
      file_(state_.path() + "/plans.db"),
      logFile_(file_ + "-wal"),
      images_(state_.path() + "/images"),
      copies_(state_.path() + "/good"),
      fenceFile_(state_.path() + "/fences") {}

Result<std::unique_ptr<PlanStore>> SqliteStore::open(const std::string& directory,
                                                     const StoreOptions& options) {
  Result<StateDirectory> state = StateDirectory::open(directory);
  if (!state) return std::move(state).error();
  std::unique_ptr<SqliteStore> store(new SqliteStore(*std::move(state), options));
  if (Status started = store->start(); !started) return std::move(started).error();
  return std::unique_ptr<PlanStore>(std::move(store));
}

void SqliteStore::tell(const std::string& where, const std::string& what) {
  const std::lock_guard known(knowing_);
  problems_.push_back({ErrorKind::Store, where, what});
}

Status SqliteStore::start() {
  std::vector<Error> badCopies;
  const Result<std::vector<GoodCopies::Listed>> copies = copies_.list(badCopies);
  if (!copies) badCopies.push_back(copies.error());
  for (const Error& bad : badCopies) tell(bad.where, bad.what);
  if (copies) copiesAtStart_ = *copies;
  const Result<std::vector<KnownFence>> fences = fenceFile_.read();
  if (fences)
    fences_ = *fences;
  else
    tell(fences.error().where, fences.error().what);
  for (const KnownFence& each : fences_)
    if (each.copiesGo) copiesToGo_.insert(each.apex);
  areFencesReadable_ = fences || fences.error().kind != ErrorKind::System;
  std::size_t restored = 0;
  Status opened = openWritable(fromCopies(restored));
  if (opened)
    if (const std::string damage = damageAtStart(); !damage.empty()) return salvage(damage);
  if (opened && restored > 0)
    tell(file_,
         "was not there: made anew from the last-known-good copies; the history is lost, and the fence "
         "is the newest that the copies and the file of fences tell");
  if (opened) return opened;
  const std::string why = opened.error().what;
  if (age_ == StoreAge::Newer || age_ == StoreAge::Readable) {
    readOnlyWhy_ = "a newer holdfastd wrote the store: start that one, or set the store aside";
  } else if (openFault_ == StoreFault::Damaged) {
    if (Status aside = setAside(why); !aside) return aside;
    return openWritable(fromCopies(restored));
  } else {
    readOnlyWhy_ = why;
  }
  {
    const std::lock_guard known(knowing_);
    stats_.readOnly = true;
  }
  Status readable = age_ == StoreAge::Newer ? opened : openReadable();
  if (readable)
    tell(file_, "is served from without being written: " + readOnlyWhy_);
  else if (copies && !copies->empty() && openCopies())
    tell(file_, "cannot be read, and is not written: the last-known-good copies are served: " + readOnlyWhy_);
  else
    return Error{ErrorKind::Store, opened.error().where, opened.error().what + ": " + readOnlyWhy_};
  return Done{};
}

/// A large file takes seconds to look through: maintain() does that, and damage to what is needed shows when
/// it is read. The zones themselves are needed first.
std::string SqliteStore::damageAtStart() {
  if (stateOf(file_).octets <= options_.octetsCheckedAtStart) return damageIn(*writer_);
  const Result<std::vector<ZoneRow>> rows = zoneRows(*writer_);
  return rows || writer_->fault() != StoreFault::Damaged ? std::string() : rows.error().what;
}

/// The current content of each zone, as far as it can be read from a damaged store, goes into a new one; what
/// cannot is made up for by the last-known-good copies. The history stays in the file that is set aside.
Status SqliteStore::salvage(const std::string& damage) {
  std::vector<Error> told;
  const Result<std::vector<StoredZone>> zones = [&] {
    const std::lock_guard guard(writing_);
    return readZones();
  }();
  if (!zones) {
    std::size_t restored = 0;
    if (Status aside = setAside(damage); !aside) return aside;
    return openWritable(fromCopies(restored));
  }
  for (const StoredZone& zone : *zones) {
    if (zone.removed || zone.committed == 0 || content(zone.apex, zone.committed)) continue;
    (void)static_cast<bool>(anyContent(zone.apex, told));
  }
  for (const Error& problem : told) tell(problem.where, problem.what);
  return rebuild(damage);
}

/// The last-known-good copies in a store in memory.
Status SqliteStore::openCopies() {
  Result<SqliteDatabase> memory = SqliteDatabase::open(":memory:", SqliteDatabase::Mode::ReadWrite, "");
  if (!memory) return std::move(memory).error();
  std::size_t restored = 0;
  if (Status done = bringUpToDate(*memory, StoreAge::New, fromCopies(restored)); !done) return done;
  reader_.emplace(*std::move(memory));
  mayBecomeWritable_ = age_ != StoreAge::Newer && age_ != StoreAge::Readable;
  return Done{};
}

/// `found` is how many copies there were. REQUIRES: it outlives the filling.
Filling SqliteStore::fromCopies(std::size_t& found) {
  return [this, &found](SqliteDatabase& database) -> Status {
    const Result<std::size_t> copies = restoreCopies(database);
    if (!copies) return copies.error();
    found = *copies;
    return Done{};
  };
}

/// The newest copy of each zone that reads becomes what is committed. What the disk does not give is an
/// error, and not a zone that never was (I4). REQUIRES: a transaction is open.
Result<std::size_t> SqliteStore::restoreCopies(SqliteDatabase& database) {
  std::vector<Error> ignored;
  const Result<std::vector<GoodCopies::Listed>> copies = copies_.list(ignored);
  if (!copies) return copies.error();
  std::size_t count = 0;
  std::optional<Name> restored;
  for (const GoodCopies::Listed& listed : *copies) {
    if (copiesToGo_.contains(listed.apex) || isRemovedInFile(listed.apex)) continue;
    if (restored != listed.apex) {
      const Result<GoodCopies::Copy> copy = copies_.read(listed.apex, listed.generation);
      if (!copy && copy.error().kind == ErrorKind::System) return copy.error();
      if (!copy) {
        tell(copy.error().where, copy.error().what);
        continue;
      }
      StoredZone zone;
      zone.apex = listed.apex;
      zone.fence = std::max({copy->fence, listed.generation, fenceInFile(listed.apex)});
      zone.committed = listed.generation;
      if (Status put = insertRestored(database, zone, copy->content.get(),
                                      "the store was lost: from the last-known-good copy");
          !put)
        return std::move(put).error();
      tell(listed.apex.text(),
           "was restored from its last-known-good copy of generation " + std::to_string(listed.generation));
      restored = listed.apex;
    }
    if (Status put = insertGood(database, listed, false); !put) return std::move(put).error();
    ++count;
  }
  const Result<std::size_t> fences = restoreFences(database);
  if (!fences) return fences.error();
  return count + *fences;
}

/// Zones of which nothing but the fence is known: they wait for a plan above it. REQUIRES: as
/// restoreCopies().
Result<std::size_t> SqliteStore::restoreFences(SqliteDatabase& database) {
  std::size_t restored = 0;
  if (!areFencesReadable_)
    return Error{ErrorKind::System, state_.path() + "/fences",
                 "cannot be read: no fence is known without it"};
  for (const KnownFence& each : fences_) {
    if (each.copiesGo) continue;
    const Result<std::int64_t> row = zoneIdOf(database, each.apex.text());
    if (!row) return row.error();
    if (*row != 0) continue;
    StoredZone zone;
    zone.apex = each.apex;
    zone.fence = each.fence;
    zone.removed = each.removed;
    if (Status put = insertRestored(database, zone, nullptr, "the store was lost: its fence alone is known");
        !put)
      return std::move(put).error();
    tell(each.apex.text(), each.removed ? "is removed, with the fence it had"
                                        : "is held without content: nothing of it is left but its fence, "
                                          "send a full plan above generation " +
                                              std::to_string(each.fence));
    ++restored;
  }
  return restored;
}

void SqliteStore::closeAll() {
  writer_.reset();
  reader_.reset();
}

/// The file and what belongs to it get another name. Nothing is deleted.
Status SqliteStore::setAside(const std::string& why) {
  closeAll();
  const std::string aside = nameAside(file_);
  std::error_code problem;
  bool wasThere = false;
  for (const char* part : {"", "-wal", "-shm"}) {
    if (!std::filesystem::exists(file_ + part, problem)) continue;
    std::filesystem::rename(file_ + part, aside + part, problem);
    if (problem) return Error{ErrorKind::Store, file_ + part, "cannot be set aside: " + problem.message()};
    wasThere = true;
  }
  if (!wasThere) return Done{};
  if (Status synced = syncDirectory(state_.path()); !synced) return synced;
  tell(file_, "was set aside as " + aside + ": " + why);
  return Done{};
}

/// REQUIRES: a transaction is open, reading_ is held.
Status SqliteStore::insertHeld(SqliteDatabase& database) {
  mendings_.clear();  // the numbers of rows are of the file that is gone
  unnamedRows_.clear();
  for (auto& [apex, held] : held_)
    if (Status put = insertRestored(database, held.zone, held.content.get(),
                                    "the store was lost while running: from what is served");
        !put)
      return put;
  std::vector<Error> ignored;
  const Result<std::vector<GoodCopies::Listed>> copies = copies_.list(ignored);
  hasStrayCopies_ = static_cast<bool>(copies);  // none is dropped for want of a row that could not be written
  if (!copies) {
    tell(copies.error().where, copies.error().what);
    return Done{};
  }
  for (const GoodCopies::Listed& copy : *copies) {
    if (copiesToGo_.contains(copy.apex)) continue;
    const std::vector<Generation> left = head(copy.apex).leftBehind;
    const bool isLeftBehind = std::ranges::find(left, copy.generation) != left.end();
    if (Status put = insertGood(database, copy, isLeftBehind); !put) return put;
  }
  return Done{};
}

/// A new store from what is served, where the old one is lost under a running server. REQUIRES: writing_ is
/// held, no transaction is open.
Status SqliteStore::rebuild(const std::string& why) {
  const std::lock_guard guard(reading_);
  isLost_ = true;
  log_ = {};
  ++incarnation_;
  readOnlyWhy_ = why;
  if (!state_.isThere()) {
    Result<StateDirectory> state = StateDirectory::open(state_.path());
    if (!state) return std::move(state).error();
    state_ = *std::move(state);
  }
  if (Status aside = setAside(why); !aside) return aside;
  Status filled = openWritable([this](SqliteDatabase& database) { return insertHeld(database); });
  if (!filled) {
    // What was made here goes, and the next write tries again.
    closeAll();
    std::error_code ignored;
    for (const char* part : {"-wal", "-shm", ""}) std::filesystem::remove(file_ + part, ignored);
    return filled;
  }
  isSuspect_ = isLost_ = false;
  for (auto& [apex, held] : held_) {
    held.isDamaged = held.content != nullptr && held.content->generation() != held.zone.committed;
    held.isChanged = true;
    if (Status read = refreshHead(apex); !read) return read;
  }
  tell(file_, "was made anew from what is served: " + why);
  const std::lock_guard known(knowing_);
  ++stats_.rebuilds;
  return Done{};
}

bool SqliteStore::isFileThere() const {
  const FileState now = stateOf(file_);
  return now.inode != 0 && now.isSameFile(opened_);
}

/// Tries whether a store that a start found read-only can be written by now. A file that is not there begins
/// with what is served; one that is there stays as it is, with a fence that may be above what is served.
/// REQUIRES: writing_ is held.
Status SqliteStore::openAgain() {
  const std::lock_guard guard(reading_);
  std::optional<SqliteDatabase> reader = std::exchange(reader_, std::nullopt);
  // While a connection has the index of the log open for reading, no other gets it for writing.
  const bool isOfFile = reader && reader->isOfFile();
  if (isOfFile) reader.reset();
  const Status opened = openWritable([this](SqliteDatabase& database) { return insertHeld(database); });
  if (!opened) {
    reader_ = std::move(reader);
    readOnlyWhy_ = opened.error().what;
    return isOfFile ? openReadable() : Done{};
  }
  mayBecomeWritable_ = false;
  ++incarnation_;
  for (auto& [apex, held] : held_) {
    held.isChanged = true;
    if (Status read = refreshHead(apex); !read) return read;
  }
  tell(file_, "can be written again");
  const std::lock_guard known(knowing_);
  stats_.readOnly = false;
  return Done{};
}

Result<std::unique_ptr<PlanStore>> openSqliteStore(const std::string& directory,
                                                   const StoreOptions& options) {
  return SqliteStore::open(directory, options);
}

}  // namespace holdfast
