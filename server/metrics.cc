#include "server/metrics.h"

#include <malloc.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "server/metric_families.h"

namespace holdfast {

namespace {

constexpr std::array<const char*, kTransports> kTransportNames{"udp", "tcp"};
// IANA DNS Parameters, by their upper-case mnemonics; the last stands for all others.
constexpr std::array<const char*, kCountedRcodes> kRcodeNames{
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",  "NOTIMP",    "REFUSED", "YXDOMAIN",
    "YXRRSET", "NXRRSET", "NOTAUTH",  "NOTZONE",   "DSOTYPENI", "12",      "13",
    "14",      "15",      "BADVERS",  "BADCOOKIE", "extended"};

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

double seconds(std::uint64_t micros) {
  return number(micros) / 1e6;
}

double sinceEpoch(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

using WorkerSpan = std::span<const WorkerCounters>;

double sum(WorkerSpan workers, Counter WorkerCounters::*counter) {
  std::uint64_t total = 0;
  for (const WorkerCounters& worker : workers) total += (worker.*counter).value();
  return number(total);
}

double sum(WorkerSpan workers, std::size_t transport, Counter WorkerCounters::PerTransport::*counter) {
  std::uint64_t total = 0;
  for (const WorkerCounters& worker : workers) total += (worker.transports[transport].*counter).value();
  return number(total);
}

void addQueries(MetricFamilies& out, WorkerSpan workers) {
  using Per = WorkerCounters::PerTransport;
  out.counter("holdfast_queries_total", "Messages received.");
  for (std::size_t t = 0; t < kTransports; ++t)
    out.value(sum(workers, t, &Per::queries), {{"transport", kTransportNames[t]}});
  out.counter("holdfast_responses_total", "Responses made, by RCODE.");
  for (std::size_t t = 0; t < kTransports; ++t)
    for (std::size_t rcode = 0; rcode < kCountedRcodes; ++rcode) {
      std::uint64_t total = 0;
      for (const WorkerCounters& worker : workers) total += worker.transports[t].responses[rcode].value();
      out.value(number(total), {{"transport", kTransportNames[t]}, {"rcode", kRcodeNames[rcode]}});
    }
  out.counter("holdfast_dropped_total",
              "Messages without a response: malformed, or unsent because the system did not take it.");
  for (std::size_t t = 0; t < kTransports; ++t) {
    out.value(sum(workers, t, &Per::malformed), {{"transport", kTransportNames[t]}, {"reason", "malformed"}});
    out.value(sum(workers, t, &Per::unsent), {{"transport", kTransportNames[t]}, {"reason", "unsent"}});
  }
  out.counter("holdfast_truncated_total", "Responses with the TC bit.");
  for (std::size_t t = 0; t < kTransports; ++t)
    out.value(sum(workers, t, &Per::truncated), {{"transport", kTransportNames[t]}});
  out.counter("holdfast_udp_batches_total", "Batches that datagrams were received in.")
      .value(sum(workers, static_cast<std::size_t>(Transport::Udp), &Per::batches));
}

void addMessages(MetricFamilies& out, WorkerSpan workers) {
  constexpr std::array<const char*, kCookieStates> kStates{"", "client-only", "valid", "invalid"};
  const auto total = [&](std::size_t transport, auto member, std::size_t index) {
    std::uint64_t value = 0;
    for (const WorkerCounters& worker : workers)
      value += (worker.transports[transport].*member)[index].value();
    return number(value);
  };
  out.counter("holdfast_cookies_total",
              "Queries with a DNS cookie: without a server cookie, with a valid and with an invalid one.");
  for (std::size_t t = 0; t < kTransports; ++t)
    for (std::size_t state = 1; state < kCookieStates; ++state)
      out.value(total(t, &WorkerCounters::PerTransport::cookies, state),
                {{"transport", kTransportNames[t]}, {"cookie", kStates[state]}});
  out.counter("holdfast_extended_errors_total", "Queries not answered, by the reason that EDE options tell.");
  for (std::size_t t = 0; t < kTransports; ++t)
    for (std::size_t error = 1; error < kExtendedErrors; ++error) {
      const ExtendedErrorText& text = textOf(static_cast<ExtendedError>(error));
      out.value(total(t, &WorkerCounters::PerTransport::extendedErrors, error),
                {{"transport", kTransportNames[t]},
                 {"code", std::to_string(text.infoCode)},
                 {"reason", std::string(text.extra)}});
    }
}

void addConnections(MetricFamilies& out, WorkerSpan workers) {
  out.gauge("holdfast_tcp_connections", "TCP connections open now.")
      .value(sum(workers, &WorkerCounters::tcpOpen));
  out.counter(
         "holdfast_tcp_connections_total",
         "TCP connections accepted. Of these refused: for want of room, or as the client had enough. The "
         "others when closed, and what closed them where it was not the client: idle, evicted for "
         "another, slow to send a message or to take a response, expired at the end of its life.")
      .value(sum(workers, &WorkerCounters::tcpAccepted), {{"event", "accepted"}})
      .value(sum(workers, &WorkerCounters::tcpClosed), {{"event", "closed"}})
      .value(sum(workers, &WorkerCounters::tcpRefused), {{"event", "refused"}})
      .value(sum(workers, &WorkerCounters::tcpClientRefused), {{"event", "client-refused"}})
      .value(sum(workers, &WorkerCounters::tcpIdle), {{"event", "idle"}})
      .value(sum(workers, &WorkerCounters::tcpEvicted), {{"event", "evicted"}})
      .value(sum(workers, &WorkerCounters::tcpSlowMessage), {{"event", "slow-message"}})
      .value(sum(workers, &WorkerCounters::tcpSlowResponse), {{"event", "slow-response"}})
      .value(sum(workers, &WorkerCounters::tcpExpired), {{"event", "expired"}});
  out.counter("holdfast_tcp_held_back_total",
              "Times that queries of a TCP connection had to wait until its client took responses: "
              "limits.tcp-pipeline.")
      .value(sum(workers, &WorkerCounters::tcpHeldBack));
  out.counter("holdfast_tcp_accept_failures_total", "TCP connections the system could not hand over.")
      .value(sum(workers, &WorkerCounters::acceptFailures));
}

void addZones(MetricFamilies& out, const Publisher& publisher, WallTime now) {
  const std::vector<ZoneStatus> zones = publisher.status();
  out.gauge("holdfast_zones", "Zones held.").value(number(zones.size()));
  out.gauge("holdfast_zones_removed", "Zones that were removed and not forgotten: their fences are kept.")
      .value(number(publisher.zonesRemoved()));
  out.gauge("holdfast_zone_generation", "Generation that is planned, committed and served.");
  for (const ZoneStatus& zone : zones) {
    const std::string name = zone.apex.text();
    out.value(number(zone.planned), {{"zone", name}, {"stage", "planned"}});
    out.value(number(zone.committed), {{"zone", name}, {"stage", "committed"}});
    out.value(number(zone.served), {{"zone", name}, {"stage", "served"}});
  }
  out.gauge("holdfast_zone_age_seconds", "Time since what is served was committed.");
  for (const ZoneStatus& zone : zones)
    if (zone.committedAt)
      out.value(std::max(0.0, std::chrono::duration<double>(now - *zone.committedAt).count()),
                {{"zone", zone.apex.text()}});
  out.gauge("holdfast_zone_good_generation", "Newest last-known-good generation; 0 while there is none.");
  for (const ZoneStatus& zone : zones)
    out.value(zone.good.empty() ? 0 : number(zone.good.front()), {{"zone", zone.apex.text()}});
  out.gauge("holdfast_zone_names", "Names of the zone, empty non-terminals included.");
  for (const ZoneStatus& zone : zones) out.value(number(zone.names), {{"zone", zone.apex.text()}});
  out.gauge("holdfast_zone_limit", "Numbers of the zone's configuration by key, below zones.NAME.");
  for (const ZoneStatus& zone : zones)
    out.value(number(zone.maxNames), {{"zone", zone.apex.text()}, {"key", "guard.max-names"}});
  out.gauge("holdfast_zone_records", "Records of the zone.");
  for (const ZoneStatus& zone : zones) out.value(number(zone.facts.records), {{"zone", zone.apex.text()}});
  out.gauge("holdfast_zone_endpoints", "Names with targets.");
  for (const ZoneStatus& zone : zones) out.value(number(zone.facts.endpoints), {{"zone", zone.apex.text()}});
  out.gauge("holdfast_zone_frozen", "1 while automation is stopped for the zone.");
  for (const ZoneStatus& zone : zones) out.value(zone.frozen ? 1 : 0, {{"zone", zone.apex.text()}});
  out.counter("holdfast_plans_published_total", "Plans published since the start.");
  for (const ZoneStatus& zone : zones) out.value(number(zone.published), {{"zone", zone.apex.text()}});
  out.counter("holdfast_plan_warnings_total", "Warnings about published plans since the start.");
  for (const ZoneStatus& zone : zones) out.value(number(zone.warnings), {{"zone", zone.apex.text()}});
  out.counter("holdfast_quarantined_endpoints_total",
              "Endpoints that published plans left as they were since the start, as the guard refused them.");
  for (const ZoneStatus& zone : zones) out.value(number(zone.quarantined), {{"zone", zone.apex.text()}});
  out.counter("holdfast_plans_refused_total", "Findings that refused plans since the start, by rule.");
  for (const ZoneStatus& zone : zones)
    for (std::size_t rule = 0; rule < kRules; ++rule)
      out.value(number(zone.refusals[rule]),
                {{"zone", zone.apex.text()}, {"rule", std::string(toText(static_cast<Rule>(rule)))}});
}

void addPublisher(MetricFamilies& out, const Publisher& publisher) {
  const Publisher::SwapStats& swaps = publisher.swapStats();
  const ReclaimStats& reclaim = publisher.reclaimStats();
  out.counter("holdfast_swaps_total", "Snapshots published.").value(number(swaps.swaps.load()));
  out.counter("holdfast_swap_seconds_total",
              "Time from durable in the plan store to what queries get, all swaps together.")
      .value(seconds(swaps.micros.load()));
  out.gauge("holdfast_swap_seconds_max",
            "Time from durable in the plan store to what queries get, the longest swap.")
      .value(seconds(swaps.longestMicros.load()));
  // Reclaimed first: it never overtakes what was retired before it was read.
  const std::uint64_t reclaimed = reclaim.reclaimed.load(), retired = reclaim.retired.load();
  out.counter("holdfast_reclaimed_total", "Old snapshots reclaimed.").value(number(reclaimed));
  out.counter("holdfast_reclaim_wait_seconds_total", "Time old snapshots waited for their grace period.")
      .value(seconds(reclaim.waitedMicros.load()));
  out.gauge("holdfast_reclaim_wait_seconds_max", "The longest such wait.")
      .value(seconds(reclaim.longestMicros.load()));
  out.gauge("holdfast_reclaim_pending", "Old snapshots waiting for their grace period now.")
      .value(number(retired - reclaimed));
}

void addStore(MetricFamilies& out, const StoreStats& store, const UpkeepStats& upkeep) {
  out.gauge("holdfast_store_octets",
            "Size of the plan store; of which its log, and what is free to be used again.")
      .value(number(store.octets), {{"part", "all"}})
      .value(number(store.walOctets), {{"part", "log"}})
      .value(number(store.freeOctets), {{"part", "free"}});
  out.gauge("holdfast_history_entries", "Lines of all histories.").value(number(store.entries));
  out.gauge("holdfast_store_read_only", "1 while the plan store cannot be written: nothing can be published.")
      .value(store.readOnly ? 1 : 0);
  out.counter("holdfast_store_failures_total", "Writes to the plan store that failed.")
      .value(number(store.failures));
  out.counter("holdfast_store_rebuilds_total", "How often a lost or damaged plan store was made anew.")
      .value(number(store.rebuilds));
  out.counter("holdfast_images_total",
              "Images of zones: written, failed to be written, used by the start, refused by it.")
      .value(number(store.imagesWritten), {{"event", "written"}})
      .value(number(store.imageFailures), {{"event", "failed"}})
      .value(number(store.imagesUsed), {{"event", "used"}})
      .value(number(store.imagesRefused), {{"event", "refused"}});
  out.gauge("holdfast_image_octets", "Size of the images of all zones.").value(number(store.imageOctets));
  out.counter("holdfast_history_removed_total", "Lines that clean-up removed from the history.")
      .value(number(upkeep.commitsRemoved), {{"kind", "commits"}})
      .value(number(upkeep.othersRemoved), {{"kind", "others"}});
  out.counter("holdfast_good_promoted_total", "Generations that became last-known-good.")
      .value(number(upkeep.promoted));
  out.counter("holdfast_upkeep_failures_total", "Rounds of upkeep of the plan store that had a problem.")
      .value(number(upkeep.failures));
  out.gauge("holdfast_huge_page_octets",
            "Memory in huge pages, when upkeep last looked; 0 with huge-pages off, or "
            "where the system has none.")
      .value(number(upkeep.hugePageOctets));
  out.gauge("holdfast_upkeep_last_timestamp_seconds", "When upkeep of the plan store last ran.")
      .value(sinceEpoch(upkeep.lastRun));
}

void addReloads(MetricFamilies& out, const ReloadStats& reloads) {
  out.counter("holdfast_reloads_total",
              "Orders to read the configuration again: applied, or refused and nothing was changed.")
      .value(number(reloads.applied), {{"result", "applied"}})
      .value(number(reloads.refused), {{"result", "refused"}});
}

void addControl(MetricFamilies& out, const ControlStats& control, const HttpStats& connections) {
  out.gauge("holdfast_submissions_waiting", "Plans at the control API that wait for a thread.")
      .value(number(control.submissions.waiting));
  out.gauge("holdfast_submissions_running", "Plans at the control API that are compiled or judged now.")
      .value(number(control.submissions.running));
  out.counter("holdfast_submissions_turned_away_total",
              "Plans answered with 503, as too many of the zone or of all zones waited.")
      .value(number(control.submissions.turnedAway));
  out.gauge("holdfast_reads_waiting",
            "Requests at the control API, other than plans, that wait for a thread.")
      .value(number(control.reads.waiting));
  out.gauge("holdfast_reads_running",
            "Requests at the control API, other than plans, that are worked on now.")
      .value(number(control.reads.running));
  out.counter("holdfast_reads_turned_away_total",
              "Requests other than plans answered with 503, as too many of the zone or in all waited.")
      .value(number(control.reads.turnedAway));
  out.gauge("holdfast_control_connections", "Connections to the control API open now.")
      .value(number(connections.open));
  out.counter("holdfast_control_connections_turned_away_total",
              "Connections to the control API that were one too many.")
      .value(number(connections.turnedAway));
  out.counter("holdfast_control_bodies_too_large_total",
              "Requests to the control API answered with 413, as their body was over limits.plan-bytes.")
      .value(number(connections.tooLarge));
}

void addScrapes(MetricFamilies& out, const HttpStats& connections) {
  out.gauge("holdfast_metrics_connections", "Connections to the metrics open now.")
      .value(number(connections.open));
  out.counter("holdfast_metrics_connections_turned_away_total",
              "Connections to the metrics that were one too many.")
      .value(number(connections.turnedAway));
}

void addEnactors(MetricFamilies& out, const std::vector<EnactorHealth>& enactors) {
  out.gauge("holdfast_enactor_healthy", "1 while the Enactor reads its source.");
  for (const EnactorHealth& enactor : enactors)
    out.value(enactor.healthy ? 1 : 0, {{"zone", enactor.zone.text()}, {"enactor", enactor.name}});
  out.counter("holdfast_enactor_plans_total", "Plans of the Enactor, by what became of them.");
  for (const EnactorHealth& enactor : enactors) {
    const std::string zone = enactor.zone.text();
    out.value(number(enactor.submitted),
              {{"zone", zone}, {"enactor", enactor.name}, {"outcome", "submitted"}});
    out.value(number(enactor.published),
              {{"zone", zone}, {"enactor", enactor.name}, {"outcome", "published"}});
    out.value(number(enactor.refused), {{"zone", zone}, {"enactor", enactor.name}, {"outcome", "refused"}});
    out.value(number(enactor.superseded),
              {{"zone", zone}, {"enactor", enactor.name}, {"outcome", "superseded"}});
    out.value(number(enactor.failed), {{"zone", zone}, {"enactor", enactor.name}, {"outcome", "failed"}});
  }
  out.gauge("holdfast_enactor_state", "1 for the state that the Enactor is in.");
  for (const EnactorHealth& enactor : enactors)
    for (std::size_t state = 0; state < kEnactorStates; ++state) {
      const auto each = static_cast<EnactorState>(state);
      out.value(
          enactor.state == each ? 1 : 0,
          {{"zone", enactor.zone.text()}, {"enactor", enactor.name}, {"state", std::string(toText(each))}});
    }
  out.counter(
      "holdfast_enactor_throttled_total",
      "Submissions that had to wait for their turn or were turned away, and lines kept out of the log.");
  for (const EnactorHealth& enactor : enactors) {
    const std::string zone = enactor.zone.text();
    out.value(number(enactor.throttled), {{"zone", zone}, {"enactor", enactor.name}, {"what", "submission"}});
    out.value(number(enactor.linesDropped),
              {{"zone", zone}, {"enactor", enactor.name}, {"what", "log-line"}});
  }
  out.counter("holdfast_enactor_crashes_total",
              "Exceptions that ended a thread of the plugin's own, by Enactors of that plugin.");
  for (const EnactorHealth& enactor : enactors)
    out.value(number(enactor.crashes), {{"zone", enactor.zone.text()}, {"enactor", enactor.name}});
  out.gauge("holdfast_enactor_last_outcome_timestamp_seconds",
            "When the Enactor's last submission ended, in seconds since the epoch.");
  for (const EnactorHealth& enactor : enactors)
    if (enactor.lastAt)
      out.value(sinceEpoch(*enactor.lastAt), {{"zone", enactor.zone.text()}, {"enactor", enactor.name}});
}

void addMemory(MetricFamilies& out) {
  const auto heap = mallinfo2();
  out.gauge("holdfast_heap_octets",
            "Memory of malloc, by whether it is in use. What is free is given back from some megabytes on.");
  out.value(number(heap.uordblks + heap.hblkhd), {{"state", "used"}});
  out.value(number(heap.fordblks), {{"state", "free"}});
}

}  // namespace

ServerCounts countsOf(std::span<const WorkerCounters> workers, const Publisher& publisher) {
  ServerCounts counts;
  for (const WorkerCounters& worker : workers)
    for (const WorkerCounters::PerTransport& transport : worker.transports) {
      counts.queries += transport.queries.value();
      for (const Counter& responses : transport.responses) counts.responses += responses.value();
    }
  const Publisher::SwapStats& swaps = publisher.swapStats();
  counts.swaps = swaps.swaps.load();
  counts.swapMicros = swaps.micros.load();
  counts.longestSwapMicros = swaps.longestMicros.load();
  const ReclaimStats& reclaim = publisher.reclaimStats();
  const std::uint64_t reclaimed = reclaim.reclaimed.load();
  counts.reclaimsPending = reclaim.retired.load() - reclaimed;
  return counts;
}

std::string metricsText(const MetricsSources& sources, WallTime now) {
  MetricFamilies out;
  out.gauge("holdfast_build_info", "Always 1; the label tells the version.")
      .value(1, {{"version", HOLDFAST_VERSION}});
  out.gauge("process_start_time_seconds", "When the server started, in seconds since the epoch.")
      .value(sinceEpoch(sources.startedAt));
  out.gauge("holdfast_limit", "Numbers of the configuration by key; octets, seconds or a count.");
  for (const auto& [key, value] : sources.limits) out.value(value, {{"key", key}});
  addMemory(out);
  addReloads(out, sources.reloads);
  addControl(out, sources.control, sources.connections);
  addScrapes(out, sources.scrapes);
  addQueries(out, sources.workers);
  addMessages(out, sources.workers);
  addConnections(out, sources.workers);
  addZones(out, sources.publisher, now);
  addPublisher(out, sources.publisher);
  addStore(out, sources.publisher.storeStats(), sources.upkeep);
  addEnactors(out, sources.enactors);
  // A family without a value would be a HELP and TYPE about nothing, which is legal.
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, out.families());
  return text.str();
}

}  // namespace holdfast
