#pragma once

#include <functional>

#include "zone/sqlite_database.h"

namespace holdfast {

/// The schema that this holdfastd writes; docs/plan-store.md describes it.
inline constexpr std::int64_t kSchemaVersion = 2;

/// What a store is to this holdfastd.
enum class StoreAge {
  New,    ///< nothing is in it
  Older,  ///< an earlier schema: to be migrated
  Current,
  Readable,  ///< a newer schema, of which this one can read what it knows; never to be written
  Newer      ///< a newer schema that it cannot read
};
Result<StoreAge> ageOf(SqliteDatabase& database);

/// How the connection that writes is set: write-ahead log, commits synced, who gives back disk space.
Status setUpWriter(SqliteDatabase& writer);
/// What a new store begins with.
using Filling = std::function<Status(SqliteDatabase&)>;
/// Makes the tables with what `fill` puts there, or migrates those of schema 1 in place, in one transaction:
/// no crash leaves a new store that is not filled. Nothing is written where nothing is new: a server must
/// come up on a full disk too (I8).
Status bringUpToDate(SqliteDatabase& writer, StoreAge age, const Filling& fill);

}  // namespace holdfast
