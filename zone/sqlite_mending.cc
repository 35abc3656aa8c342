// Which zones the store holds. A row of `zones` that cannot be what was written, or is gone, is mended from
// the sealed lines of its history; where those tell nothing the row is told of and left, and the other zones
// are served (I8). A zone that has neither, as in an older store that was put back, comes from what is beside
// the store: its fence, and its last-known-good copy (I1, I5).
#include <algorithm>

#include "zone/sqlite_entries.h"
#include "zone/sqlite_restored.h"
#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

using Text = std::string_view;

StoredZone storedZoneOf(Name apex, const ZoneRow& row) {
  StoredZone zone;
  zone.apex = std::move(apex);
  zone.fence = static_cast<Generation>(std::max<std::int64_t>(row.fence, 0));
  zone.committed = static_cast<Generation>(std::max<std::int64_t>(row.committed, 0));
  zone.removed = row.removed;
  zone.frozen = row.frozen;
  zone.frozenSince = row.frozenSince;
  return zone;
}

bool isKnown(const std::vector<StoredZone>& zones, const Name& apex) {
  return std::ranges::find(zones, apex, &StoredZone::apex) != zones.end();
}

}  // namespace

Result<std::vector<StoredZone>> SqliteStore::zones() {
  const std::lock_guard guard(writing_);
  Result<std::vector<StoredZone>> zones = readZones();
  if (!zones) return zones;
  copiesAtStart_.clear();
  // Tried again by maintain(): a start must do without it, on a full disk for one.
  if (Status mended = mendRows(); !mended) tell(mended.error().where, mended.error().what);
  return zones;
}

/// REQUIRES: writing_ is held.
Result<std::vector<StoredZone>> SqliteStore::readZones() {
  const std::lock_guard guard(reading_);
  if (Status ready = readable(); !ready) return std::move(ready).error();
  const Result<std::vector<ZoneRow>> rows = zoneRows(*reader_);
  if (!rows) return rows.error();
  std::vector<StoredZone> zones;
  std::vector<std::int64_t> lost;
  mendings_.clear();
  unnamedRows_.clear();
  for (const ZoneRow& row : *rows) {
    Result<Name> apex = Name::absolute(row.apex);
    if (!apex || apex->text() != row.apex) {
      lost.push_back(row.id);
      continue;
    }
    const Result<ToldByHistory> told = toldByHistory(*reader_, row.id);
    if (!told) tell(told.error().where, told.error().what);
    StoredZone zone = storedZoneOf(*std::move(apex), row);
    std::string why = mend(zone, row, told ? *told : ToldByHistory());
    if (!why.empty()) {
      tell("plan store, " + row.apex, why);
      mendings_[zone.apex] = {row.id, std::move(why)};
    }
    zones.push_back(std::move(zone));
  }
  Result<std::vector<StoredZone>> found = readLostZones(*rows, std::move(lost), zones);
  if (!found) return found;
  std::ranges::move(*found, std::back_inserter(zones));
  std::vector<StoredZone> unknown = findUnknownZones(zones);
  std::ranges::move(unknown, std::back_inserter(zones));
  for (const StoredZone& zone : zones) {
    held_[zone.apex].zone = zone;
    if (Status read = refreshHead(zone.apex); !read) return std::move(read).error();
    const auto mending = mendings_.find(zone.apex);
    if (mending == mendings_.end() || mending->second.row != 0) continue;
    held_[zone.apex].content = mending->second.content;
    const std::lock_guard guardOfHeads(knowing_);
    heads_[zone.apex].good = mending->second.copies;
  }
  return zones;
}

/// Zones whose row is gone, or names none, as their histories tell them. The seals cover the name: of those
/// that are known from elsewhere, the one that fits is theirs.
Result<std::vector<StoredZone>> SqliteStore::readLostZones(const std::vector<ZoneRow>& rows,
                                                           std::vector<std::int64_t> lost,
                                                           const std::vector<StoredZone>& known) {
  std::vector<StoredZone> zones;
  const Result<std::vector<std::int64_t>> without = zonesWithoutRow(*reader_, rows);
  if (without)
    lost.insert(lost.end(), without->begin(), without->end());
  else
    tell(without.error().where, without.error().what);
  if (lost.empty()) return zones;
  std::vector<Name> names;
  for (const KnownFence& each : fences_) names.push_back(each.apex);
  for (const GoodCopies::Listed& copy : copiesAtStart_) names.push_back(copy.apex);
  for (const ZoneRow& row : rows)
    if (Result<Name> apex = Name::absolute(row.apex); apex) names.push_back(*std::move(apex));
  for (const std::int64_t id : lost) {
    const auto row = std::ranges::find(rows, id, &ZoneRow::id);
    const std::string where = "plan store " + file_ + ", zone " + std::to_string(id);
    const std::string wrong = row == rows.end() ? "has a history, and no row in zones"
                                                : "has a row with the bad name '" + row->apex + "'";
    const Result<std::optional<Name>> apex = apexOf(*reader_, id, names);
    const Result<ToldByHistory> told = toldByHistory(*reader_, id);
    if (!apex || !told || !*apex || isKnown(known, **apex) || isKnown(zones, **apex)) {
      tell(where, wrong + ", and no name that its seals fit is known: it is left as it is, and not served");
      continue;
    }
    StoredZone zone;
    zone.apex = **apex;
    zone.removed = told->isRemoved();
    zone.frozen = told->frozen();
    if (zone.frozen) zone.frozenSince = told->frozenSince();
    zone.committed = told->committed().value_or(zone.removed ? 0 : told->fence());
    zone.fence = std::max(told->fence(), fenceOutside(zone, id));
    tell(where, wrong + ": by its seals it is " + (*apex)->text() + ", and was restored from its history");
    unnamedRows_[zone.apex] = id;
    mendings_[zone.apex] = {id, wrong + ": restored from its history"};
    zones.push_back(std::move(zone));
  }
  return zones;
}

/// Zones that the store has not, and of which there is a fence or a last-known-good copy beside it: an older
/// store was put back, or what it held of them was erased. REQUIRES: as readZones().
std::vector<StoredZone> SqliteStore::findUnknownZones(const std::vector<StoredZone>& known) {
  std::vector<StoredZone> zones;
  const auto add = [&](const Name& apex, Generation fence, bool isRemoved) {
    if (isKnown(known, apex) || isKnown(zones, apex)) return;
    StoredZone zone;
    zone.apex = apex;
    zone.fence = fence;
    zone.removed = isRemoved;
    Mending mending;
    if (!isRemoved) takeCopies(zone, mending);
    mending.why = "the store had nothing of it: from its ";
    mending.why += mending.content != nullptr ? "last-known-good copy" : "fence, which alone is known";
    std::string what = "the store has nothing of it: restored with its fence " + std::to_string(zone.fence);
    if (mending.content != nullptr)
      what += ", from its last-known-good copy of generation " + std::to_string(zone.committed);
    else
      what += isRemoved ? ", as removed" : ", without content: send a full plan above that";
    tell("plan store, " + apex.text(), what);
    mendings_[apex] = std::move(mending);
    zones.push_back(std::move(zone));
  };
  for (const KnownFence& each : fences_)
    if (!each.copiesGo) add(each.apex, each.fence, each.removed);
  for (const GoodCopies::Listed& copy : copiesAtStart_)
    if (!copiesToGo_.contains(copy.apex)) add(copy.apex, 0, false);
  return zones;
}

/// The newest copy of the zone that reads is what is committed. One that the disk does not give now is
/// committed too where there is no other: a later start may read it.
void SqliteStore::takeCopies(StoredZone& zone, Mending& mending) {
  if (copiesToGo_.contains(zone.apex)) return;
  for (const GoodCopies::Listed& listed : copiesAtStart_) {
    if (listed.apex != zone.apex) continue;
    mending.copies.push_back(listed.generation);
    if (mending.content != nullptr) continue;
    Result<GoodCopies::Copy> copy = copies_.read(zone.apex, listed.generation);
    if (!copy) tell(copy.error().where, copy.error().what);
    const bool isWithheld = !copy && copy.error().kind == ErrorKind::System && zone.committed == 0;
    if (!copy && !(isWithheld && listed.generation <= kMaxPlannedGeneration)) continue;
    zone.committed = listed.generation;
    zone.fence = std::max(zone.fence, zone.committed);
    if (!copy) continue;
    zone.fence = std::max(zone.fence, copy->fence);
    mending.content = std::move(copy->content);
  }
}

/// Makes of the row what it can be at least: it may tell of more than the history, where lines of that are
/// lost. Returns why; empty where nothing is wrong with it.
std::string SqliteStore::mend(StoredZone& zone, const ZoneRow& row, const ToldByHistory& told) {
  std::string why = lowerFence(zone, row, told);
  const Generation fence = std::max({zone.fence, told.fence(), fenceOutside(zone, row.id)});
  if (row.fence < 0 || fence != zone.fence)
    why += "its row had the fence " + std::to_string(row.fence) + ", and generation " +
           std::to_string(fence) + " was committed: raised to that";
  zone.fence = fence;
  const Generation least = told.committed().value_or(0);
  if (row.committed >= 0 && zone.committed >= least && zone.committed <= fence) return why;
  zone.committed = told.committed().value_or(zone.removed ? 0 : told.fence());
  why += (why.empty() ? "" : "; ") +
         ("its row said that generation " + std::to_string(row.committed) +
          " is committed, and its history " + std::to_string(zone.committed) + ": taken from the history");
  return why;
}

/// A fence above all that was ever committed refuses plans that are newer than what is served (I6). It is
/// lowered to what is known where nobody can have planned it, and where nothing that told of it can be lost;
/// else it is told of and kept (I1). Returns why it was lowered; empty where it was not.
std::string SqliteStore::lowerFence(StoredZone& zone, const ZoneRow& row, const ToldByHistory& told) {
  const bool isUnheardOf = zone.fence > kMaxPlannedGeneration;
  if (zone.fence <= told.highestFence() && !isUnheardOf) return {};
  StoredZone lowered = zone;
  lowered.fence = told.fence();
  // What is committed speaks for itself where the lines leave it open.
  if (zone.committed <= kMaxPlannedGeneration && told.allowsCommitted(row.committed))
    lowered.fence = std::max(lowered.fence, zone.committed);
  lowered.fence = std::max(lowered.fence, fenceOutside(lowered, row.id));
  if (lowered.fence >= zone.fence) return {};
  const std::string known = std::to_string(lowered.fence);
  const Result<bool> isWhole = isNewestLineThere(*reader_, row);
  // A history that tells nothing at all, for one as it cannot be read, is no reason to begin anew at 0.
  const bool canBeLost = !isWhole || !*isWhole || (told.highestFence() > told.fence() && told.fence() == 0);
  if (canBeLost && !(isUnheardOf && lowered.fence > 0)) {
    tell("plan store, " + zone.apex.text(), "its row has the fence " + std::to_string(row.fence) +
                                                ", and nothing above generation " + known +
                                                " is known: kept, as lines that told of it may be lost");
    return {};
  }
  zone.fence = lowered.fence;
  return "its row had the fence " + std::to_string(row.fence) + ", and nothing above generation " + known +
         " was ever committed: lowered to that";
}

Generation SqliteStore::fenceInFile(const Name& apex) const noexcept {
  for (const KnownFence& each : fences_)
    if (each.apex == apex && !each.copiesGo) return each.fence;
  return 0;
}

bool SqliteStore::isRemovedInFile(const Name& apex) const noexcept {
  return std::ranges::any_of(fences_,
                             [&](const KnownFence& each) { return each.apex == apex && each.removed; });
}

/// What the file of fences is to hold: an entry goes only through forgetZone(). REQUIRES: writing_ is held.
std::vector<KnownFence> SqliteStore::knownFences() const {
  std::vector<KnownFence> fences;
  for (const auto& [apex, held] : held_) fences.push_back({apex, held.zone.fence, held.zone.removed});
  for (const KnownFence& each : fences_)
    if (!each.copiesGo && !held_.contains(each.apex)) fences.push_back(each);
  for (const Name& apex : copiesToGo_) fences.push_back({apex, 0, false, true});
  return fences;
}

/// The fences go to a file of their own, for when the store is lost. Commits do not wait for it, a zone that
/// is being forgotten does.
Status SqliteStore::writeFences() {
  const std::lock_guard file(writingFences_);
  std::vector<KnownFence> fences;
  {
    const std::lock_guard guard(writing_);
    fences = knownFences();
    if (fences == fences_) return Done{};
  }
  if (Status written = fenceFile_.write(fences); !written) return written;
  const std::lock_guard guard(writing_);
  fences_ = std::move(fences);
  return Done{};
}

/// What the file of fences or a last-known-good copy of the zone says, where that is above its fence.
Generation SqliteStore::fenceOutside(const StoredZone& zone, std::int64_t row) {
  Generation fence = fenceInFile(zone.apex);
  for (const GoodCopies::Listed& copy : copiesAtStart_) {
    if (copy.fence <= std::max(zone.fence, fence) || copy.apex != zone.apex) continue;
    // One that no row names may be of a zone that was forgotten since.
    SqliteStatement good(*reader_, "SELECT 1 FROM good WHERE zone = ? AND generation = ?");
    const Result<bool> named = good.bind(row).bind(copy.generation).step("find a last-known-good");
    if (!named || !*named) continue;
    if (const Result<GoodCopies::Copy> read = copies_.read(zone.apex, copy.generation); read)
      fence = std::max(fence, read->fence);
  }
  return fence;
}

/// Writes what was mended, with a line in the history that says so. REQUIRES: writing_ is held.
Status SqliteStore::mendRows() {
  if (mendings_.empty() || !writer_) return Done{};
  std::map<Name, std::string> seals;
  Status done = write(Sync::Full, [&]() -> Status {
    for (const auto& [apex, mending] : mendings_) {
      const StoredZone& zone = held_[apex].zone;
      Status put = mending.row == 0 ? insertUnknown(zone, mending, seals[apex])
                                    : mendRow(zone, mending.row, mending.why, seals[apex]);
      if (!put) return put;
    }
    return Done{};
  });
  if (!done) return done;
  mendings_.clear();
  {
    const std::lock_guard guard(reading_);
    unnamedRows_.clear();
  }
  const std::lock_guard known(knowing_);
  for (auto& [apex, seal] : seals) heads_[apex].seal = std::move(seal);
  return done;
}

/// REQUIRES: a transaction is open.
Status SqliteStore::insertUnknown(const StoredZone& zone, const Mending& mending, std::string& seal) {
  if (Status put = insertRestored(*writer_, zone, mending.content.get(), mending.why); !put) return put;
  for (const Generation generation : mending.copies)
    if (Status put = insertGood(*writer_, {zone.apex, generation, 0}, false); !put) return put;
  SqliteStatement head(*writer_, "SELECT seal FROM zones WHERE apex = ?");
  const std::string apex = zone.apex.text();
  const Result<bool> row = head.bind(Text(apex)).step("read the head of the history of " + apex);
  if (!row) return row.error();
  if (*row) seal = head.blob(0);
  return Done{};
}

/// REQUIRES: a transaction is open.
Status SqliteStore::mendRow(const StoredZone& zone, std::int64_t row, const std::string& why,
                            std::string& seal) {
  const std::string apex = zone.apex.text();
  SqliteStatement update(*writer_, "UPDATE zones SET apex = ?2, fence = ?3, committed = ?4 WHERE id = ?1");
  update.bind(row).bind(Text(apex)).bind(zone.fence).bind(zone.committed);
  if (Status done = update.run("mend the row of " + apex); !done) return done;
  if (sqlite3_changes(writer_->handle()) == 0) {
    SqliteStatement insert(
        *writer_,
        "INSERT INTO zones (id, apex, fence, committed, removed, frozen, frozen_since, entries, head, seal) "
        "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, count(*), max(id), (SELECT seal FROM entries WHERE zone = ?1 "
        "ORDER BY id DESC LIMIT 1) FROM entries WHERE zone = ?1");
    insert.bind(row).bind(Text(apex)).bind(zone.fence).bind(zone.committed).bind(zone.removed ? 1 : 0);
    zone.frozen ? insert.bind(Text(*zone.frozen)) : insert.bindNull();
    if (Status done = insert.bind(toMicros(zone.frozenSince)).run("restore the row of " + apex); !done)
      return done;
  }
  HistoryEntry line = ownLine(Fate::Restored, why, wallClock());
  line.generation = zone.committed;
  line.base = zone.fence;
  Result<Appended> appended = appendSealed(*writer_, apex, storedFormOf(line), "");
  if (!appended) return std::move(appended).error();
  seal = std::move(appended->seal);
  return Done{};
}

}  // namespace holdfast
