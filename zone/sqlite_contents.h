#pragma once

#include <memory>
#include <vector>

#include "zone/sqlite_database.h"
#include "zone/zone.h"

namespace holdfast {

/// Rebuilds contents from changes and checkpoints, through one connection. Borrows both for as long as it
/// lives. Errors are NotFound where the store has not the generation, and Store where it cannot be read.
class ContentReader {
 public:
  /// What is read is of the moment of the transaction, which must be one on `database`.
  ContentReader(SqliteDatabase& database, const SqliteReadTransaction&) : database_(database) {}

  /// `zone` is the number of its row.
  Result<std::shared_ptr<const Zone>> read(std::int64_t zone, NameView apex, Generation generation);

 private:
  /// What the content of a generation is rebuilt from.
  struct Base {
    Generation generation = 0;
    bool isCheckpoint = false;
  };
  Result<std::vector<Base>> basesOf(std::int64_t zone, Generation generation);
  Status applyCheckpoint(std::int64_t zone, Generation generation, ZoneEdit& edit);
  Result<std::shared_ptr<const Zone>> rebuiltFrom(std::int64_t zone, NameView apex, Base base,
                                                  Generation generation);

  SqliteDatabase& database_;
};

/// What is wrong with the content of a generation.
Error brokenAt(NameView apex, Generation generation, const std::string& what);

}  // namespace holdfast
