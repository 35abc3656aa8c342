#pragma once

#include <optional>

#include "zone/history.h"
#include "zone/seal.h"
#include "zone/sqlite_database.h"

namespace holdfast {

/// How the columns of `entries` are read: these, in this order, `e.body` behind them where wanted.
inline constexpr const char* kEntryColumns =
    "e.id, e.fate, e.generation, e.base, e.serial, e.kind, e.at, e.restored, e.added, e.removed, e.changed, "
    "e.previous, s.text, w.text, e.reason, e.digest, e.reasons, e.overridden, e.quarantined, e.sha256, "
    "e.seal";
inline constexpr const char* kEntryTables =
    " FROM entries e LEFT JOIN texts s ON s.id = e.source LEFT JOIN texts w ON w.id = e.who ";
inline constexpr int kEntryBody = 21;

StoredEntry storedEntryOf(const SqliteStatement& row);
HistoryEntry entryOf(const StoredEntry& stored);
/// Without id, content and seal.
StoredEntry storedFormOf(const HistoryEntry& entry);

/// 32 octets for 64 hex digits, other texts as they are.
std::string digestForStore(const std::string& text);
/// Empty for an empty JSON array.
std::string listForStore(std::string json);

std::int64_t toMicros(WallTime time) noexcept;
WallTime fromMicros(std::int64_t micros) noexcept;

/// Seals the line and appends it to the history of its zone, which must be in `zones`. `body` is its content,
/// whose digest the line has in sha256. An id of 0 is given the next one. Returns the id and the seal.
/// REQUIRES: a transaction is open.
struct Appended {
  std::int64_t id;
  std::string seal;
};
Result<Appended> appendSealed(SqliteDatabase& writer, std::string_view apex, StoredEntry entry,
                              std::string_view body);
Status appendEntry(SqliteDatabase& writer, const std::string& apex, StoredEntry entry, std::string_view body);

/// The row of `zones`; 0 where there is none.
Result<std::int64_t> zoneIdOf(SqliteDatabase& database, std::string_view apex);

}  // namespace holdfast
