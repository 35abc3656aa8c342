#include "server/daemon.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#include <filesystem>
#include <system_error>
#include <thread>

#include "server/cookie_secrets.h"
#include "server/message_config.h"
#include "server/metrics.h"
#include "server/serve_settings.h"

namespace holdfast {

namespace {

constexpr std::chrono::milliseconds kDrainAtMost{5000};
constexpr std::chrono::milliseconds kAnswersAtMost{2000};

sigset_t handledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
  return set;
}

Status makeStateDirectory(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem)
    return Error{ErrorKind::System, path,
                 "cannot make the state directory: " + problem.message() + ": set state to one of your own"};
  return Done{};
}

StoreOptions storeOptions(const StartConfig& config) {
  StoreOptions options;
  options.images.leastNames = config.imageNames;
  options.images.changes = config.imageChanges;
  options.images.pause = config.imagePause;
  options.images.after = config.imageAfter;
  options.images.diskReserve = config.imageDiskReserve;
  return options;
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : " ") + item;
  return out;
}

}  // namespace

Daemon::Daemon(const Config& config, std::string file, Log& log)
    : log_(log), file_(std::move(file)), config_(config), startedAt_(wallClock()) {}

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config, std::string file, Log& log) {
  // Threads made from here on leave the signals to the main thread; a client that goes away is an EPIPE.
  const sigset_t handled = handledSignals();
  pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  signal(SIGPIPE, SIG_IGN);
  startReclaimer();

  std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(file), log));
  daemon->base_.reset(event_base_new());
  if (daemon->base_ == nullptr) return Error{ErrorKind::System, "libevent", "cannot make an event loop"};
  using Step = Status (Daemon::*)();
  // Answers come first. Plans can come when the past they are judged by is known.
  constexpr Step kSteps[] = {&Daemon::openStore,   &Daemon::startWorkers, &Daemon::replayPast,
                             &Daemon::startUpkeep, &Daemon::startControl, &Daemon::startMetrics,
                             &Daemon::watchSignals};
  for (const Step step : kSteps)
    if (auto done = (daemon.get()->*step)(); !done) return done.error();
  daemon->applyEnactors(daemon->config_.live);
  daemon->tellReady();
  return daemon;
}

Daemon::~Daemon() {
  stop();
}

Status Daemon::openStore() {
  if (auto made = makeStateDirectory(config_.start.state); !made) return made.error();
  auto store = openSqliteStore(config_.start.state, storeOptions(config_.start));
  if (!store) return store.error();
  auto publisher = Publisher::openServing(*std::move(store), wallClock);
  if (!publisher) return publisher.error();
  publisher_ = *std::move(publisher);
  tellLoadProblems(publisher_->loadProblems());
  PlanLimits limits;
  limits.records = config_.start.planRecords;
  limits.targets = config_.start.targetsPerEndpoint;
  limits.pick = static_cast<std::uint16_t>(config_.start.pick);
  intake_ = std::make_unique<Intake>(*publisher_, limits);
  return applyZones(config_.live);
}

void Daemon::tellLoadProblems(const std::vector<Error>& problems) {
  for (const Error& problem : problems)
    log_.error("plan store: not everything could be loaded",
               {{"where", problem.where}, {"cause", problem.what}});
}

Status Daemon::replayPast() {
  tellLoadProblems(publisher_->replayPast());
  return Done{};
}

Status Daemon::startWorkers() {
  ServeSettings settings = serveSettingsOf(config_.start);
  auto messages = messageSettings(config_.start);
  if (!messages) return messages.error();
  settings.messages = *std::move(messages);
  const std::string& secrets = config_.start.cookieSecrets;
  if (settings.messages.cookies != CookieMode::Off && secrets != "random" && isReadByOthers(secrets))
    log_.warning("the cookie secrets can be read by others than the owner of the file",
                 {{"file", secrets}, {"next", "chmod 600 " + secrets}});
  const std::size_t http = config_.live.controlConnections +
                           (config_.start.metrics == "off" ? 0 : config_.live.metricsConnections);
  if (const std::size_t most = descriptorsForClients(settings, http); most < settings.tcp.connections) {
    log_.warning("the limit of open files allows fewer TCP connections than limits.tcp-connections",
                 {{"configured", settings.tcp.connections}, {"used", most}});
    settings.tcp.connections = most;
  }
  auto workers = Workers::start(settings, publisher_->snapshot());
  if (!workers) {
    Error problem = workers.error();
    problem.what += ": set listen to an address that is free and that this user may use";
    return problem;
  }
  workers_ = *std::move(workers);
  return Done{};
}

Status Daemon::startUpkeep() {
  HeapUpkeep heap(config_.start.hugePages == "auto");
  upkeep_ = std::make_unique<Upkeep>(*publisher_, log_, keeping(), std::move(heap));
  return Done{};
}

Status Daemon::startControl() {
  const auto enactorLog = [this](LogLevel level, std::string_view zone, std::string_view message) {
    if (zone.empty()) return log_.write(level, message, {});
    log_.write(level, message, {{"zone", zone}});
  };
  enactors_ =
      std::make_unique<EnactorHost>(*intake_, config_.start.plugins, enactorLog, config_.live.enactors);
  auto queue = LoopQueue::open(base_.get());
  if (!queue) return queue.error();
  queue_ = *std::move(queue);

  Control::Settings settings;
  settings.submissions = {config_.start.submissionsRunning, config_.start.submissionsRunningPerZone,
                          config_.live.submissionsWaiting, config_.live.submissionsWaitingTotal};
  settings.reads = {config_.start.readsRunning, config_.start.readsRunningPerZone, config_.live.readsWaiting,
                    config_.live.readsWaitingTotal};
  settings.facts = {started_, listening()};
  settings.spool = config_.start.state;
  settings.mostZones = config_.live.mostZones;
  settings.mostZonesRemoved = config_.live.mostZonesRemoved;
  settings.counts = [this] { return countsOf(workers_->counters(), *publisher_); };
  control_ = std::make_unique<Control>(
      *intake_, [this] { return enactors_->health(); }, *queue_, log_, wallClock, std::move(settings));
  auto server =
      HttpServer::onUnixSocket(base_.get(), config_.start.control, controlSettings(),
                               {[this](HttpRequest request, std::shared_ptr<HttpReply> reply) {
                                  control_->handle(std::move(request), std::move(reply));
                                },
                                [this](const std::string& peer, int status) {
                                  log_.info("request turned away", {{"caller", peer}, {"status", status}});
                                },
                                [this](const HttpStart& start) { return control_->sinkOf(start); }});
  if (!server) return server.error();
  controlServer_ = *std::move(server);
  return Done{};
}

MetricsPage::Render Daemon::prepareMetrics() const {
  // What a reload changes is copied here, on the main thread.
  return [this, limits = limitsOf(config_), connections = controlServer_->stats(),
          scrapes = metricsServer_->stats(), reloads = reloads_] {
    const MetricsSources sources{*publisher_,
                                 workers_->counters(),
                                 enactors_->health(),
                                 control_->stats(),
                                 connections,
                                 scrapes,
                                 startedAt_,
                                 limits,
                                 reloads,
                                 upkeep_->stats()};
    return metricsText(sources, wallClock());
  };
}

Status Daemon::startMetrics() {
  if (config_.start.metrics == "off") return Done{};
  auto address = SocketAddress::parse(config_.start.metrics);
  if (!address) return address.error();
  metricsPage_ = std::make_unique<MetricsPage>(*queue_, [this] { return prepareMetrics(); });
  auto server =
      HttpServer::onTcp(base_.get(), *address, metricsSettings(),
                        {[this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
                           metricsPage_->handle(request, reply);
                         },
                         [this](const std::string& peer, int status) {
                           log_.debug("scrape turned away", {{"caller", peer}, {"status", status}});
                         }});
  if (!server) {
    Error problem = server.error();
    problem.what += ": set metrics to another address, or to off";
    return problem;
  }
  metricsServer_ = *std::move(server);
  return Done{};
}

Status Daemon::watchSignals() {
  const int kSignal = EV_SIGNAL | EV_PERSIST;
  signals_.push_back(makeEvent<&Daemon::onStop>(base_.get(), SIGTERM, kSignal, this));
  signals_.push_back(makeEvent<&Daemon::onStop>(base_.get(), SIGINT, kSignal, this));
  signals_.push_back(makeEvent<&Daemon::onReload>(base_.get(), SIGHUP, kSignal, this));
  for (const EventPtr& each : signals_)
    if (each == nullptr || event_add(each.get(), nullptr) != 0)
      return Error{ErrorKind::System, "signals", "cannot be watched"};
  const sigset_t handled = handledSignals();
  pthread_sigmask(SIG_UNBLOCK, &handled, nullptr);
  return Done{};
}

std::vector<std::string> Daemon::listening() const {
  std::vector<std::string> texts;
  for (const SocketAddress& address : workers_->addresses()) texts.push_back(address.text());
  return texts;
}

void Daemon::tellReady() const {
  log_.info("ready", {{"version", HOLDFAST_VERSION},
                      {"listen", joined(listening())},
                      {"control", config_.start.control},
                      {"metrics", metricsServer_ ? metricsServer_->address() : "off"},
                      {"state", config_.start.state},
                      {"zones", publisher_->status().size()}});
  notifyReady();
}

/// systemd waits for it after a reload too, whatever came of that.
void Daemon::notifyReady() const {
  try {
    sd_notifyf(0, "READY=1\nSTATUS=%zu zones on %s", publisher_->status().size(),
               joined(listening()).c_str());
  } catch (const std::bad_alloc&) {
    sd_notify(0, "READY=1");
  }
}

std::size_t Daemon::run() {
  event_base_dispatch(base_.get());
  stop();
  log_.info("stopped");
  return hangingEnactors_;
}

void Daemon::onStop() {
  log_.info("stopping");
  event_base_loopbreak(base_.get());
}

void Daemon::runLoopUntilAnswered() {
  const auto until = std::chrono::steady_clock::now() + kAnswersAtMost;
  while (controlServer_->open() != 0 && std::chrono::steady_clock::now() < until) {
    event_base_loop(base_.get(), EVLOOP_NONBLOCK);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Daemon::stop() {
  if (publisher_ == nullptr) return;
  sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
  // A second signal finds the default action.
  signals_.clear();
  if (enactors_) hangingEnactors_ = enactors_->stop();
  if (controlServer_) {
    controlServer_->stopAccepting();
    control_->stop();
    runLoopUntilAnswered();
  }
  metricsServer_.reset();
  metricsPage_.reset();
  controlServer_.reset();
  control_.reset();
  queue_.reset();
  enactors_.reset();
  if (workers_) workers_->drain(kDrainAtMost);
  workers_.reset();
  upkeep_.reset();
  intake_.reset();
  RcuRetired::drain();
  publisher_.reset();
}

}  // namespace holdfast
