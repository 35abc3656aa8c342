// The compiled images of zones: a start serves from one where the history vouches for it, and adds what was
// committed since; upkeep writes them. A cache: whatever is wrong with one, the store is read instead.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "zone/sqlite_contents.h"
#include "zone/sqlite_store.h"
#include "zone/zone_file_name.h"

namespace holdfast {

namespace {

using std::chrono::steady_clock;

constexpr std::string_view kSuffix = ".image";

/// The seal of the line that committed the generation; empty where there is none.
Result<std::string> sealOfCommit(SqliteDatabase& database, std::int64_t zone, Generation generation) {
  SqliteStatement row(database,
                      "SELECT seal FROM entries WHERE zone = ? AND generation = ? AND sha256 IS NOT NULL");
  const Result<bool> found = row.bind(zone).bind(generation).step("find the line of an image");
  if (!found) return found.error();
  return *found ? row.blob(0) : std::string();
}

/// How many names commits after the generation changed, and when the newest was made.
struct Since {
  std::uint64_t changes = 0;
  WallTime newest{};
};
Result<Since> changesSince(SqliteDatabase& database, std::int64_t zone, Generation generation) {
  SqliteStatement row(database,
                      "SELECT sum(CASE WHEN generation > ?2 THEN added + removed + changed ELSE 0 END), "
                      "max(at) FROM entries WHERE zone = ?1 AND generation >= ?2 AND sha256 IS NOT NULL");
  const Result<bool> found = row.bind(zone).bind(generation).step("count what changed since an image");
  if (!found) return found.error();
  return Since{row.natural(0), WallTime(std::chrono::microseconds(row.integer(1)))};
}

/// Whether so much was committed since an image that all is read sooner from the store alone.
Result<bool> isFarBehind(ContentReader& reader, std::int64_t zone, Generation image, Generation committed) {
  constexpr std::uint64_t kSoonApplied = 1 << 20;  // octets
  const Result<std::uint64_t> since = reader.octetsSince(zone, image, committed);
  if (!since) return since.error();
  if (*since < kSoonApplied) return false;
  const Result<std::uint64_t> all = reader.octetsToRead(zone, committed);
  if (!all) return all.error();
  return *all < *since;
}

Status makeDirectory(const std::string& path) {
  std::error_code problem;
  if (std::filesystem::create_directory(path, problem))
    return syncDirectory(std::filesystem::path(path).parent_path().string());
  if (problem) return Error{ErrorKind::System, path, "cannot be made: " + problem.message()};
  return Done{};
}

}  // namespace

std::string SqliteStore::imageOf(NameView apex) const {
  return images_ + "/" + zoneInFileName(apex) + std::string(kSuffix);
}

/// What a start serves, where there is an image that holds; else null, and content() reads the store.
std::shared_ptr<const Zone> SqliteStore::imagedContent(NameView apex, Generation generation) {
  {
    const std::lock_guard guard(writing_);
    const auto held = held_.find(Name(apex));
    if (held == held_.end() || held->second.content != nullptr || held->second.isDamaged ||
        held->second.zone.committed != generation || mendings_.contains(held->first))
      return nullptr;
  }
  HeldImage image;
  Result<std::shared_ptr<const Zone>> content = readImage(apex, generation, image);
  if (!content && content.error().kind == ErrorKind::NotFound) return nullptr;
  if (!content) tell(content.error().where, content.error().what + ": the store is read instead");
  {
    const std::lock_guard known(knowing_);
    ++(content ? stats_.imagesUsed : stats_.imagesRefused);
  }
  if (!content) return nullptr;
  const std::lock_guard guard(writing_);
  Held& held = held_[Name(apex)];
  image.incarnation = incarnation_;
  held.image = image;
  held.isUnread = true;
  held.content = *content;
  return held.content;
}

/// NotFound only where there is no image, or the store is read sooner than what was committed since.
Result<std::shared_ptr<const Zone>> SqliteStore::readImage(NameView apex, Generation generation,
                                                           HeldImage& image) {
  const std::string file = imageOf(apex);
  const auto refused = [&](const std::string& how) { return Error{ErrorKind::Store, file, how}; };
  const Result<ZoneImage> opened = ZoneImage::open(file, apex);
  if (!opened) return opened.error();
  if (opened->generation() > generation)
    return refused("is of generation " + std::to_string(opened->generation()) + ", above what is committed");
  const std::lock_guard guard(reading_);
  if (Status ready = readable(); !ready) return std::move(ready).error();
  const SqliteReadTransaction transaction(*reader_);
  const Result<std::int64_t> row = rowOf(apex);
  if (!row) return row.error();
  const Result<std::string> seal = sealOfCommit(*reader_, *row, opened->generation());
  if (!seal) return seal.error();
  if (*seal != opened->seal())
    return refused("is of another history: the seal of generation " + std::to_string(opened->generation()) +
                   " is not the one it has");
  const Result<Since> since = changesSince(*reader_, *row, opened->generation());
  if (!since) return since.error();
  ContentReader reader(*reader_, transaction);
  const Result<bool> isBehind = isFarBehind(reader, *row, opened->generation(), generation);
  if (!isBehind) return isBehind.error();
  if (*isBehind) return Error{ErrorKind::NotFound, file, "is far behind"};
  const Result<std::shared_ptr<const Zone>> base = opened->load(since->newest);
  if (!base) return base.error();
  Result<std::shared_ptr<const Zone>> content = reader.readOnto(*row, *base, generation);
  if (!content) return refused("cannot be brought up to date: " + content.error().text());
  image.generation = opened->generation();
  image.changes = since->changes;
  image.octets = stateOf(file).octets;
  image.at = steady_clock::now();
  imaged_[Name(apex)] = *base;
  return content;
}

void SqliteStore::tendImages(SqliteDatabase& keeper) {
  readUnread(keeper);
  dropStrayImages();
  writeImages(keeper);
}

/// What a start did not read of the store, as an image had it, is read now: where it is damaged, what is
/// served is stored whole, so that a later start and later changes have what they build on (I6).
void SqliteStore::readUnread(SqliteDatabase& keeper) {
  std::vector<std::pair<Name, Generation>> unread;
  {
    const std::lock_guard guard(writing_);
    for (auto& [apex, held] : held_)
      if (std::exchange(held.isUnread, false)) unread.emplace_back(apex, held.zone.committed);
  }
  for (const auto& [apex, generation] : unread) {
    const Status read = [&, &zone = apex, at = generation]() -> Status {
      const SqliteReadTransaction transaction(keeper);
      const Result<std::int64_t> row = zoneIdOf(keeper, zone.text());
      if (!row) return row.error();
      return ContentReader(keeper, transaction).check(*row, zone, at);
    }();
    if (read) continue;
    std::shared_ptr<const Zone> served;
    {
      const std::lock_guard guard(writing_);
      const auto held = held_.find(apex);
      if (held == held_.end() || held->second.zone.removed || held->second.content == nullptr) continue;
      held->second.isDamaged = true;  // the next change is stored whole
      served = held->second.content;
    }
    tell(read.error().where, read.error().what + ": it is served from its image, and stored anew");
    if (Status stored = checkpointZone(served); !stored) {
      tell(stored.error().where, stored.error().what);
      continue;
    }
    const std::lock_guard guard(writing_);
    const auto held = held_.find(apex);
    if (held != held_.end() && held->second.content == served) held->second.isDamaged = false;
  }
}

/// REQUIRES: writing_ is held.
bool SqliteStore::wantsImage(const Held& held, steady_clock::time_point now) const {
  const ImageSettings& settings = options_.images;
  if (settings.leastNames == 0 || held.content == nullptr || held.isDamaged || held.zone.removed ||
      held.content->generation() != held.zone.committed || now < held.image.notBefore)
    return false;
  const HeldImage& image = held.image;
  if (held.content->names().size() < settings.leastNames) return false;
  if (image.generation == 0 || image.incarnation != incarnation_) return true;
  if (image.generation == held.zone.committed) return false;
  const auto age = now - image.at;
  return age >= settings.after || (age >= settings.pause && image.changes >= settings.changes);
}

Result<std::uint64_t> SqliteStore::writeImage(SqliteDatabase& keeper, const Zone& content,
                                              const StoreMoment& asOf) {
  const Result<std::int64_t> row = zoneIdOf(keeper, toText(content.apex()));
  if (!row) return row.error();
  const Result<std::string> seal = sealOfCommit(keeper, *row, content.generation());
  if (!seal) return seal.error();
  if (seal->empty())
    return brokenAt(content.apex(), content.generation(), "has no line that an image could be of");
  {
    // The seal is that of the content only if the zone is still the one it was then.
    const std::lock_guard guard(writing_);
    if (!(asOf == StoreMoment{incarnation_, forgotten_}))
      return brokenAt(content.apex(), content.generation(), "is of a zone that went meanwhile");
  }
  if (Status made = makeDirectory(images_); !made) return std::move(made).error();
  return ZoneImage::write(imageOf(content.apex()), content, *seal, options_.images.diskReserve);
}

/// One that fails is told of and tried again after the pause: it costs nothing but the time of a start.
void SqliteStore::writeImages(SqliteDatabase& keeper) {
  struct Wanted {
    std::shared_ptr<const Zone> content;
    StoreMoment asOf;
    std::uint64_t changes = 0;
  };
  std::vector<Wanted> wanted;
  const steady_clock::time_point now = steady_clock::now();
  {
    const std::lock_guard guard(writing_);
    for (auto& [apex, held] : held_) {
      if (!wantsImage(held, now)) continue;
      wanted.push_back({held.content, {incarnation_, forgotten_}, held.image.changes});
      held.image.notBefore = now + options_.images.pause;
    }
  }
  for (const Wanted& each : wanted) {
    const Name apex(each.content->apex());
    const Result<std::uint64_t> written = writeImage(keeper, *each.content, each.asOf);
    if (!written) {
      tell(written.error().where, written.error().what + ": the next start reads the store instead");
      const std::lock_guard known(knowing_);
      ++stats_.imageFailures;
      continue;
    }
    const std::lock_guard guard(writing_);
    const auto held = held_.find(apex);
    if (held == held_.end() || held->second.zone.removed) {
      hasStrayImages_ = true;
    } else {
      HeldImage& image = held->second.image;
      image.generation = each.content->generation();
      image.incarnation = each.asOf.incarnation;
      image.changes -= std::min(image.changes, each.changes);
      image.octets = *written;
      image.at = now;
    }
    const std::lock_guard known(knowing_);
    ++stats_.imagesWritten;
  }
  const std::lock_guard guard(writing_);
  std::uint64_t octets = 0;
  for (const auto& [apex, held] : held_) octets += held.image.octets;
  const std::lock_guard known(knowing_);
  stats_.imageOctets = octets;
}

/// Of zones that are removed or forgotten, all where no zone is to have one, and what a crash left half
/// written.
void SqliteStore::dropStrayImages() {
  std::set<std::string> kept;
  {
    const std::lock_guard guard(writing_);
    if (!std::exchange(hasStrayImages_, false)) return;
    for (const auto& [apex, held] : held_)
      if (!held.zone.removed && options_.images.leastNames > 0) kept.insert(imageOf(apex));
  }
  std::error_code problem;
  std::filesystem::directory_iterator entry(images_, problem);
  if (problem == std::errc::no_such_file_or_directory) return;
  for (; !problem && entry != std::filesystem::directory_iterator(); entry.increment(problem)) {
    const std::string file = entry->path().string();
    if (kept.contains(file) || ::unlink(file.c_str()) == 0 || errno == ENOENT) continue;
    tell(file, std::string("cannot be removed: ") + std::strerror(errno));
  }
  if (problem) tell(images_, "cannot be read: " + problem.message());
}

}  // namespace holdfast
