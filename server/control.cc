#include "server/control.h"

#include <array>
#include <exception>

#include "server/control_call.h"
#include "server/memory_reserve.h"

namespace holdfast {

namespace {

WorkPool::Limits poolOf(const RequestLimits& limits) {
  return {static_cast<unsigned>(limits.running), static_cast<unsigned>(limits.runningPerZone),
          limits.waitingPerZone, limits.waiting};
}

RequestCounts countsOf(const WorkPool& pool) {
  return {pool.waiting(), pool.running(), pool.turnedAway()};
}

/// The only requests with a body.
bool takesPlan(const Route& route) {
  return route.method == "POST" && (route.kind == RouteKind::Plans || route.kind == RouteKind::Diff);
}

/// What compiles a plan, and so may take long.
bool isSubmission(const Route& route) {
  return takesPlan(route) || route.kind == RouteKind::Rollback;
}

/// Requests of one lane may have to wait for each other: those of a zone that look into it, apart from those
/// that steer it, which must get through while somebody looks.
std::string laneOf(const Route& route) {
  switch (route.kind) {
    case RouteKind::Server:
      return "";
    case RouteKind::Zone:
    case RouteKind::Freeze:
    case RouteKind::Thaw:
      return "steer " + route.zone.wire();
    default:
      return "zone " + route.zone.wire();
  }
}

constexpr unsigned kSoon = 1;  // seconds

HttpResponse busy(bool isSubmission, WorkPool::Taken taken) {
  if (taken == WorkPool::Taken::Stopped) return comeAgain("the server is stopping", kSoon);
  const bool laneIsFull = taken == WorkPool::Taken::LaneIsFull;
  const char* text = laneIsFull ? "too many requests of this kind wait (limits.reads-waiting)"
                                : "too many requests wait (limits.reads-waiting-total)";
  if (isSubmission)
    text = laneIsFull ? "too many submissions of this zone wait (limits.submissions-waiting)"
                      : "too many submissions wait (limits.submissions-waiting-total)";
  return comeAgain(text, kSoon);
}

}  // namespace

Control::Control(const Intake& intake, Enactors enactors, LoopQueue& loop, Log& log, Clock clock,
                 Settings settings)
    : intake_(intake),
      publisher_(intake.publisher()),
      enactors_(std::move(enactors)),
      loop_(loop),
      log_(log),
      clock_(std::move(clock)),
      facts_(std::move(settings.facts)),
      counts_(std::move(settings.counts)),
      receptions_(std::move(settings.spool), settings.submissions.running, intake.limits()),
      mostZones_(settings.mostZones),
      mostZonesRemoved_(settings.mostZonesRemoved),
      submitters_(poolOf(settings.submissions)),
      readers_(poolOf(settings.reads)) {}

Control::~Control() {
  stop();
}

void Control::stop() {
  submitters_.stop();
  readers_.stop();
  loop_.runPosted();
}

ControlStats Control::stats() const {
  return {countsOf(submitters_), countsOf(readers_)};
}

std::unique_ptr<BodySink> Control::sinkOf(const HttpStart& start) const {
  const auto found = routeOf(std::string(start.method), std::string(start.path), std::string(start.query));
  const auto* route = std::get_if<Route>(&found);
  if (route == nullptr || !takesPlan(*route)) return std::make_unique<DroppedBody>();
  const std::optional<DocumentFormat> format = planFormatOf(mediaType(start.contentType));
  if (!format) return std::make_unique<DroppedBody>();
  const std::shared_ptr<const Zone> held = publisher_.committed(route->zone);
  if (held == nullptr) return std::make_unique<DroppedBody>();
  auto reception = receptions_.begin(*held, *format, start.bodyOctets);
  if (reception) return std::make_unique<PlanSink>(*std::move(reception));
  log_.warning("large plan kept in memory", {{"cause", reception.error().text()}});
  return nullptr;
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
  call->sink = std::move(request.sink);
  call->reply = std::move(reply);

  auto found = routeOf(call->method, call->path, call->query);
  if (auto* response = std::get_if<HttpResponse>(&found)) return answer(call, std::move(*response));
  auto route = std::make_shared<Route>(std::get<Route>(std::move(found)));
  if (call->sink != nullptr && !takesPlan(*route))
    return answer(call, errorResponse(413, "only a plan may have a body of a megabyte or more"));
  WorkPool& pool = isSubmission(*route) ? submitters_ : readers_;
  // The way back is made before the work begins: the reply must not end in the pool, and there may be no
  // memory then.
  auto sent = std::make_shared<HttpResponse>(comeAgain("there was not enough memory for the request", kSoon));
  auto back = std::make_shared<LoopQueue::Parcel>(
      LoopQueue::pack([this, call, sent] { answer(call, std::move(*sent)); }));
  const WorkPool::Taken taken = pool.run(laneOf(*route), [this, mine = call.get(), route, sent, back] {
    try {
      *sent = perform(*route, *mine);
    } catch (const std::exception&) {  // even to say so takes memory: it is said above
    }
    mine->sink.reset();  // not on the loop thread: there may be much to give back
    loop_.post(std::move(*back));
  });
  if (taken != WorkPool::Taken::Yes) answer(call, busy(isSubmission(*route), taken));
}

HttpResponse Control::perform(const Route& route, Call& call) {
  MemoryReserve::refill();
  const bool posts = route.method == "POST";
  // Input is handled by Results; what is thrown here is the machine's.
  try {
    switch (route.kind) {
      case RouteKind::Server:
        return status();
      case RouteKind::Zone:
        return zone(route, call);
      case RouteKind::Plans:
        return posts ? submit(route, call) : history(route);
      case RouteKind::Plan:
        return plan(route, call);
      case RouteKind::Diff:
        return posts ? preview(route, call) : diff(route);
      case RouteKind::Rollback:
        return rollback(route, call);
      case RouteKind::Explain:
        return explained(route, call);
      case RouteKind::Verify:
        return verify(route);
      case RouteKind::Freeze:
      case RouteKind::Thaw:
        return freeze(route, call);
    }
  } catch (const std::bad_alloc&) {
    log_.error("request failed", {{"path", call.path}, {"cause", "not enough memory"}});
    return comeAgain(
        "there was not enough memory for the request: nothing was changed, or it is in the history", kSoon);
  } catch (const std::exception& problem) {
    log_.error("request failed", {{"path", call.path}, {"cause", problem.what()}});
  }
  return errorResponse(500, "the request failed, and changed nothing or is in the history: see the log");
}

/// Those that are added at once may be a few more than the limits.
Status Control::add(NameView zone, const std::string& peer) {
  const std::size_t most = mostZones_.load();
  if (const ReadSection section; publisher_.snapshot().read(section).zones().size() >= most)
    return Error{ErrorKind::Conflict, toText(zone),
                 std::to_string(most) + " zones are held: remove one, or raise limits.zones"};
  // A fence must outlive its zone, so what was removed cannot make room by itself.
  const std::size_t removed = publisher_.zonesRemoved();
  if (removed >= mostZonesRemoved_.load() && !publisher_.wasRemoved(zone))
    return Error{ErrorKind::Conflict, toText(zone),
                 std::to_string(removed) +
                     " removed zones are remembered: forget one (DELETE with forget=true), or raise "
                     "limits.zones-removed"};
  return publisher_.addZone(zone, {peer});
}

HttpResponse Control::zone(const Route& route, const Call& call) {
  if (route.method == "PUT") {
    const bool known = publisher_.hasZone(route.zone);
    if (!known) {
      if (auto added = add(route.zone, call.peer); !added) {
        log_.warning("zone could not be added",
                     {{"zone", route.zone.text()}, {"caller", call.peer}, {"cause", added.error().text()}});
        return problemResponse(added.error());
      }
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
    return {200, jsonObject([&](JsonWriter& json) {
              json.member("zone", route.zone.text());
              json.member("removed", true);
              json.member("forgotten", *forget);
            })};
  }
  const auto status = publisher_.status(route.zone);
  if (!status) return problemResponse(notHeld(route.zone));
  return {200, jsonObject([&](JsonWriter& json) { writeZone(json, *status, clock_()); })};
}

HttpResponse Control::freeze(const Route& route, const Call& call) {
  const bool freezes = route.kind == RouteKind::Freeze;
  const auto reason = route.query.find("reason");
  if (freezes && (!reason || reason->empty()))
    return errorResponse(400, "reason: must say why automation is stopped");
  const auto before =
      publisher_.setFrozen(route.zone, freezes ? reason : std::nullopt, {call.peer}, reason.value_or(""));
  if (!before) {
    log_.warning(freezes ? "zone could not be frozen" : "zone could not be thawed",
                 {{"zone", route.zone.text()}, {"caller", call.peer}, {"cause", before.error().text()}});
    return problemResponse(before.error());
  }
  if (freezes || *before)
    log_.warning(freezes ? "zone frozen" : "zone thawed", {{"zone", route.zone.text()},
                                                           {"caller", call.peer},
                                                           {"reason", reason.value_or("")},
                                                           {"before", *before ? (*before)->reason : ""}});
  const auto status = publisher_.status(route.zone);
  if (!status) return problemResponse(notHeld(route.zone));
  return {200, jsonObject([&](JsonWriter& json) {
            writeZone(json, *status, clock_());
            if (!*before) return json.member("frozen_before", nullptr);
            json.object("frozen_before", [&] {
              json.member("reason", (*before)->reason);
              json.member("since", toText((*before)->since));
            });
          })};
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

}  // namespace holdfast
