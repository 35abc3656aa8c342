// The requests of the control API that only look: status, history, contents and what differs between them,
// why something is answered as it is.
#include <algorithm>
#include <array>

#include "server/control_call.h"
#include "server/explain.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

constexpr std::uint64_t kHistoryDefault = 20;
constexpr std::uint64_t kHistoryMost = 1000;
/// Entries that one request with a filter looks at: the next page goes on where it stopped.
constexpr std::size_t kHistorySearched = 10'000;
constexpr std::size_t kHistoryChunk = 500;

/// The first of the accepted media types that a plan can be shown as; JSON where any will do.
std::optional<DocumentFormat> acceptedFormat(std::string_view accept) {
  if (accept.empty()) return DocumentFormat::Json;
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    const std::string type = mediaType(accept.substr(0, end));
    accept.remove_prefix(std::min(end + 1, accept.size()));
    if (type == "text/dns" || type == "text/*") return DocumentFormat::ZoneFile;
    if (type == "application/json" || type == "application/*" || type == "*/*") return DocumentFormat::Json;
  }
  return std::nullopt;
}

Result<std::optional<Fate>> fateOf(const std::optional<std::string>& outcome) {
  if (!outcome) return std::optional<Fate>();
  std::string known;
  for (unsigned i = 0; i <= static_cast<unsigned>(kLastFate); ++i) {
    const auto fate = static_cast<Fate>(i);
    if (outcomeText(fate) == *outcome) return std::optional<Fate>(fate);
    known += (known.empty() ? "" : ", ") + std::string(outcomeText(fate));
  }
  return Error{ErrorKind::Invalid, "outcome", "must be one of " + known + ", not \"" + *outcome + "\""};
}

}  // namespace

HttpResponse Control::status() {
  const ServerCounts counts = counts_ ? counts_() : ServerCounts{};
  const auto zones = publisher_.status();
  return {200, serverJson(facts_, counts, publisher_.storeStats(), zones, enactors_(), clock_())};
}

HttpResponse Control::history(const Route& route) {
  const auto limit = route.query.number("limit", kHistoryMost);
  if (!limit) return problemResponse(limit.error());
  const auto before = route.query.number("before", kMaxGeneration);
  if (!before) return problemResponse(before.error());
  const auto fate = fateOf(route.query.find("outcome"));
  if (!fate) return problemResponse(fate.error());
  const std::size_t wanted = std::max<std::uint64_t>(1, limit->value_or(kHistoryDefault));
  const std::size_t chunk = *fate ? std::max(wanted, kHistoryChunk) : wanted;

  std::vector<HistoryEntry> found;
  auto next = static_cast<std::int64_t>(before->value_or(0));
  for (std::size_t searched = 0;;) {
    auto entries = publisher_.history(route.zone, chunk + 1, next);
    if (!entries) return problemResponse(entries.error());
    const bool isLast = entries->size() <= chunk;
    if (!isLast) entries->pop_back();
    for (HistoryEntry& entry : *entries) {
      next = entry.id;
      if (*fate && entry.fate != **fate) continue;
      found.push_back(std::move(entry));
      if (found.size() == wanted) break;
    }
    searched += entries->size();
    const bool sawAll = isLast && (entries->empty() || next == entries->back().id);
    if (sawAll) return {200, historyJson(route.zone, found, std::nullopt)};
    if (found.size() == wanted || searched >= kHistorySearched)
      return {200, historyJson(route.zone, found, next)};
  }
}

HttpResponse Control::plan(const Route& route, const Call& call) {
  const auto format = acceptedFormat(call.accept);
  if (!format) return errorResponse(406, "a plan is shown as application/json or text/dns");
  const auto content = publisher_.content(route.zone, route.generation);
  if (!content) return problemResponse(content.error());
  if (*format == DocumentFormat::ZoneFile) return {200, contentAsZoneFile(**content), "text/dns"};
  return {200, contentAsJson(**content, "")};
}

/// Of generation 0: a zone without content.
Result<std::shared_ptr<const Zone>> Control::contentAt(NameView zone, Generation generation) const {
  if (generation == 0) return std::shared_ptr<const Zone>(std::make_shared<Zone>(Name(zone)));
  return publisher_.content(zone, generation);
}

/// What was committed before that generation was; 0 where nothing was that is still in the history.
Result<Generation> Control::generationBefore(NameView zone, Generation generation) const {
  for (std::int64_t next = 0;;) {
    const auto entries = publisher_.history(zone, kHistoryChunk, next);
    if (!entries) return entries.error();
    for (const HistoryEntry& entry : *entries)
      if (entry.fate == Fate::Committed && entry.generation < generation) return entry.generation;
    if (entries->size() < kHistoryChunk) return Generation{0};
    next = entries->back().id;
  }
}

HttpResponse Control::diff(const Route& route) {
  const auto from = route.query.number("from", kMaxGeneration);
  const auto to = route.query.number("to", kMaxGeneration);
  const auto limit = route.query.number("limit", kDiffMost);
  for (const auto* number : {&from, &to, &limit})
    if (!*number) return problemResponse(number->error());
  const auto status = publisher_.status(route.zone);
  if (!status) return problemResponse(notHeld(route.zone));
  const Generation newer = to->value_or(status->served);
  const auto older = *from ? Result<Generation>(**from) : generationBefore(route.zone, newer);
  if (!older) return problemResponse(older.error());
  const auto before = contentAt(route.zone, *older);
  if (!before) return problemResponse(before.error());
  const auto after = contentAt(route.zone, newer);
  if (!after) return problemResponse(after.error());
  const Comparison compared{route.zone, *older, newer, **before, **after};
  return {200, comparisonJson(compared, limit->value_or(kDiffDefault))};
}

HttpResponse Control::explained(const Route& route, const Call& call) {
  const auto asked = route.query.find("name");
  if (!asked || asked->empty())
    return errorResponse(400, "name: must be given: a name, relative to the zone unless it ends with a dot");
  const auto name = Name::fromText(*asked, route.zone);
  if (!name) return errorResponse(400, "name: " + name.error().text());
  ExplainWish wish{route.zone, *name, std::nullopt, {call.peer, false}};
  if (const auto type = route.query.find("type")) {
    const auto parsed = parseType(*type);
    if (!parsed) return errorResponse(400, "type: " + parsed.error().text());
    wish.type = *parsed;
  }
  if (!publisher_.hasZone(route.zone)) return problemResponse(notHeld(route.zone));
  const auto document = explain(publisher_, wish, clock_());
  if (!document) return problemResponse(document.error());
  return {200, *document};
}

HttpResponse Control::verify(const Route& route) {
  const auto report = publisher_.verify(route.zone);
  if (!report) return problemResponse(report.error());
  if (!report->whole())
    log_.error("the history is not as it was written",
               {{"zone", route.zone.text()}, {"entry", report->broken}, {"cause", report->problem}});
  return {200, sealJson(route.zone, *report)};
}

}  // namespace holdfast
