#include "zone/sqlite_restored.h"

#include "zone/digest.h"
#include "zone/sqlite_entries.h"
#include "zone/sqlite_zones.h"
#include "zone/store_codec.h"

namespace holdfast {

namespace {

using Text = std::string_view;

Status appendEvent(SqliteDatabase& database, const std::string& apex, Fate fate, const std::string& reason,
                   WallTime at) {
  return appendEntry(database, apex, storedFormOf(ownLine(fate, reason, at)), "");
}

}  // namespace

HistoryEntry ownLine(Fate fate, const std::string& reason, WallTime at) {
  HistoryEntry line;
  line.fate = fate;
  line.who = "holdfastd";
  line.reason = reason;
  line.at = at;
  return line;
}

Status insertRestored(SqliteDatabase& database, const StoredZone& zone, const Zone* content,
                      const std::string& why) {
  const std::string apex = zone.apex.text();
  const Result<std::int64_t> id = unusedZoneId(database);
  if (!id) return id.error();
  SqliteStatement put(
      database,
      "INSERT INTO zones (id, apex, fence, committed, removed, frozen, frozen_since, entries, head) "
      "VALUES (?,?,?,?,?,?,?,0,0)");
  put.bind(*id).bind(Text(apex)).bind(zone.fence).bind(zone.committed).bind(zone.removed ? 1 : 0);
  zone.frozen ? put.bind(Text(*zone.frozen)) : put.bindNull();
  if (Status done = put.bind(toMicros(zone.frozenSince)).run("write the zone " + apex); !done) return done;
  const WallTime now = wallClock();
  HistoryEntry line = ownLine(Fate::Restored, why + " (" + toText(now) + ")",
                              content != nullptr ? content->committedAt() : now);
  line.generation = content != nullptr ? content->generation() : zone.committed;
  line.base = zone.fence;
  line.serial = content != nullptr ? content->serial() : 0;
  StoredEntry entry = storedFormOf(line);
  std::string body;
  if (content != nullptr) {
    body = encodeChange(Zone{Name(zone.apex)}, *content);
    entry.sha256 = sha256(body);
  }
  if (Status done = appendEntry(database, apex, std::move(entry), body); !done) return done;
  // What the row says is told by lines too, so that verify() finds who edits it.
  if (zone.removed)
    if (Status done =
            appendEvent(database, apex, Fate::ZoneRemoved, "before the store was lost", wallClock());
        !done)
      return done;
  if (!zone.frozen) return Done{};
  return appendEvent(database, apex, Fate::Frozen, *zone.frozen, zone.frozenSince);
}

Status insertGood(SqliteDatabase& database, const GoodCopies::Listed& copy, bool isLeftBehind) {
  SqliteStatement put(database,
                      "INSERT OR IGNORE INTO good (zone, generation, at) SELECT id, ?2, ?3 FROM zones "
                      "WHERE apex = ?1 AND removed = 0");
  const std::string apex = copy.apex.text();
  return put.bind(Text(apex))
      .bind(copy.generation)
      .bind(isLeftBehind ? -1 : 0)
      .run("write a last-known-good");
}

}  // namespace holdfast
