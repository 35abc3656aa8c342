// How contents are rebuilt from changes and checkpoints.
#include "zone/sqlite_contents.h"

#include <limits>

#include "zone/content_builder.h"
#include "zone/digest.h"
#include "zone/sqlite_entries.h"

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

/// What a checkpoint holds: a change from nothing.
Result<std::string> ContentReader::checkpoint(std::int64_t zone, NameView apex, Generation generation) {
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
    if (parts.integer(0) != wanted) return brokenAt(apex, generation, "misses a part of its checkpoint");
    if (wanted == 0) {
      whole = digest;  // of all parts together; this one stands for that they are all there
      continue;
    }
    if (sha256(piece) != digest) return brokenAt(apex, generation, "has a damaged checkpoint");
    body += piece;
  }
  if (sha256(body) != whole) return brokenAt(apex, generation, "has a damaged checkpoint");
  return body;
}

/// The stored changes from the base up to the generation, each as it was written, in order and none missing.
Result<ContentReader::Newest> ContentReader::forEachChange(std::int64_t zone, NameView apex, Base base,
                                                           Generation generation, const Apply& apply) {
  SqliteStatement rows(
      database_,
      "SELECT generation, previous, serial, at, sha256, body FROM entries WHERE zone = ?1 AND "
      "sha256 IS NOT NULL AND generation >= ?2 AND generation <= ?3 ORDER BY generation");
  rows.bind(zone).bind(base.generation).bind(generation);
  Generation last = base.isThere ? base.generation : 0;
  Newest newest;
  bool found = false;
  for (;;) {
    const Result<bool> row = rows.step("read the content of " + toText(apex));
    if (!row) return row.error();
    if (!*row) break;
    const Generation current = rows.natural(0);
    newest = {static_cast<std::uint32_t>(rows.integer(2)), fromMicros(rows.integer(3))};
    found = current == generation;
    if (base.isThere && current == base.generation) continue;
    const std::string body = rows.blob(5);
    if (sha256(body) != rows.blob(4))
      return brokenAt(apex, current, "is damaged: its SHA-256 does not match");
    if (rows.natural(1) != last)
      return brokenAt(apex, current,
                      "does not follow generation " + std::to_string(last) + ": a row is missing");
    if (Status applied = apply(body); !applied) return brokenAt(apex, current, applied.error().what);
    last = current;
  }
  if (!found || last != generation)
    return Error{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  return newest;
}

/// The content by one way of getting it.
Result<std::shared_ptr<const Zone>> ContentReader::rebuiltFrom(std::int64_t zone, NameView apex, Base base,
                                                               Generation generation) {
  ContentBuilder content(std::make_shared<const Zone>(Name(apex)));
  const Apply apply = [&](std::string_view body) { return content.apply(body); };
  if (base.isThere) {
    const Result<std::string> whole = checkpoint(zone, apex, base.generation);
    if (!whole) return whole.error();
    if (Status applied = apply(*whole); !applied) return std::move(applied).error();
  }
  const Result<Newest> newest = forEachChange(zone, apex, base, generation, apply);
  if (!newest) return newest.error();
  return content.finish(generation, newest->serial, newest->at);
}

Result<std::shared_ptr<const Zone>> ContentReader::readOnto(std::int64_t zone,
                                                            const std::shared_ptr<const Zone>& base,
                                                            Generation generation) {
  ContentBuilder content(base);
  const Result<Newest> newest = forEachChange(zone, base->apex(), {base->generation(), true}, generation,
                                              [&](std::string_view body) { return content.apply(body); });
  if (!newest) return newest.error();
  if (generation == base->generation()) return base;
  return content.finish(generation, newest->serial, newest->at);
}

Result<std::uint64_t> ContentReader::octetsSince(std::int64_t zone, Generation from, Generation generation) {
  SqliteStatement row(database_,
                      "SELECT total(length(body)) FROM entries WHERE zone = ? AND generation > ? AND "
                      "generation <= ? AND sha256 IS NOT NULL");
  const Result<bool> found = row.bind(zone).bind(from).bind(generation).step("measure the changes");
  if (!found) return found.error();
  return row.natural(0);
}

Result<std::uint64_t> ContentReader::octetsToRead(std::int64_t zone, Generation generation) {
  const Result<std::vector<Base>> bases = basesOf(zone, generation);
  if (!bases) return bases.error();
  if (bases->empty()) return std::numeric_limits<std::uint64_t>::max();
  const Base& base = bases->front();
  if (!base.isThere) return octetsSince(zone, base.generation - 1, generation);
  SqliteStatement row(database_,
                      "SELECT total(length(body)) FROM checkpoints WHERE zone = ? AND generation = ?");
  const Result<bool> found = row.bind(zone).bind(base.generation).step("measure a checkpoint");
  if (!found) return found.error();
  const std::uint64_t whole = row.natural(0);
  const Result<std::uint64_t> since = octetsSince(zone, base.generation, generation);
  return since ? Result<std::uint64_t>(whole + *since) : since.error();
}

Status ContentReader::check(std::int64_t zone, NameView apex, Generation generation) {
  const Result<std::vector<Base>> bases = basesOf(zone, generation);
  if (!bases) return bases.error();
  Status last = Error{ErrorKind::NotFound, toText(apex), "has no generation " + std::to_string(generation)};
  for (const Base& base : *bases) {
    if (base.isThere)
      if (const Result<std::string> whole = checkpoint(zone, apex, base.generation); !whole) {
        last = whole.error();
        continue;
      }
    const Result<Newest> newest =
        forEachChange(zone, apex, base, generation, [](std::string_view) -> Status { return Done{}; });
    if (newest) return Done{};
    last = newest.error();
  }
  return last;
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
