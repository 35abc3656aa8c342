#pragma once

#include <string>

#include "zone/good_copies.h"
#include "zone/plan_store.h"
#include "zone/sqlite_database.h"

namespace holdfast {

/// A line of the history that the server writes of itself.
HistoryEntry ownLine(Fate fate, const std::string& reason, WallTime at);

// What comes back into a store that lost it. Both REQUIRE: a transaction is open.

/// A zone that has no row: puts one there, with a history that begins with a `restored` line, which has the
/// content where that is not null. What the row says is told by its lines.
Status insertRestored(SqliteDatabase& database, const StoredZone& zone, const Zone* content,
                      const std::string& why);

/// Names the copy as last-known-good of its zone, or as left behind by a rollback; not where the zone is
/// removed or unknown.
Status insertGood(SqliteDatabase& database, const GoodCopies::Listed& copy, bool isLeftBehind);

}  // namespace holdfast
