// What Daemon does with the part of the configuration that SIGHUP may change, at the start and then.
#include <systemd/sd-daemon.h>
#include <time.h>

#include <algorithm>

#include "server/daemon.h"

namespace holdfast {

Keeping Daemon::keeping() const {
  const LiveConfig& live = config_.live;
  Keeping keeping;
  keeping.history.commits = live.historyKeep;
  keeping.history.most = live.historyMax;
  keeping.history.age = std::chrono::duration_cast<std::chrono::seconds>(live.historyFor);
  keeping.history.others = live.historyRefusals;
  keeping.goodAfter = live.goodAfter;
  keeping.goodKept = live.goodKeep;
  return keeping;
}

HttpSettings Daemon::controlSettings() const {
  return {config_.live.planBytes, "limits.plan-bytes", config_.live.requestTimeout,
          config_.live.controlConnections, "limits.control-connections"};
}

HttpSettings Daemon::metricsSettings() const {
  return {1024, "the limit of this page", config_.live.requestTimeout, config_.live.metricsConnections,
          "limits.metrics-connections"};
}

Status Daemon::applyZones(const LiveConfig& live) {
  publisher_->setServerVelocity(live.serverVelocity);
  publisher_->setListed(live.reasons, live.warnings);
  for (const auto& [name, zone] : live.zones) {
    publisher_->setPolicy(name, zone.guard);
    if (publisher_->wasRemoved(name)) {
      log_.warning("zone of the configuration was removed on purpose: not served until it is added again",
                   {{"zone", name.text()}, {"next", "PUT /v1/zones/" + name.text() + ", then SIGHUP"}});
      continue;
    }
    if (!publisher_->hasZone(name)) {
      // Without a plan store that can be written the zones that are held are served all the same (I8).
      if (auto added = publisher_->addZone(name, {"configuration"}); !added)
        log_.error("zone of the configuration could not be added",
                   {{"zone", name.text()}, {"cause", added.error().text()}, {"next", "SIGHUP tries again"}});
      else
        log_.info("zone added", {{"zone", name.text()}, {"caller", "configuration"}});
    }
    tellIdleFloors(name);
  }
  return Done{};
}

/// A floor for a name that is misspelt guards nothing.
void Daemon::tellIdleFloors(const Name& zone) {
  constexpr std::size_t kTold = 10;
  const auto status = publisher_->status(zone);
  if (!status || status->idleFloors.empty()) return;
  const std::vector<Name>& idle = status->idleFloors;
  const std::string text = zone.text();
  const std::string key =
      "zones." + text.substr(0, text.size() - 1) + ".guard.endpoints";  // as it is written
  for (std::size_t i = 0; i < std::min(idle.size(), kTold); ++i)
    log_.warning("a floor is configured for a name that the zone does not have",
                 {{"zone", zone.text()}, {"name", idle[i].text()}, {"key", key}});
  if (idle.size() > kTold)
    log_.warning("further floors are configured for names that the zone does not have",
                 {{"zone", zone.text()}, {"not_logged", idle.size() - kTold}});
}

void Daemon::applyEnactors(const LiveConfig& live) {
  std::map<Name, std::vector<EnactorSpec>> wanted;
  for (const auto& [name, zone] : live.zones)
    if (!zone.enactors.empty() && publisher_->hasZone(name)) wanted[name] = zone.enactors;
  enactors_->setLimits(live.enactors);
  enactors_->reconcile(std::move(wanted));
}

void Daemon::onReload() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", now.tv_sec * 1'000'000LL + now.tv_nsec / 1000);
  bool applied = false;
  try {
    applied = reload();
  } catch (const std::bad_alloc&) {  // which must not end what answers (I8)
    log_.error("reload: there was not enough memory for all of it: reload again");
  }
  ++(applied ? reloads_.applied : reloads_.refused);
  notifyReady();
}

/// False where nothing was changed.
bool Daemon::reload() {
  if (file_.empty()) {
    log_.warning("reload: there is no configuration file to read again");
    return false;
  }
  LoadedConfig loaded = loadConfig(file_);
  for (const Error& problem : loaded.errors)
    log_.error("reload: the configuration is not valid, nothing was changed",
               {{"where", problem.where}, {"cause", problem.what}});
  if (!loaded.errors.empty()) return false;
  for (const std::string& key : needRestart(config_, loaded.config))
    log_.warning("reload: a changed key needs a restart", {{"key", key}});
  for (const auto& [name, zone] : config_.live.zones)
    if (!loaded.config.live.zones.contains(name))
      log_.warning("reload: zone left the configuration; it is still served, only its Enactors stop",
                   {{"zone", name.text()}, {"next", "DELETE /v1/zones/" + name.text() + " removes it"}});
  config_.live = std::move(loaded.config.live);
  log_.setLevel(logLevelOf(config_.live.logLevel));
  control_->setSubmissionsWaiting(config_.live.submissionsWaiting, config_.live.submissionsWaitingTotal);
  control_->setReadsWaiting(config_.live.readsWaiting, config_.live.readsWaitingTotal);
  control_->setMostZones(config_.live.mostZones, config_.live.mostZonesRemoved);
  upkeep_->setKeeping(keeping());
  controlServer_->setSettings(controlSettings());
  if (metricsServer_) metricsServer_->setSettings(metricsSettings());
  if (auto applied = applyZones(config_.live); !applied)
    log_.error("reload: a zone could not be added", {{"cause", applied.error().text()}});
  applyEnactors(config_.live);
  log_.info("reloaded", {{"file", file_}, {"zones", config_.live.zones.size()}});
  return true;
}

}  // namespace holdfast
