#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "plugin/module.h"

namespace holdfast {

/// One running Enactor: the plugin's instance, what the plugin sees of the server, and the count of what it
/// did. Made, started and destroyed by the host's thread; health() and all that the plugin calls: any thread.
class EnactorHost::Instance {
 public:
  /// `intake` and `log` outlive it. `log` is called from any thread.
  Instance(const Intake& intake, const Log& log, Name zone, EnactorSpec spec,
           std::shared_ptr<const Module> module);
  ~Instance();  ///< stops what runs, frees the plugin's instance
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Creates and starts the plugin's instance.
  Status start();

  const Name& zone() const noexcept { return zone_; }
  const EnactorSpec& spec() const noexcept { return spec_; }
  EnactorHealth health() const;
  static std::string nameOf(const EnactorSpec& spec) { return spec.kind + ":" + spec.argument; }

 private:
  holdfast_host hostTable() noexcept;
  static Instance& of(const holdfast_host* host) noexcept { return *static_cast<Instance*>(host->context); }

  Result<Outcome> submit(const holdfast_document& document);
  void unreadable(std::string where, std::string what);
  void report(bool healthy, std::string detail);
  void say(LogLevel level, std::string_view text) const noexcept;
  void logOutcome(const Outcome& outcome) const;
  void logUnrecorded(const Outcome& outcome) const;

  // Constant after construction.
  const Intake& intake_;
  const Log& log_;
  const Name zone_;
  const std::string zoneText_;
  const EnactorSpec spec_;
  const std::string name_;
  const Caller caller_;
  const std::shared_ptr<const Module> module_;
  const holdfast_host host_;

  // Of the host's thread.
  holdfast_enactor* enactor_ = nullptr;
  bool started_ = false;

  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // guards health_
  EnactorHealth health_;
};

}  // namespace holdfast
