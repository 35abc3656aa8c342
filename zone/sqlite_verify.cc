// What shows that the history is as it was written.
#include "zone/digest.h"
#include "zone/octets.h"
#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

using Text = std::string_view;

/// What retention took away behind a line: so many lines, of which the last had this seal.
struct Anchor {
  std::int64_t upto = 0;
  std::uint64_t entries = 0;
  std::string seal;
};

Result<std::vector<Anchor>> anchorsOf(SqliteDatabase& database, std::int64_t zone) {
  SqliteStatement rows(database, "SELECT upto, entries, seal FROM anchors WHERE zone = ? ORDER BY upto");
  rows.bind(zone);
  std::vector<Anchor> anchors;
  for (;;) {
    const Result<bool> row = rows.step("read the anchors");
    if (!row) return row.error();
    if (!*row) return anchors;
    anchors.push_back({rows.integer(0), rows.natural(1), rows.blob(2)});
  }
}

/// Walks the lines of one zone, oldest first.
class SealWalk {
 public:
  SealWalk(SqliteDatabase& database, std::string apex) : database_(database), apex_(std::move(apex)) {}

  Result<SealReport> run() {
    const SqliteReadTransaction transaction(database_);
    SqliteStatement zone(database_,
                         "SELECT id, entries, head, seal, fence, committed, removed, frozen FROM zones WHERE "
                         "apex = ?");
    const Result<bool> found = zone.bind(Text(apex_)).step("read the zone");
    if (!found) return found.error();
    if (!*found) return Error{ErrorKind::NotFound, apex_, "is not in the plan store"};
    Result<std::vector<Anchor>> anchors = anchorsOf(database_, zone.integer(0));
    if (!anchors) return std::move(anchors).error();
    anchors_ = *std::move(anchors);
    if (Status walked = walk(zone.integer(0)); !walked) return std::move(walked).error();
    if (report_.whole()) compareWithZone(zone);
    if (report_.whole() && !anchors_.empty()) {
      const Result<std::string> digest = digestOfAnchors(database_, zone.integer(0));
      if (!digest) return digest.error();
      if (toHex(vouched_) != *digest)
        broken(lastCleanUp_, "the anchors of removed lines are not those that the newest clean-up wrote");
    }
    report_.head = last_;
    return report_;
  }

 private:
  Status walk(std::int64_t zone) {
    const std::string sql = "SELECT " + std::string(kEntryColumns) + ", e.body" + kEntryTables +
                            "WHERE e.zone = ?1 ORDER BY e.id";
    SqliteStatement rows(database_, sql.c_str());
    rows.bind(zone);
    for (;;) {
      const Result<bool> row = rows.step("read the history of " + apex_);
      if (!row) return row.error();
      if (!*row) break;
      const StoredEntry entry = storedEntryOf(rows);
      passAnchors(entry.id);
      if (!check(entry, rows)) return Done{};
    }
    passAnchors(INT64_MAX);
    return Done{};
  }

  bool check(const StoredEntry& entry, const SqliteStatement& row) {
    if (sealOf(last_, apex_, entry) != entry.seal) {
      broken(entry.id,
             "the seal does not match: this line was changed or inserted, or one before it was "
             "changed, moved or deleted");
      return false;
    }
    if (!entry.sha256.empty() && sha256(row.blob(kEntryBody)) != entry.sha256) {
      broken(entry.id, "the content of generation " + std::to_string(entry.generation) + " was changed");
      return false;
    }
    told_.add(entry, report_.entries == 0 && anchors_.empty());
    last_ = entry.seal;
    lastId_ = entry.id;
    ++report_.entries;
    if (entry.fate != static_cast<std::int64_t>(Fate::CleanedUp)) return true;
    vouched_ = entry.digest;
    lastCleanUp_ = entry.id;
    return true;
  }

  /// The lines up to an anchor are gone; the chain goes on from its seal.
  void passAnchors(std::int64_t before) {
    for (; nextAnchor_ < anchors_.size() && anchors_[nextAnchor_].upto < before; ++nextAnchor_) {
      last_ = anchors_[nextAnchor_].seal;
      report_.cleanedUp += anchors_[nextAnchor_].entries;
    }
  }

  void compareWithZone(const SqliteStatement& zone) {
    if (report_.entries != zone.natural(1))
      broken(lastId_, "the history has " + std::to_string(report_.entries) + " lines, and had " +
                          std::to_string(zone.integer(1)) + " when it was last written");
    else if (lastId_ != zone.integer(2) || last_ != zone.blob(3))
      broken(lastId_, "the newest line is not the one that was last written (" +
                          std::to_string(zone.integer(2)) + ")");
    else
      compareWithLines(zone);
  }

  /// No seal covers the row, but what it says is what the lines tell.
  void compareWithLines(const SqliteStatement& zone) {
    ZoneRow row;
    row.fence = zone.integer(4);
    row.committed = zone.integer(5);
    row.removed = zone.integer(6) != 0;
    if (!zone.isNull(7)) row.frozen = zone.text(7);
    if (ToldByHistory::Problem problem = told_.disagreement(row); !problem.what.empty())
      broken(problem.line, std::move(problem.what));
  }

  void broken(std::int64_t id, std::string why) {
    report_.broken = id;
    report_.problem = std::move(why);
  }

  SqliteDatabase& database_;
  const std::string apex_;
  std::vector<Anchor> anchors_;
  std::size_t nextAnchor_ = 0;
  std::string last_, vouched_;
  std::int64_t lastId_ = 0, lastCleanUp_ = 0;
  ToldByHistory told_;
  SealReport report_;
};

}  // namespace

Result<std::string> digestOfAnchors(SqliteDatabase& database, std::int64_t zone) {
  const Result<std::vector<Anchor>> anchors = anchorsOf(database, zone);
  if (!anchors) return anchors.error();
  std::string bytes = "HFA1";
  for (const Anchor& anchor : *anchors)
    OctetWriter(bytes).number(anchor.upto).number(anchor.entries).counted<std::uint8_t>(anchor.seal);
  return toHex(sha256(bytes));
}

Result<SealReport> SqliteStore::verify(NameView apex) {
  {
    const std::lock_guard guard(reading_);
    if (Status ready = readable(); !ready) return std::move(ready).error();
    if (reader_->file() == ":memory:") return SealWalk(*reader_, toText(apex)).run();
  }
  // Long work, on a connection of its own so that nobody waits for it.
  Result<SqliteDatabase> database = openFresh();
  if (!database) return std::move(database).error();
  return SealWalk(*database, toText(apex)).run();
}

}  // namespace holdfast
