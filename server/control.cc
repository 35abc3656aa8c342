#include "server/control.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

namespace holdfast {

namespace {

constexpr unsigned kSubmitThreads = 2;
constexpr unsigned kReadThreads = 2;
constexpr std::size_t kReadsWaiting = 256;
constexpr std::uint64_t kHistoryDefault = 20;
constexpr std::uint64_t kHistoryMost = 1000;
constexpr std::uint64_t kDiffMost = 100'000;
// Findings beyond these stand in the answer and the history; the log is for noticing.
constexpr std::size_t kReasonsLogged = 20;

/// The media type without its parameters, in lower case.
std::string mediaType(std::string_view value) {
  value = value.substr(0, value.find(';'));
  const std::size_t begin = std::min(value.find_first_not_of(" \t"), value.size());
  const std::size_t end = value.find_last_not_of(" \t");
  std::string type(value.substr(begin, end == std::string_view::npos ? 0 : end - begin + 1));
  for (char& c : type) c = static_cast<char>(lowerOctet(static_cast<std::uint8_t>(c)));
  return type;
}

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

}  // namespace

/// One request on its way through a pool.
struct Control::Call {
  std::string method, path, query, contentType, accept, peer;
  HttpBody body;
  std::shared_ptr<HttpReply> reply;  // touched on the loop thread only, its release included
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

Control::Control(const Intake& intake, Enactors enactors, LoopQueue& loop, Log& log, Clock clock,
                 Settings settings)
    : intake_(intake),
      publisher_(intake.publisher()),
      enactors_(std::move(enactors)),
      loop_(loop),
      log_(log),
      clock_(std::move(clock)),
      facts_(std::move(settings.facts)),
      submitters_(kSubmitThreads, settings.submissionsWaiting),
      readers_(kReadThreads, kReadsWaiting) {}

Control::~Control() {
  stop();
}

void Control::stop() {
  submitters_.stop();
  readers_.stop();
  loop_.runPosted();
}

void Control::handle(HttpRequest request, std::shared_ptr<HttpReply> reply) {
  auto call = std::make_shared<Call>();
  call->method = std::move(request.method);
  call->path = std::move(request.path);
  call->query = std::move(request.query);
  call->contentType = std::move(request.contentType);
  call->accept = std::move(request.accept);
  call->peer = std::move(request.peer);
  call->body = std::move(request.body);
  call->reply = std::move(reply);

  auto found = routeOf(call->method, call->path, call->query);
  if (auto* response = std::get_if<HttpResponse>(&found)) return answer(call, std::move(*response));
  auto route = std::make_shared<Route>(std::get<Route>(std::move(found)));
  const bool isSubmission = route->kind == RouteKind::Plans && route->method == "POST";
  WorkPool& pool = isSubmission ? submitters_ : readers_;
  // The task hands the call on to the loop and keeps nothing of it: the reply must not end in the pool.
  const bool taken = pool.run([this, mine = call, route]() mutable {
    auto sent = std::make_shared<HttpResponse>(perform(*route, *mine));
    loop_.post([this, done = std::move(mine), sent] { answer(done, std::move(*sent)); });
  });
  if (taken) return;
  HttpResponse busy =
      errorResponse(503, isSubmission ? "too many submissions wait (limits.submissions-waiting)"
                                      : "too many requests wait");
  busy.headers.emplace_back("Retry-After", "1");
  answer(call, std::move(busy));
}

HttpResponse Control::perform(const Route& route, Call& call) {
  // Input is handled by Results; what is thrown here is the machine's, such as memory running out.
  try {
    switch (route.kind) {
      case RouteKind::Server: {
        const auto zones = publisher_.status();
        return {200, textOf(serverJson(facts_, zones, enactors_(), clock_()))};
      }
      case RouteKind::Zone:
        return zone(route, call);
      case RouteKind::Plans:
        return route.method == "POST" ? submit(route, call) : history(route);
      case RouteKind::Plan:
        return plan(route, call);
      case RouteKind::Freeze:
      case RouteKind::Thaw:
        return freeze(route, call);
    }
  } catch (const std::exception& problem) {
    log_.error("request failed", {{"path", call.path}, {"cause", problem.what()}});
  }
  return errorResponse(500, "the request failed, and changed nothing or is in the history: see the log");
}

HttpResponse Control::zone(const Route& route, const Call& call) {
  if (route.method == "PUT") {
    const bool known = publisher_.hasZone(route.zone);
    if (!known) {
      if (auto added = publisher_.addZone(route.zone, {call.peer}); !added)
        return problemResponse(added.error());
      log_.info("zone added", {{"zone", route.zone.text()}, {"caller", call.peer}});
    }
  } else if (route.method == "DELETE") {
    const auto reason = route.query.find("reason");
    const auto forget = route.query.flag("forget");
    if (!forget) return problemResponse(forget.error());
    if (!reason || reason->empty()) return errorResponse(400, "reason: must say why the zone is removed");
    if (auto removed = publisher_.removeZone(route.zone, *reason, *forget, {call.peer}); !removed)
      return problemResponse(removed.error());
    log_.warning(
        "zone removed",
        {{"zone", route.zone.text()}, {"caller", call.peer}, {"reason", *reason}, {"forgotten", *forget}});
    return {200, textOf({{"zone", route.zone.text()}, {"removed", true}, {"forgotten", *forget}})};
  }
  const auto status = publisher_.status(route.zone);
  if (!status) return errorResponse(404, "the zone " + route.zone.text() + " is not held");
  return {200, textOf(zoneJson(*status, clock_()))};
}

HttpResponse Control::freeze(const Route& route, const Call& call) {
  const bool freezes = route.kind == RouteKind::Freeze;
  const auto reason = route.query.find("reason");
  if (freezes && (!reason || reason->empty()))
    return errorResponse(400, "reason: must say why automation is stopped");
  const auto done =
      publisher_.setFrozen(route.zone, freezes ? reason : std::nullopt, {call.peer}, reason.value_or(""));
  if (!done) return problemResponse(done.error());
  log_.warning(freezes ? "zone frozen" : "zone thawed",
               {{"zone", route.zone.text()}, {"caller", call.peer}, {"reason", reason.value_or("")}});
  const auto status = publisher_.status(route.zone);
  if (!status) return errorResponse(404, "the zone " + route.zone.text() + " is not held");
  return {200, textOf(zoneJson(*status, clock_()))};
}

HttpResponse Control::history(const Route& route) {
  const auto limit = route.query.number("limit", kHistoryMost);
  if (!limit) return problemResponse(limit.error());
  const auto before = route.query.number("before", kMaxGeneration);
  if (!before) return problemResponse(before.error());
  const std::size_t wanted = std::max<std::uint64_t>(1, limit->value_or(kHistoryDefault));
  auto entries = publisher_.history(route.zone, wanted + 1, static_cast<std::int64_t>(before->value_or(0)));
  if (!entries) return problemResponse(entries.error());
  const bool more = entries->size() > wanted;
  if (more) entries->resize(wanted);
  return {200, textOf(historyJson(route.zone, *entries, more))};
}

HttpResponse Control::plan(const Route& route, const Call& call) {
  const auto format = acceptedFormat(call.accept);
  if (!format) return errorResponse(406, "a plan is shown as application/json or text/dns");
  const auto content = publisher_.content(route.zone, route.generation);
  if (!content) return problemResponse(content.error());
  if (*format == DocumentFormat::ZoneFile) return {200, contentAsZoneFile(**content), "text/dns"};
  return {200, contentAsJson(**content, "")};
}

Result<Document> Control::documentOf(const Route& route, const Call& call) const {
  Document document;
  document.zone = route.zone;
  document.format =
      mediaType(call.contentType) == "text/dns" ? DocumentFormat::ZoneFile : DocumentFormat::Json;
  const auto generation = route.query.number("generation", kMaxGeneration);
  const auto base = route.query.number("base", kMaxGeneration);
  const auto diff = route.query.number("diff", kDiffMost);
  const auto dryRun = route.query.flag("dry-run");
  for (const auto* number : {&generation, &base, &diff})
    if (!*number) return number->error();
  if (!dryRun) return dryRun.error();
  document.generation = *generation;
  document.base = *base;
  document.diffLimit = diff->value_or(0);
  document.dryRun = *dryRun;
  document.source = route.query.find("source").value_or("");
  document.reason = route.query.find("reason").value_or("");
  document.removals = route.query.all("remove");
  document.overrides = route.query.all("allow");
  // A person is a caller who says why. Whoever gives no reason counts as automation and stops at a freeze.
  document.caller = {call.peer, document.reason.empty()};
  return document;
}

HttpResponse Control::submit(const Route& route, Call& call) {
  const std::string type = mediaType(call.contentType);
  if (type != "application/json" && type != "text/dns")
    return errorResponse(415,
                         "a plan is application/json or text/dns, not \"" + type + "\": set Content-Type");
  auto document = documentOf(route, call);
  if (!document) return problemResponse(document.error());
  const std::string body = call.body.join();
  document->body = body;
  const auto outcome = intake_.submit(*document);
  if (!outcome) {
    const bool isFault =
        outcome.error().kind == ErrorKind::Store || outcome.error().kind == ErrorKind::System;
    log_.write(isFault ? LogLevel::Error : LogLevel::Warning, "submission failed",
               {{"zone", route.zone.text()}, {"caller", call.peer}, {"cause", outcome.error().text()}});
    return problemResponse(outcome.error());
  }
  const auto total =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - call.begun);
  HttpResponse response = outcomeResponse(*outcome, *document, total);
  logOutcome(*outcome, *document, response.status);
  return response;
}

void Control::logOutcome(const Outcome& outcome, const Document& document, int status) {
  if (outcome.kind == Outcome::Kind::Refused)
    return logRefusal(log_, document.zone, document.caller.who, outcome);
  log_.info(outcome.kind == Outcome::Kind::Published ? "plan published" : "plan accepted by a dry run",
            {{"zone", document.zone.text()},
             {"generation", outcome.generation},
             {"serial", outcome.serial},
             {"caller", document.caller.who},
             {"reason", document.reason},
             {"added", outcome.diff.namesAdded},
             {"removed", outcome.diff.namesRemoved},
             {"changed", outcome.diff.namesChanged},
             {"overridden", outcome.verdict.overridden.size()},
             {"warnings", outcome.verdict.warnings.size() + outcome.verdict.unlistedWarnings},
             {"status", status}});
}

void Control::answer(const std::shared_ptr<Call>& call, HttpResponse response) {
  logRequest(*call, response.status);
  call->reply->send(std::move(response));
}

void Control::logRequest(const Call& call, int status) {
  const auto spent = std::chrono::steady_clock::now() - call.begun;
  const std::array<LogField, 5> fields{
      {{"caller", call.peer},
       {"method", call.method},
       {"path", call.query.empty() ? call.path : call.path + "?" + call.query},
       {"status", status},
       {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(spent).count()}}};
  // Reading changes nothing and is done by every monitoring system: it would bury the rest.
  log_.write(call.method == "GET" && status < 400 ? LogLevel::Debug : LogLevel::Info, "request", fields);
}

void logRefusal(Log& log, NameView zone, const std::string& who, const Outcome& outcome) {
  std::size_t listed = 0;
  for (const Reason& reason : outcome.verdict.reasons) {
    if (++listed > kReasonsLogged) break;
    log.warning("plan refused", {{"zone", toText(zone)},
                                 {"generation", outcome.generation},
                                 {"committed", outcome.committed},
                                 {"caller", who},
                                 {"rule", toText(reason.rule)},
                                 {"name", reason.name},
                                 {"type", reason.type},
                                 {"observed", reason.observed},
                                 {"limit", reason.limit},
                                 {"detail", reason.detail}});
  }
  const std::uint64_t all = outcome.verdict.reasons.size() + outcome.verdict.unlisted;
  if (all > kReasonsLogged)
    log.warning("plan refused, further reasons",
                {{"zone", toText(zone)}, {"caller", who}, {"not_logged", all - kReasonsLogged}});
  if (outcome.unrecorded)
    log.error("refusal not in the history", {{"zone", toText(zone)}, {"cause", outcome.unrecorded->text()}});
}

}  // namespace holdfast
