#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/api_json.h"
#include "server/http.h"
#include "server/log.h"
#include "server/loop_queue.h"
#include "server/routes.h"
#include "server/work_pool.h"
#include "zone/intake.h"

namespace holdfast {

/// The routes of the control API (docs/control-api.md). handle() and the destructor belong to the loop
/// thread. Nothing is done on it but finding the route: plans are judged by a small pool of their own, and
/// what reads the publisher or the store by another, so that status is told while a plan compiles.
class Control {
 public:
  using Enactors = std::function<std::vector<EnactorHealth>()>;
  using Clock = Publisher::Clock;

  struct Settings {
    std::size_t submissionsWaiting = 16;
    ServerFacts facts;
  };

  /// All referenced objects outlive this one. `enactors` may be called from any thread.
  Control(const Intake& intake, Enactors enactors, LoopQueue& loop, Log& log, Clock clock, Settings settings);
  ~Control();

  void handle(HttpRequest request, std::shared_ptr<HttpReply> reply);
  /// For submissions from now on.
  void setSubmissionsWaiting(std::size_t waiting) { submitters_.setWaiting(waiting); }
  /// Finishes what runs, answers 503 to what waits. Loop thread; run the loop a little for the answers.
  void stop();
  std::size_t submissionsWaiting() const { return submitters_.waiting(); }

 private:
  struct Call;
  HttpResponse perform(const Route& route, Call& call);
  HttpResponse submit(const Route& route, Call& call);
  HttpResponse zone(const Route& route, const Call& call);
  HttpResponse history(const Route& route);
  HttpResponse plan(const Route& route, const Call& call);
  HttpResponse freeze(const Route& route, const Call& call);
  Result<Document> documentOf(const Route& route, const Call& call) const;
  void logOutcome(const Outcome& outcome, const Document& document, int status);
  void answer(const std::shared_ptr<Call>& call, HttpResponse response);
  void logRequest(const Call& call, int status);

  const Intake& intake_;
  Publisher& publisher_;
  const Enactors enactors_;
  LoopQueue& loop_;
  Log& log_;
  const Clock clock_;
  const ServerFacts facts_;
  WorkPool submitters_;
  WorkPool readers_;
};

/// Writes a refusal as one line per reason: zone, name, type, rule, observed, limit (I12).
void logRefusal(Log& log, NameView zone, const std::string& who, const Outcome& outcome);

}  // namespace holdfast
