#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugin/host.h"
#include "server/config.h"
#include "server/control.h"
#include "server/event_handles.h"
#include "server/http.h"
#include "server/log.h"
#include "server/loop_queue.h"
#include "server/metrics.h"
#include "server/metrics_page.h"
#include "server/upkeep.h"
#include "server/workers.h"
#include "zone/intake.h"
#include "zone/rcu.h"

namespace holdfast {

/// The server as one object: starts everything in order, runs the main loop, stops everything in the reverse
/// order. One per process, because it handles the process's signals. All calls from the main thread.
class Daemon {
 public:
  /// `file` is where SIGHUP reads the configuration again; empty when there is none. The Error says what to
  /// do next. `log` outlives the daemon.
  static Result<std::unique_ptr<Daemon>> start(const Config& config, std::string file, Log& log);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Serves until SIGTERM or SIGINT, then drains. SIGHUP reloads. Returns how many Enactors hang and were
  /// given up: their threads still run.
  std::size_t run();

 private:
  Daemon(const Config& config, std::string file, Log& log);
  Status openStore();
  Status startWorkers();
  Status replayPast();
  Status startUpkeep();
  Status startControl();
  Status startMetrics();
  Status watchSignals();
  void tellLoadProblems(const std::vector<Error>& problems);
  void onStop();
  void stop();
  void runLoopUntilAnswered();
  MetricsPage::Render prepareMetrics() const;
  // daemon_live.cc: what SIGHUP may change.
  Status applyZones(const LiveConfig& live);
  void tellIdleFloors(const Name& zone);
  void applyEnactors(const LiveConfig& live);
  Keeping keeping() const;
  HttpSettings controlSettings() const;
  HttpSettings metricsSettings() const;
  void onReload();
  bool reload();

  std::vector<std::string> listening() const;
  void tellReady() const;
  void notifyReady() const;

  // Each uses only what stands above it.
  Log& log_;
  const std::string file_;
  Config config_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const WallTime startedAt_;
  RcuThread rcu_;
  EventBasePtr base_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<EnactorHost> enactors_;
  std::unique_ptr<LoopQueue> queue_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<HttpServer> controlServer_;
  std::unique_ptr<MetricsPage> metricsPage_;
  std::unique_ptr<HttpServer> metricsServer_;
  std::vector<EventPtr> signals_;
  ReloadStats reloads_;
  std::size_t hangingEnactors_ = 0;
};

}  // namespace holdfast
