#include "zone/sqlite_entries.h"

#include "zone/digest.h"
#include "zone/history_json.h"

namespace holdfast {

namespace {

constexpr std::size_t kDigestOctets = 32;

/// As listForStore() has it, and without making the text of an empty list.
std::string storedList(const std::vector<Reason>& reasons) {
  return reasons.empty() ? std::string() : reasonsToJson(reasons);
}

/// The number of a text that occurs often, such as who submits.
Result<std::int64_t> textId(SqliteDatabase& writer, const std::string& text) {
  SqliteStatement find(writer, "SELECT id FROM texts WHERE text = ?");
  const Result<bool> found = find.bind(std::string_view(text)).step("find a text");
  if (!found) return found.error();
  if (*found) return find.integer(0);
  SqliteStatement insert(writer, "INSERT INTO texts (text) VALUES (?)");
  if (Status put = insert.bind(std::string_view(text)).run("write a text"); !put)
    return std::move(put).error();
  return sqlite3_last_insert_rowid(writer.handle());
}

Status insertEntry(SqliteDatabase& writer, std::int64_t zone, const StoredEntry& entry,
                   std::string_view body) {
  const Result<std::int64_t> source = textId(writer, entry.source);
  if (!source) return source.error();
  const Result<std::int64_t> who = textId(writer, entry.who);
  if (!who) return who.error();
  SqliteStatement insert(
      writer,
      "INSERT INTO entries (id, zone, fate, generation, base, serial, kind, at, restored, added, removed, "
      "changed, previous, source, who, reason, digest, reasons, overridden, quarantined, seal, sha256, body) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  insert.bind(entry.id).bind(zone).bind(entry.fate).bind(entry.generation).bind(entry.base);
  insert.bind(entry.serial).bind(entry.kind).bind(entry.at).bind(entry.restored).bind(entry.added);
  insert.bind(entry.removed).bind(entry.changed).bind(entry.previous).bind(*source).bind(*who);
  insert.bindUnlessEmpty(entry.reason).bindBlobUnlessEmpty(entry.digest).bindUnlessEmpty(entry.reasons);
  insert.bindUnlessEmpty(entry.overridden).bindUnlessEmpty(entry.quarantined).bindBlob(entry.seal);
  insert.bindBlobUnlessEmpty(entry.sha256).bindBlobUnlessEmpty(entry.sha256.empty() ? "" : body);
  return insert.run("write the history");
}

}  // namespace

std::int64_t toMicros(WallTime time) noexcept {
  return time.time_since_epoch().count();
}
WallTime fromMicros(std::int64_t micros) noexcept {
  return WallTime(std::chrono::microseconds(micros));
}

std::string digestForStore(const std::string& text) {
  std::string octets = fromHex(text);
  return octets.size() == kDigestOctets ? octets : text;
}

std::string listForStore(std::string json) {
  return json == "[]" ? std::string() : std::move(json);
}

StoredEntry storedEntryOf(const SqliteStatement& row) {
  StoredEntry entry;
  int column = 0;
  for (std::int64_t* number :
       {&entry.id, &entry.fate, &entry.generation, &entry.base, &entry.serial, &entry.kind, &entry.at,
        &entry.restored, &entry.added, &entry.removed, &entry.changed, &entry.previous})
    *number = row.integer(column++);
  for (std::string* text : {&entry.source, &entry.who, &entry.reason, &entry.digest, &entry.reasons,
                            &entry.overridden, &entry.quarantined, &entry.sha256, &entry.seal})
    *text = row.blob(column++);
  return entry;
}

HistoryEntry entryOf(const StoredEntry& stored) {
  HistoryEntry entry;
  entry.id = stored.id;
  entry.fate = stored.fate >= 0 && stored.fate <= static_cast<std::int64_t>(kLastFate)
                   ? static_cast<Fate>(stored.fate)
                   : Fate::Refused;
  entry.generation = static_cast<Generation>(stored.generation);
  entry.base = static_cast<Generation>(stored.base);
  entry.serial = static_cast<std::uint32_t>(stored.serial);
  entry.kind = stored.kind == 0 ? PlanKind::Full : PlanKind::Delta;
  entry.source = stored.source;
  entry.who = stored.who;
  entry.reason = stored.reason;
  entry.digest = stored.digest.size() == kDigestOctets ? toHex(stored.digest) : stored.digest;
  entry.at = fromMicros(stored.at);
  entry.reasons = reasonsFromJson(stored.reasons);
  entry.overridden = reasonsFromJson(stored.overridden);
  entry.quarantined = reasonsFromJson(stored.quarantined);
  entry.restored = static_cast<Generation>(stored.restored);
  entry.namesAdded = static_cast<std::uint64_t>(stored.added);
  entry.namesRemoved = static_cast<std::uint64_t>(stored.removed);
  entry.namesChanged = static_cast<std::uint64_t>(stored.changed);
  entry.seal = stored.seal;
  return entry;
}

StoredEntry storedFormOf(const HistoryEntry& entry) {
  StoredEntry stored;
  stored.fate = static_cast<std::int64_t>(entry.fate);
  stored.generation = static_cast<std::int64_t>(entry.generation);
  stored.base = static_cast<std::int64_t>(entry.base);
  stored.serial = entry.serial;
  stored.kind = entry.kind == PlanKind::Full ? 0 : 1;
  stored.at = toMicros(entry.at);
  stored.restored = static_cast<std::int64_t>(entry.restored);
  stored.added = static_cast<std::int64_t>(entry.namesAdded);
  stored.removed = static_cast<std::int64_t>(entry.namesRemoved);
  stored.changed = static_cast<std::int64_t>(entry.namesChanged);
  stored.source = entry.source;
  stored.who = entry.who;
  stored.reason = entry.reason;
  stored.digest = digestForStore(entry.digest);
  stored.reasons = storedList(entry.reasons);
  stored.overridden = storedList(entry.overridden);
  stored.quarantined = storedList(entry.quarantined);
  return stored;
}

Result<Appended> appendSealed(SqliteDatabase& writer, std::string_view apex, StoredEntry entry,
                              std::string_view body) {
  SqliteStatement head(writer,
                       "SELECT id, seal, (SELECT coalesce(max(id), 0) + 1 FROM entries) FROM zones "
                       "WHERE apex = ?");
  const Result<bool> found = head.bind(apex).step("read the head of the history");
  if (!found) return found.error();
  if (!*found) return Error{ErrorKind::Store, "plan store", "holds no zone " + std::string(apex)};
  const std::int64_t zone = head.integer(0);
  if (entry.id == 0) entry.id = head.integer(2);
  entry.seal = sealOf(head.blob(1), apex, entry);
  if (Status put = insertEntry(writer, zone, entry, body); !put) return std::move(put).error();
  SqliteStatement update(writer, "UPDATE zones SET entries = entries + 1, head = ?, seal = ? WHERE id = ?");
  update.bind(entry.id).bindBlob(entry.seal).bind(zone);
  if (Status put = update.run("write the head of the history"); !put) return std::move(put).error();
  return Appended{entry.id, entry.seal};
}

Status appendEntry(SqliteDatabase& writer, const std::string& apex, StoredEntry entry,
                   std::string_view body) {
  const Result<Appended> appended = appendSealed(writer, apex, std::move(entry), body);
  if (!appended) return appended.error();
  return Done{};
}

Result<std::int64_t> zoneIdOf(SqliteDatabase& database, std::string_view apex) {
  SqliteStatement find(database, "SELECT id FROM zones WHERE apex = ?");
  const Result<bool> found = find.bind(apex).step("find the zone");
  if (!found) return found.error();
  return *found ? find.integer(0) : 0;
}

}  // namespace holdfast
