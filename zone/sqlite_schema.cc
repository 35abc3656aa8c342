#include "zone/sqlite_schema.h"

#include "zone/digest.h"
#include "zone/sqlite_entries.h"

namespace holdfast {

namespace {

// A line of a history is a row of `entries`; one of a commit has the change as its body. `checkpoints` hold
// whole contents beside them, in parts. Where retention took lines away, an anchor keeps the seal of the last
// of them. `format` tells older holdfastd whether they may read what a newer one wrote.
constexpr const char* kSchema = R"sql(
CREATE TABLE format (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO format VALUES ('readable by schema', 2);
CREATE TABLE zones (
  id INTEGER PRIMARY KEY, apex TEXT NOT NULL UNIQUE, fence INTEGER NOT NULL, committed INTEGER NOT NULL,
  removed INTEGER NOT NULL, frozen TEXT, frozen_since INTEGER NOT NULL,
  entries INTEGER NOT NULL, head INTEGER NOT NULL, seal BLOB);
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, zone INTEGER NOT NULL, fate INTEGER NOT NULL, generation INTEGER NOT NULL,
  base INTEGER NOT NULL, serial INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL,
  restored INTEGER NOT NULL, added INTEGER NOT NULL, removed INTEGER NOT NULL, changed INTEGER NOT NULL,
  previous INTEGER NOT NULL, source INTEGER NOT NULL, who INTEGER NOT NULL, reason TEXT, digest BLOB,
  reasons TEXT, overridden TEXT, quarantined TEXT, seal BLOB NOT NULL, sha256 BLOB, body BLOB);
CREATE INDEX entries_of_zone ON entries (zone);
CREATE UNIQUE INDEX contents_of_zone ON entries (zone, generation) WHERE sha256 IS NOT NULL;
CREATE TABLE checkpoints (
  zone INTEGER NOT NULL, generation INTEGER NOT NULL, part INTEGER NOT NULL, sha256 BLOB NOT NULL,
  body BLOB NOT NULL, UNIQUE (zone, generation, part));
CREATE TABLE anchors (
  zone INTEGER NOT NULL, upto INTEGER NOT NULL, entries INTEGER NOT NULL, seal BLOB NOT NULL,
  PRIMARY KEY (zone, upto)) WITHOUT ROWID;
CREATE TABLE good (
  zone INTEGER NOT NULL, generation INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (zone, generation)) WITHOUT ROWID;
CREATE VIEW history AS SELECT e.id, z.apex AS zone,
  CASE e.fate WHEN 0 THEN 'refused' WHEN 1 THEN 'published' WHEN 2 THEN 'superseded' WHEN 3 THEN 'frozen'
    WHEN 4 THEN 'thawed' WHEN 5 THEN 'zone-added' WHEN 6 THEN 'zone-removed' WHEN 7 THEN 'cleaned-up'
    WHEN 8 THEN 'restored' END AS outcome,
  e.generation, e.base, e.serial, CASE e.kind WHEN 0 THEN 'full' ELSE 'delta' END AS kind,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000000.0, 'unixepoch') AS at,
  s.text AS source, w.text AS who, coalesce(e.reason, '') AS reason, lower(hex(e.digest)) AS digest,
  coalesce(e.reasons, '[]') AS reasons, coalesce(e.overridden, '[]') AS overridden,
  coalesce(e.quarantined, '[]') AS quarantined, e.restored AS restored_generation,
  e.added AS names_added, e.removed AS names_removed, e.changed AS names_changed, lower(hex(e.seal)) AS seal
  FROM entries e JOIN zones z ON z.id = e.zone LEFT JOIN texts s ON s.id = e.source
  LEFT JOIN texts w ON w.id = e.who;
CREATE VIEW contents AS SELECT z.apex AS zone, e.generation, e.previous, e.serial,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000000.0, 'unixepoch') AS at,
  e.previous = 0 AS whole, length(e.body) AS octets, lower(hex(e.sha256)) AS sha256,
  e.generation = z.committed AS committed,
  EXISTS (SELECT 1 FROM good g WHERE g.zone = e.zone AND g.generation = e.generation) AS good,
  EXISTS (SELECT 1 FROM checkpoints c WHERE c.zone = e.zone AND c.generation = e.generation AND c.part = 0)
    AS checkpoint
  FROM entries e JOIN zones z ON z.id = e.zone WHERE e.sha256 IS NOT NULL;
)sql";

// Not part of what a reader of schema 2 needs. Stores have been written without.
constexpr const char* kIndexes = R"sql(
CREATE INDEX IF NOT EXISTS others_of_zone ON entries (zone) WHERE sha256 IS NULL;
CREATE INDEX IF NOT EXISTS events_of_zone ON entries (zone, fate) WHERE fate > 2;
)sql";

constexpr const char* kSetAside = R"sql(
ALTER TABLE zones RENAME TO zones_1;
ALTER TABLE history RENAME TO history_1;
ALTER TABLE contents RENAME TO contents_1;
)sql";
constexpr const char* kDropOld = "DROP TABLE zones_1; DROP TABLE history_1; DROP TABLE contents_1;";

Status copyZones(SqliteDatabase& writer) {
  return writer.run(
      "INSERT INTO zones (apex, fence, committed, removed, frozen, frozen_since, entries, head) "
      "SELECT apex, fence, committed, removed, frozen, frozen_since, 0, 0 FROM zones_1 ORDER BY rowid");
}

/// One line of schema 1 with its content, where it has one. Bodies stay as they are: their form is read
/// still.
StoredEntry oldEntry(SqliteStatement& row) {
  StoredEntry entry;
  entry.id = row.integer(0);
  entry.fate = row.integer(2);
  entry.generation = row.integer(3);
  entry.base = row.integer(4);
  entry.serial = row.integer(5);
  entry.kind = row.text(6) == "full" ? 0 : 1;
  entry.source = row.text(7);
  entry.who = row.text(8);
  entry.reason = row.text(9);
  entry.digest = digestForStore(row.text(10));
  entry.at = row.integer(11);
  entry.reasons = listForStore(row.text(12));
  entry.overridden = listForStore(row.text(13));
  entry.added = row.integer(14);
  entry.removed = row.integer(15);
  entry.changed = row.integer(16);
  if (row.isNull(17) || entry.fate != 1) return entry;
  entry.previous = row.integer(18) != 0 ? 0 : row.integer(17);
  entry.sha256 = fromHex(row.text(19));
  return entry;
}

Status copyHistory(SqliteDatabase& writer) {
  SqliteStatement rows(
      writer,
      "SELECT h.id, h.zone, h.committed, h.generation, h.base, h.serial, h.kind, h.source, h.who, h.reason, "
      "h.digest, h.at, h.reasons, h.overridden, h.names_added, h.names_removed, h.names_changed, c.previous, "
      "c.checkpoint, c.sha256, c.body FROM history_1 h LEFT JOIN contents_1 c ON h.committed = 1 AND "
      "c.zone = h.zone AND c.generation = h.generation WHERE h.zone IN (SELECT apex FROM zones) ORDER BY "
      "h.id");
  for (;;) {
    const Result<bool> row = rows.step("read the history of schema 1");
    if (!row) return row.error();
    if (!*row) return Done{};
    StoredEntry entry = oldEntry(rows);
    const std::string body = entry.sha256.empty() ? std::string() : rows.blob(20);
    if (Status put = appendEntry(writer, rows.text(1), std::move(entry), body); !put) return put;
  }
}

}  // namespace

Result<StoreAge> ageOf(SqliteDatabase& database) {
  const Result<std::int64_t> version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version == kSchemaVersion) return StoreAge::Current;
  if (*version > kSchemaVersion) {
    const Result<std::int64_t> readable =
        database.number("SELECT value FROM format WHERE key = 'readable by schema'");
    return readable && *readable > 0 && *readable <= kSchemaVersion ? StoreAge::Readable : StoreAge::Newer;
  }
  const Result<std::int64_t> tables = database.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return tables.error();
  return *tables == 0 ? StoreAge::New : StoreAge::Older;
}

Status setUpWriter(SqliteDatabase& writer) {
  // The log is copied back by maintain(), not by who commits, unless it has grown much. What a reader kept it
  // from shrinking to is bounded once it was copied back.
  for (const char* sql : {"PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL",
                          "PRAGMA journal_size_limit = 16777216"})
    if (Status done = writer.run(sql); !done) return done;
  return writer.setSync(SqliteDatabase::Sync::Full);
}

Status bringUpToDate(SqliteDatabase& writer, StoreAge age, const Filling& fill) {
  if (age == StoreAge::Current) {
    const Result<std::int64_t> indexes = writer.number(
        "SELECT count(*) FROM sqlite_master WHERE name IN ('others_of_zone', 'events_of_zone')");
    // Best effort: without them upkeep is slow, but a full disk must not stop a start.
    if (indexes && *indexes < 2) (void)static_cast<bool>(writer.run(kIndexes));
    writer.clearFault();
    return Done{};
  }
  SqliteTransaction transaction(writer);
  if (Status begun = transaction.begin(); !begun) return begun;
  if (age == StoreAge::Older)
    if (Status done = writer.run(kSetAside); !done) return done;
  for (const char* sql : {kSchema, kIndexes})
    if (Status done = writer.run(sql); !done) return done;
  if (age == StoreAge::Older) {
    if (Status done = copyZones(writer); !done) return done;
    if (Status done = copyHistory(writer); !done) return done;
    if (Status done = writer.run(kDropOld); !done) return done;
  }
  if (age == StoreAge::New && fill)
    if (Status done = fill(writer); !done) return done;
  const std::string version = "PRAGMA user_version = " + std::to_string(kSchemaVersion);
  if (Status done = writer.run(version.c_str()); !done) return done;
  if (Status done = transaction.commit(); !done) return done;
  // Best effort: without it what is deleted is used again, but not given back.
  if (age == StoreAge::Older) (void)static_cast<bool>(writer.run("VACUUM"));
  return Done{};
}

}  // namespace holdfast
