#include "tools/zonectl/watch_view.h"

#include <algorithm>
#include <cmath>

#include "tools/zonectl/text_table.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr std::size_t kRecent = 8;       // events that stay on a terminal
constexpr std::size_t kZonesShown = 16;  // so that the picture fits on a terminal

std::string wholeText(double number) {
  return std::to_string(std::llround(number));
}

std::string ageText(const Json& zone) {
  const Json& age = memberOf(zone, "age_seconds");
  return age.is_number() ? durationText(age.get<double>()) : "";
}

TextTable::Cell stateCell(const Json& zone) {
  if (memberOf(zone, "frozen").is_object()) return {"frozen", Colour::Yellow};
  if (numberOf(zone, "committed") == 0) return {"no content yet", Colour::Yellow};
  if (numberOf(zone, "served") != numberOf(zone, "committed")) return {"not what is committed", Colour::Red};
  return {"served", Colour::Green};
}

std::string entryText(const Json& entry) {
  const std::string outcome = textOf(entry, "outcome"), who = textOf(entry, "who"),
                    reason = textOf(entry, "reason"), generation = textOf(entry, "generation");
  std::string text = outcome;
  if (generation != "0" && !generation.empty()) text += " generation " + generation;
  if (const std::string restored = textOf(entry, "restored"); !restored.empty())
    text += " (content of " + restored + ")";
  if (const Json& reasons = listOf(entry, "reasons"); !reasons.empty()) text += ": " + firstReason(reasons);
  if (outcome == "published") text += ": " + changesText(memberOf(entry, "changes"));
  if (const Json& kept = listOf(entry, "quarantined"); !kept.empty())
    text += "; kept as it was: " + firstReason(kept);
  if (!who.empty()) text += "; by " + who;
  if (!reason.empty()) text += ", " + reason;
  return text;
}

Colour colourOfEvent(const std::string& kind) {
  if (kind == "refused" || kind == "away") return Colour::Red;
  if (kind == "published" || kind == "back") return Colour::Green;
  return kind == "watching" ? Colour::None : Colour::Yellow;
}

}  // namespace

bool WatchView::isWanted(const std::string& zone) const {
  return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), zone) != wanted_.end();
}

void WatchView::happened(Event event) {
  recent_.push_back(event);
  if (recent_.size() > kRecent) recent_.pop_front();
  events_.push_back(std::move(event));
}

std::vector<WatchView::Event> WatchView::takeEvents() {
  return std::exchange(events_, {});
}

/// Rates between two looks at one process; a new process counts from zero.
void WatchView::measure(const Json& status, Time at) {
  const Json& swaps = memberOf(status, "swaps");
  const Rates now{numberOf(memberOf(status, "queries"), "answered"), numberOf(swaps, "count"),
                  numberOf(swaps, "total_us"), at};
  const bool isSame = before_ && textOf(status, "pid") == pid_ && now.answered >= before_->answered;
  const double seconds = isSame ? std::chrono::duration<double>(at - before_->at).count() : 0;
  answersPerSecond_.reset();
  if (seconds > 0) answersPerSecond_ = static_cast<double>(now.answered - before_->answered) / seconds;
  const std::uint64_t swapped = now.swaps - (isSame ? before_->swaps : 0);
  const std::uint64_t micros = now.swapMicros - (isSame ? before_->swapMicros : 0);
  if (swapped > 0) swapMicros_ = static_cast<double>(micros) / static_cast<double>(swapped);
  before_ = now;
}

std::vector<std::string> WatchView::saw(const Json& status, const std::string& now, Time at) {
  const std::string pid = textOf(status, "pid");
  if (away_) happened({now, "", "back", "the server answers again, pid " + pid, nullptr});
  if (!away_ && started_ && pid != pid_)
    happened({now, "", "back", "the server was restarted, pid " + pid, nullptr});
  away_ = false;
  started_ = true;
  measure(status, at);
  status_ = status;
  pid_ = pid;
  now_ = now;

  std::vector<std::string> grown;
  std::map<std::string, ZoneSeen> zones;
  for (const Json& zone : listOf(status, "zones")) {
    const std::string name = textOf(zone, "zone");
    if (!isWanted(name)) continue;
    ZoneSeen seen;
    if (const auto known = zones_.find(name); known != zones_.end()) seen = known->second;
    std::string fingerprint = textOf(zone, "seal");
    for (const char* key : {"planned", "published", "refused"}) fingerprint += " " + textOf(zone, key);
    if (fingerprint != seen.fingerprint || !seen.lastLine) grown.push_back(name);
    seen.fingerprint = fingerprint;
    seen.status = zone;
    zones.emplace(name, std::move(seen));
  }
  for (const auto& [name, seen] : zones_)
    if (!zones.contains(name)) happened({now, name, "gone", "the zone is no longer held", nullptr});
  zones_ = std::move(zones);
  return grown;
}

void WatchView::sawHistory(const std::string& zone, const Json& history) {
  const auto known = zones_.find(zone);
  if (known == zones_.end()) return;
  ZoneSeen& seen = known->second;
  const Json& entries = listOf(history, "history");
  std::int64_t newest = seen.lastLine.value_or(0);
  for (const Json& entry : entries)
    newest = std::max(newest, static_cast<std::int64_t>(numberOf(entry, "id")));
  if (!seen.lastLine) {
    const std::string served = textOf(seen.status, "served"), age = ageText(seen.status);
    happened({now_, zone, "watching",
              served == "0" ? "no content yet" : "generation " + served + " is served, for " + age, nullptr});
  } else {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)  // oldest first
      if (static_cast<std::int64_t>(numberOf(*entry, "id")) > *seen.lastLine)
        happened({textOf(*entry, "at"), zone, textOf(*entry, "outcome"), entryText(*entry), *entry});
  }
  seen.lastLine = newest;
}

void WatchView::sawNobody(const std::string& why, const std::string& now) {
  now_ = now;
  if (!away_) happened({now, "", "away", why, nullptr});
  away_ = true;
  answersPerSecond_.reset();
}

std::string WatchView::ratesText() const {
  std::string text;
  if (answersPerSecond_) text += wholeText(*answersPerSecond_) + " answers/s";
  const Json& swaps = memberOf(status_, "swaps");
  if (swapMicros_) text += (text.empty() ? "" : ", ") + ("swapped in " + wholeText(*swapMicros_) + " µs");
  if (const std::string longest = textOf(swaps, "longest_us"); !longest.empty() && swapMicros_)
    text += " (longest " + longest + " µs)";
  return text;
}

std::string WatchView::line(const Event& event, const Palette& palette) const {
  std::string text = printable(event.at) + "  ";
  if (!event.zone.empty()) text += printable(event.zone) + "  ";
  text += palette.paint(colourOfEvent(event.kind), printable(event.text));
  const std::string rates = event.kind == "published" ? ratesText() : "";
  return text + (rates.empty() ? "" : "; " + rates) + "\n";
}

std::string WatchView::screen(const Palette& palette) const {
  const std::size_t columns = palette.columns();
  std::string text;
  if (away_) {
    text = palette.paint(Colour::Red, "The server is away.") + " Waiting for it…\n";
  } else {
    const Json& uptime = memberOf(status_, "uptime_seconds");
    std::string head = "holdfastd " + textOf(status_, "version") + ", pid " + textOf(status_, "pid") +
                       ", up " + durationText(uptime.is_number() ? uptime.get<double>() : 0);
    if (const std::string rates = ratesText(); !rates.empty()) head += "; " + rates;
    head += "; " + counted(numberOf(memberOf(status_, "swaps"), "reclaims_pending"), "old snapshots") +
            " waiting";
    text = wrapped(printable(head), 0, columns, palette, Colour::Bold);
  }
  TextTable table({"ZONE", ">SERVED", ">AGE", ">PUBLISHED", ">REFUSED", "STATE"});
  std::size_t shown = 0;
  for (const auto& [name, seen] : zones_) {
    if (++shown > kZonesShown) continue;
    table.row({name,
               textOf(seen.status, "served"),
               ageText(seen.status),
               textOf(seen.status, "published"),
               {textOf(seen.status, "refused"),
                numberOf(seen.status, "refused") == 0 ? Colour::None : Colour::Yellow},
               stateCell(seen.status)});
  }
  if (shown > kZonesShown)
    table.note("… and " + std::to_string(shown - kZonesShown) + " more: name the zones to watch");
  text += "\n" + table.text(palette);
  if (recent_.empty()) return text;
  text += "\n";
  for (const Event& event : recent_)
    text += wrapped(printable(event.at + "  " + (event.zone.empty() ? "" : event.zone + "  ") + event.text),
                    0, columns, palette, colourOfEvent(event.kind));
  return text;
}

Json WatchView::document(const std::vector<Event>& events) const {
  Json json{{"at", now_},         {"away", away_},          {"answers_per_second", nullptr},
            {"swap_us", nullptr}, {"zones", Json::array()}, {"events", Json::array()}};
  if (answersPerSecond_) json["answers_per_second"] = *answersPerSecond_;
  if (swapMicros_) json["swap_us"] = *swapMicros_;
  for (const auto& [name, seen] : zones_) {
    Json zone{{"zone", name}};
    for (const char* key : {"planned", "committed", "served", "age_seconds", "published", "refused"})
      zone[key] = memberOf(seen.status, key);
    json["zones"].push_back(std::move(zone));
  }
  for (const Event& event : events)
    json["events"].push_back({{"at", event.at},
                              {"zone", event.zone},
                              {"event", event.kind},
                              {"text", event.text},
                              {"entry", event.document}});
  return json;
}

}  // namespace holdfast::zonectl
