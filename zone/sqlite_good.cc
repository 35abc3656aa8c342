// What is last-known-good: promoted, left behind by a rollback.
#include <algorithm>
#include <functional>

#include "zone/sqlite_store.h"

namespace holdfast {

namespace {

using Text = std::string_view;

}  // namespace

/// What was good and is rolled back from is no longer known to be. Where nothing else is good it stays,
/// marked, until something is: a zone whose content cannot be read has that at least.
Status SqliteStore::leaveBehind(const std::string& apex, Generation restored, ZoneHead& head) {
  const auto isOlder = [&](Generation good) { return good <= restored; };
  const bool hasOther = std::ranges::any_of(head.good, isOlder);
  SqliteStatement demote(
      *writer_, hasOther
                    ? "DELETE FROM good WHERE zone = (SELECT id FROM zones WHERE apex = ?) AND generation > ?"
                    : "UPDATE good SET at = -1 WHERE zone = (SELECT id FROM zones WHERE apex = ?) AND "
                      "generation > ?");
  demote.bind(Text(apex)).bind(restored);
  if (Status done = demote.run("demote what was rolled back from"); !done) return done;
  if (hasOther) {
    head.leftBehind.clear();
  } else {
    head.leftBehind.insert(head.leftBehind.begin(), head.good.begin(), head.good.end());
    std::ranges::sort(head.leftBehind, std::greater<>());
  }
  std::erase_if(head.good, std::not_fn(isOlder));
  return Done{};
}

Status SqliteStore::promote(const std::shared_ptr<const Zone>& zone, std::size_t keep) {
  const Name apex(zone->apex());
  std::vector<Generation> kept, gone;
  Generation fence = 0;
  {
    const std::lock_guard guard(writing_);
    const auto held = held_.find(apex);
    if (held == held_.end() || held->second.zone.committed != zone->generation()) return Done{};
    fence = held->second.zone.fence;
  }
  // The file first: a generation is good only when it can be read from there too.
  if (Status written = copies_.write(*zone, fence); !written) return written;
  const std::lock_guard guard(writing_);
  const auto held = held_.find(apex);
  if (held == held_.end() || held->second.zone.committed != zone->generation()) {
    hasStrayCopies_ = true;
    return Done{};  // overtaken: it no longer serves
  }
  const std::string text = apex.text();
  Status done = write(Sync::Full, [&]() -> Status {
    const ZoneHead known = head(apex);
    kept = known.good;
    if (std::find(kept.begin(), kept.end(), zone->generation()) == kept.end())
      kept.insert(kept.begin(), zone->generation());
    std::sort(kept.rbegin(), kept.rend());
    gone = known.leftBehind;  // there is something better now
    while (kept.size() > std::max<std::size_t>(keep, 1)) {
      gone.push_back(kept.back());
      kept.pop_back();
    }
    const Result<std::int64_t> id = zoneIdOf(*writer_, text);
    if (!id) return id.error();
    SqliteStatement put(*writer_, "INSERT OR REPLACE INTO good (zone, generation, at) VALUES (?,?,?)");
    put.bind(*id).bind(zone->generation()).bind(toMicros(zone->committedAt()));
    if (Status written = put.run("write a last-known-good"); !written) return written;
    SqliteStatement drop(*writer_, "DELETE FROM good WHERE zone = ? AND (generation < ? OR at < 0)");
    return drop.bind(*id).bind(kept.back()).run("drop the oldest last-known-good");
  });
  if (!done) return done;
  for (const Generation generation : gone) copies_.remove(apex, generation);
  const std::lock_guard known(knowing_);
  ZoneHead& head = heads_[apex];
  head.good = std::move(kept);
  head.leftBehind.clear();
  return Done{};
}

}  // namespace holdfast
