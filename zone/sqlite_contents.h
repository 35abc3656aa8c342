#pragma once

#include <functional>
#include <memory>
#include <string>
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
  /// The same from a content that is known, which `base` must be of an older or that generation: the changes
  /// since are applied.
  Result<std::shared_ptr<const Zone>> readOnto(std::int64_t zone, const std::shared_ptr<const Zone>& base,
                                               Generation generation);
  /// How much read() reads at best, and readOnto() from a content of that generation: octets as stored.
  Result<std::uint64_t> octetsToRead(std::int64_t zone, Generation generation);
  Result<std::uint64_t> octetsSince(std::int64_t zone, Generation from, Generation generation);
  /// Whether read() would find what was written: by the digests, and without the work of rebuilding it.
  Status check(std::int64_t zone, NameView apex, Generation generation);

 private:
  /// What the content of a generation is rebuilt from.
  struct Base {
    Generation generation = 0;
    bool isThere = false;  ///< in a checkpoint, or known: its own row is passed over
  };
  struct Newest {
    std::uint32_t serial = 0;
    WallTime at{};
  };
  using Apply = std::function<Status(std::string_view body)>;
  Result<std::vector<Base>> basesOf(std::int64_t zone, Generation generation);
  Result<std::string> checkpoint(std::int64_t zone, NameView apex, Generation generation);
  Result<Newest> forEachChange(std::int64_t zone, NameView apex, Base base, Generation generation,
                               const Apply& apply);
  Result<std::shared_ptr<const Zone>> rebuiltFrom(std::int64_t zone, NameView apex, Base base,
                                                  Generation generation);

  SqliteDatabase& database_;
};

/// What is wrong with the content of a generation.
Error brokenAt(NameView apex, Generation generation, const std::string& what);

}  // namespace holdfast
