// How contents are rebuilt from changes and checkpoints.
#include "zone/sqlite_contents.h"

#include "zone/sqlite_entries.h"
#include "zone/store_codec.h"

namespace holdfast {

Error brokenAt(NameView apex, Generation generation, const std::string& what) {
  return {ErrorKind::Store, "plan store, " + toText(apex) + " generation " + std::to_string(generation),
          what};
}

/// What the content can be rebuilt from, the least work first.
Result<std::vector<ContentReader::Base>> ContentReader::basesOf(std::int64_t zone, Generation generation) {
  SqliteStatement rows(
      database_,
      "SELECT generation, 0 FROM entries WHERE zone = ?1 AND sha256 IS NOT NULL AND "
      "previous = 0 AND generation <= ?2 UNION ALL "
      "SELECT generation, 1 FROM checkpoints WHERE zone = ?1 AND part = 0 AND generation <= ?2 "
      "ORDER BY 1 DESC, 2");
  rows.bind(zone).bind(generation);
  std::vector<Base> bases;
  for (;;) {
    const Result<bool> row = rows.step("find what the content is rebuilt from");
    if (!row) return row.error();
    if (!*row) return bases;
    bases.push_back({rows.natural(0), rows.integer(1) != 0});
  }
}

Status ContentReader::applyCheckpoint(std::int64_t zone, Generation generation, ZoneEdit& edit) {
  SqliteStatement parts(database_,
                        "SELECT part, sha256, body FROM checkpoints WHERE zone = ?1 AND generation = ?2 "
                        "ORDER BY part");
  parts.bind(zone).bind(generation);
  std::string body, whole;
  for (std::int64_t wanted = 0;; ++wanted) {
    const Result<bool> row = parts.step("read a checkpoint");
    if (!row) return row.error();
    if (!*row) break;
    const std::string piece = parts.blob(2);
    const std::string digest = parts.blob(1);
    if (parts.integer(0) != wanted)
      return brokenAt(edit.apex(), generation, "misses a part of its checkpoint");
    if (wanted == 0) {
      whole = digest;  // of all parts together; this one stands for that they are all there
      continue;
    }
    if (sha256(piece) != digest) return brokenAt(edit.apex(), generation, "has a damaged checkpoint");
    body += piece;
  }
  if (sha256(body) != whole) return brokenAt(edit.apex(), generation, "has a damaged checkpoint");
  return applyChange(body, edit);
}

/// The content by one way of getting it.
Result<std::shared_ptr<const Zone>> ContentReader::rebuiltFrom(std::int64_t zone, NameView apex, Base base,
                                                               Generation generation) {
  const Zone empty{Name(apex)};
  ZoneEdit edit(empty);
  Generation last = 0;
  if (base.isCheckpoint) {
    if (Status applied = applyCheckpoint(zone, base.generation, edit); !applied)
      return std::move(applied).error();
    last = base.generation;
  }
  SqliteStatement rows(
      database_,
      "SELECT generation, previous, serial, at, sha256, body FROM entries WHERE zone = ?1 AND "
      "sha256 IS NOT NULL AND generation >= ?2 AND generation <= ?3 ORDER BY generation");
  rows.bind(zone).bind(base.generation).bind(generation);
  std::uint32_t serial = 0;
  WallTime at{};
  bool found = false;
  for (;;) {
    const Result<bool> row = rows.step("read the content of " + toText(apex));
    if (!row) return row.error();
    if (!*row) break;
    const Generation current = rows.natural(0);
    serial = static_cast<std::uint32_t>(rows.integer(2));
    at = fromMicros(rows.integer(3));
    found = current == generation;
    if (base.isCheckpoint && current == base.generation) continue;  // what it changed is in the checkpoint
    const std::string body = rows.blob(5);
    if (sha256(body) != rows.blob(4))
      return brokenAt(apex, current, "is damaged: its SHA-256 does not match");
    if (rows.natural(1) != last)
      return brokenAt(apex, current,
                      "does not follow generation " + std::to_string(last) + ": a row is missing");
    if (Status applied = applyChange(body, edit); !applied)
      return brokenAt(apex, current, applied.error().what);
    last = current;
  }
  if (!found || last != generation)
    return Error{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  return edit.finish(generation, serial, at);
}

Result<std::shared_ptr<const Zone>> ContentReader::read(std::int64_t zone, NameView apex,
                                                        Generation generation) {
  const Result<std::vector<Base>> bases = basesOf(zone, generation);
  if (!bases) return bases.error();
  Error first{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  for (const Base& base : *bases) {
    Result<std::shared_ptr<const Zone>> content = rebuiltFrom(zone, apex, base, generation);
    if (content) return content;
    if (&base == bases->data()) first = std::move(content).error();
  }
  return first;
}

}  // namespace holdfast
