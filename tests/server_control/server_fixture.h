#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "server/control.h"
#include "server/event_handles.h"
#include "server/http.h"
#include "server/log.h"
#include "server/loop_queue.h"
#include "tests/server_control/http_client.h"
#include "zone/intake.h"

namespace holdfast {

/// A directory of its own under /tmp, gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// An event loop on a thread of its own.
class LoopThread {
 public:
  LoopThread();
  ~LoopThread() { stop(); }
  event_base* base() const noexcept { return base_.get(); }
  LoopQueue& queue() const noexcept { return *queue_; }
  void start();
  /// From here on the caller's thread counts as the loop's.
  void stop();

 private:
  EventBasePtr base_;
  std::unique_ptr<LoopQueue> queue_;
  std::thread thread_;
};

/// The control API over a Unix socket, with a real publisher and a real store, without workers.
class ServerFixture {
 public:
  explicit ServerFixture(HttpSettings settings = {64u << 20, "limits.plan-bytes", std::chrono::seconds(5)},
                         RequestLimits submissions = kSubmissionLimits, PlanLimits limits = {},
                         Control::Counts counts = {});
  ~ServerFixture();

  HttpAnswer request(const std::string& method, const std::string& target, const std::string& headers = "",
                     const std::string& body = "") const;
  /// Submits JSON to a zone; the answer's body as a document.
  nlohmann::json submit(const std::string& zone, const std::string& body, int status,
                        const std::string& query = "") const;
  nlohmann::json get(const std::string& target, int status = 200) const;
  /// As the server's loop sees them. REQUIRES: log() was not called.
  HttpStats connections();
  const std::string& socket() const noexcept { return socket_; }
  Publisher& publisher() noexcept { return *publisher_; }
  /// What was logged. Ends the server.
  std::string log();

 private:
  void stop();

  TemporaryDirectory directory_;
  std::string socket_;
  std::ostringstream logged_;
  Log log_;
  RcuThread rcu_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Intake> intake_;
  LoopThread loop_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<HttpServer> server_;
};

/// A full plan for example.net with `targets` targets at "api".
std::string samplePlan(unsigned generation, unsigned targets);

}  // namespace holdfast
