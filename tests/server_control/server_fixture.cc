#include "tests/server_control/server_fixture.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>

namespace holdfast {

TemporaryDirectory::TemporaryDirectory() : path_("/tmp/holdfast-test-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) FAIL("no temporary directory");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code problem;
  std::filesystem::remove_all(path_, problem);
}

LoopThread::LoopThread() : base_(event_base_new()) {
  std::signal(SIGPIPE, SIG_IGN);
  auto queue = LoopQueue::open(base_.get());
  REQUIRE(queue);
  queue_ = *std::move(queue);
}

void LoopThread::start() {
  thread_ = std::thread([this] { event_base_dispatch(base_.get()); });
}

void LoopThread::stop() {
  if (!thread_.joinable()) return;
  queue_->post([this] { event_base_loopbreak(base_.get()); });
  thread_.join();
}

ServerFixture::ServerFixture(HttpSettings settings, RequestLimits submissions, PlanLimits limits,
                             Control::Counts counts)
    : socket_(directory_.path() + "/run/control.sock"), log_(LogFormat::Json, LogLevel::Debug, logged_) {
  auto store = openSqliteStore(directory_.path());
  REQUIRE(store);
  auto publisher = Publisher::open(*std::move(store), wallClock);
  REQUIRE(publisher);
  publisher_ = *std::move(publisher);
  intake_ = std::make_unique<Intake>(*publisher_, limits);
  Control::Settings control;
  control.submissions = submissions;
  control.facts = {std::chrono::steady_clock::now(), {"127.0.0.1:5300"}};
  control.spool = directory_.path();
  control.counts = std::move(counts);
  control_ = std::make_unique<Control>(
      *intake_,
      [] {
        return std::vector<EnactorHealth>{{Name(), "watch:/x", true, "idle", 3, 2, 1}};
      },
      loop_.queue(), log_, wallClock, std::move(control));
  auto server =
      HttpServer::onUnixSocket(loop_.base(), socket_, std::move(settings),
                               {[this](HttpRequest request, std::shared_ptr<HttpReply> reply) {
                                  control_->handle(std::move(request), std::move(reply));
                                },
                                [this](const std::string& peer, int status) {
                                  log_.info("request turned away", {{"caller", peer}, {"status", status}});
                                },
                                [this](const HttpStart& start) { return control_->sinkOf(start); }});
  REQUIRE(server);
  server_ = *std::move(server);
  loop_.start();
}

ServerFixture::~ServerFixture() {
  stop();
  intake_.reset();
  RcuRetired::drain();
  publisher_.reset();
}

void ServerFixture::stop() {
  loop_.stop();
  if (control_) control_->stop();
  server_.reset();
  control_.reset();
}

std::string ServerFixture::log() {
  stop();
  return logged_.str();
}

HttpStats ServerFixture::connections() {
  std::promise<HttpStats> stats;
  loop_.queue().post([&] { stats.set_value(server_->stats()); });
  return stats.get_future().get();
}

HttpAnswer ServerFixture::request(const std::string& method, const std::string& target,
                                  const std::string& headers, const std::string& body) const {
  return httpRequest(socket_, method, target, headers, body);
}

nlohmann::json ServerFixture::submit(const std::string& zone, const std::string& body, int status,
                                     const std::string& query) const {
  const HttpAnswer answer = request("POST", "/v1/zones/" + zone + "/plans" + query,
                                    "Content-Type: application/json; charset=utf-8\r\n", body);
  CAPTURE(answer.body);
  CHECK(answer.status == status);
  CHECK_THAT(answer.head, Catch::Contains("Content-Type: application/json\r\n"));
  return nlohmann::json::parse(answer.body);
}

nlohmann::json ServerFixture::get(const std::string& target, int status) const {
  const HttpAnswer answer = request("GET", target);
  CAPTURE(answer.body);
  CHECK(answer.status == status);
  return nlohmann::json::parse(answer.body);
}

std::string samplePlan(unsigned generation, unsigned targets) {
  nlohmann::json plan = {
      {"plan", 1},      {"zone", "example.net."}, {"generation", generation},
      {"kind", "full"}, {"source", "test"},       {"records", {"@ 60 IN NS ns1", "ns1 60 IN A 192.0.2.1"}}};
  nlohmann::json list = nlohmann::json::array();
  for (unsigned i = 0; i < targets; ++i)
    list.push_back({{"id", "lb-" + std::to_string(i)},
                    {"address", "192.0." + std::to_string(2 + i / 250) + "." + std::to_string(1 + i % 250)},
                    {"weight", 10}});
  plan["endpoints"]["api"] = {{"ttl", 5}, {"targets", list}};
  return plan.dump();
}

}  // namespace holdfast
