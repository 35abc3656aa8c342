// Which commit made an owner what it is. The history has no index by owner: the changes are looked through,
// newest first, up to a bound.
#include <algorithm>

#include "zone/sqlite_contents.h"
#include "zone/sqlite_entries.h"
#include "zone/sqlite_store.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

class LastChange {
 public:
  LastChange(SqliteDatabase& database, NameView apex, NameView name, std::uint64_t mostOctets)
      : database_(database), apex_(apex), name_(name), mostOctets_(mostOctets) {}

  Result<std::optional<HistoryEntry>> find(Generation upTo) {
    const SqliteReadTransaction transaction(database_);
    ContentReader contents(database_, transaction);
    const Result<std::int64_t> zone = zoneIdOf(database_, apex_.text());
    if (!zone) return zone.error();
    const std::string sql = "SELECT " + std::string(kEntryColumns) + ", e.body" + kEntryTables +
                            "WHERE e.zone = ?1 AND e.sha256 IS NOT NULL AND e.generation <= ?2 "
                            "ORDER BY e.generation DESC";
    SqliteStatement rows(database_, sql.c_str());
    rows.bind(*zone).bind(upTo);
    std::uint64_t seen = 0, octets = 0;
    for (;;) {
      const Result<bool> row = rows.step("find the last change of " + name_.text());
      if (!row) return row.error();
      if (!*row) return std::optional<HistoryEntry>();
      if (octets > mostOctets_)
        return Error{ErrorKind::TooLarge, name_.text(),
                     "was not changed by the newest " + std::to_string(seen) +
                         " commits, and older ones are not looked through: they were " +
                         std::to_string(octets) + " octets, of " + std::to_string(mostOctets_) + " at most"};
      const StoredEntry entry = storedEntryOf(rows);
      const std::string body = rows.blob(kEntryBody);
      octets += body.size();
      ++seen;
      const Result<bool> changed = isChangedBy(entry, body, *zone, contents);
      if (!changed) return changed.error();
      if (*changed) return std::optional<HistoryEntry>(entryOf(entry));
    }
  }

 private:
  Result<bool> isChangedBy(const StoredEntry& entry, const std::string& body, std::int64_t zone,
                           ContentReader& contents) {
    const auto generation = static_cast<Generation>(entry.generation);
    const Result<std::vector<Name>> owners = ownersIn(body, apex_);
    if (!owners) return brokenAt(apex_, generation, owners.error().what);
    if (std::ranges::find(*owners, name_) == owners->end()) return false;
    return entry.previous != 0 ? Result<bool>(true) : differs(generation, zone, contents);
  }

  /// Whether a whole content differs from the one before it in what the owner has.
  Result<bool> differs(Generation generation, std::int64_t zone, ContentReader& contents) {
    SqliteStatement older(database_,
                          "SELECT max(generation) FROM entries WHERE zone = ?1 AND sha256 IS NOT NULL AND "
                          "generation < ?2");
    const Result<bool> row = older.bind(zone).bind(generation).step("find the generation before");
    if (!row) return row.error();
    if (older.isNull(0)) return true;
    const Result<std::shared_ptr<const Zone>> was = contents.read(zone, apex_, older.natural(0));
    const Result<std::shared_ptr<const Zone>> is = contents.read(zone, apex_, generation);
    if (!was || !is) return true;
    const NodeView before = (*was)->find(name_.view()), after = (*is)->find(name_.view());
    if (!before || !after) return static_cast<bool>(before) != static_cast<bool>(after);
    return !std::ranges::equal(before.bytes(), after.bytes());
  }

  SqliteDatabase& database_;
  const Name apex_, name_;
  const std::uint64_t mostOctets_;
};

}  // namespace

Result<std::optional<HistoryEntry>> SqliteStore::lastChangeOf(NameView apex, NameView name, Generation upTo) {
  {
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    if (!reader_->isOfFile()) return LastChange(*reader_, apex, name, options_.searchedOctets).find(upTo);
  }
  // Long work, on a connection of its own so that nobody waits for it.
  Result<SqliteDatabase> database = openFresh();
  if (!database) return std::move(database).error();
  return LastChange(*database, apex, name, options_.searchedOctets).find(upTo);
}

}  // namespace holdfast
