#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/api_json.h"
#include "server/http.h"
#include "server/log.h"
#include "server/loop_queue.h"
#include "server/request_limits.h"
#include "server/routes.h"
#include "server/work_pool.h"
#include "zone/intake.h"

namespace holdfast {

/// Of the requests of one kind.
struct RequestCounts {
  std::uint64_t waiting = 0, running = 0;
  std::uint64_t turnedAway = 0;  ///< since start, as too many waited
};

/// What the control API counts of itself.
struct ControlStats {
  RequestCounts submissions;
  RequestCounts reads;  ///< all others
};

/// The routes of the control API (docs/control-api.md). handle() and the destructor belong to the loop
/// thread. Nothing is done on it but finding the route. What compiles or judges runs in a pool where zones
/// take turns, and what reads the publisher or the store in another, so that neither a slow plan nor many of
/// them keep another zone's plans, or the status, waiting (I10).
class Control {
 public:
  using Enactors = std::function<std::vector<EnactorHealth>()>;
  using Counts = std::function<ServerCounts()>;
  using Clock = Publisher::Clock;

  struct Settings {
    RequestLimits submissions = kSubmissionLimits;
    RequestLimits reads = kReadLimits;
    ServerFacts facts;
    Counts counts = {};  ///< called from any thread; none: zeros
    std::string spool;   ///< the directory where large plans are kept while they come in
    /// Held, beyond which none is added.
    std::size_t mostZones = std::numeric_limits<std::size_t>::max();
    /// Remembered, beyond which none is added that was never held.
    std::size_t mostZonesRemoved = std::numeric_limits<std::size_t>::max();
  };

  /// All referenced objects outlive this one. `enactors` may be called from any thread.
  Control(const Intake& intake, Enactors enactors, LoopQueue& loop, Log& log, Clock clock, Settings settings);
  ~Control();

  void handle(HttpRequest request, std::shared_ptr<HttpReply> reply);
  /// Who takes the body of a request as it comes: a plan's reader, somebody who drops what can be no plan, or
  /// nobody where a plan has to be kept in memory.
  std::unique_ptr<BodySink> sinkOf(const HttpStart& start) const;
  /// For submissions from now on.
  void setSubmissionsWaiting(std::size_t perZone, std::size_t all) { submitters_.setWaiting(perZone, all); }
  /// For other requests from now on.
  void setReadsWaiting(std::size_t perZone, std::size_t all) { readers_.setWaiting(perZone, all); }
  /// For zones from now on.
  void setMostZones(std::size_t held, std::size_t removed) noexcept {
    mostZones_.store(held);
    mostZonesRemoved_.store(removed);
  }
  /// Finishes what runs, answers 503 to what waits. Loop thread; run the loop a little for the answers.
  void stop();
  /// Any thread.
  ControlStats stats() const;

 private:
  struct Call;
  HttpResponse perform(const Route& route, Call& call);
  // control_plans.cc: what makes a plan of a request.
  HttpResponse submit(const Route& route, Call& call);
  HttpResponse rollback(const Route& route, const Call& call);
  HttpResponse preview(const Route& route, Call& call);
  Result<Document> documentOf(const Route& route, const Call& call) const;
  Result<Rollback> rollbackOf(const Route& route, const Call& call) const;
  HttpResponse concluded(const Result<Outcome>& outcome, const Asked& asked, const Call& call);
  void logOutcome(const Outcome& outcome, const Asked& asked, const std::string& who);
  // control_reading.cc: what only looks.
  HttpResponse status();
  HttpResponse history(const Route& route);
  HttpResponse plan(const Route& route, const Call& call);
  HttpResponse diff(const Route& route);
  HttpResponse explained(const Route& route, const Call& call);
  HttpResponse verify(const Route& route);
  Result<std::shared_ptr<const Zone>> contentAt(NameView zone, Generation generation) const;
  Result<Generation> generationBefore(NameView zone, Generation generation) const;

  HttpResponse zone(const Route& route, const Call& call);
  Status add(NameView zone, const std::string& peer);
  HttpResponse freeze(const Route& route, const Call& call);
  void answer(const std::shared_ptr<Call>& call, HttpResponse response);
  void logRequest(const Call& call, int status);

  const Intake& intake_;
  Publisher& publisher_;
  const Enactors enactors_;
  LoopQueue& loop_;
  Log& log_;
  const Clock clock_;
  const ServerFacts facts_;
  const Counts counts_;
  const Receptions receptions_;
  std::atomic<std::size_t> mostZones_, mostZonesRemoved_;
  WorkPool submitters_;
  WorkPool readers_;
};

/// Writes a refusal as one line per reason: zone, name, type, rule, observed, limit (I12).
void logRefusal(Log& log, NameView zone, const std::string& who, const Outcome& outcome);

}  // namespace holdfast
