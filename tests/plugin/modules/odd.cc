// A plugin that does what its argument says, most of it against the contract.
#include <pthread.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
  const holdfast_host* host;
  std::string argument;
};

namespace {

/// Submits from the server's own thread, which the contract allows.
void submitNow(const holdfast_host* host, const std::string& body) {
  holdfast_document document{};
  document.size = sizeof document;
  document.format = HOLDFAST_FORMAT_JSON;
  document.body = body.data();
  document.body_size = body.size();
  holdfast_outcome outcome{};
  outcome.size = sizeof outcome;
  host->submit(host, &document, &outcome);
  host->health(host, outcome.kind == HOLDFAST_PUBLISHED ? 1 : 0, outcome.rule);
}

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* /*options*/, std::size_t /*count*/, char* error,
                         std::size_t errorSize) {
  const std::string what = argument;
  if (what == "throw in create") throw std::runtime_error("create is odd");
  if (what == "fail in create") {
    std::string("the argument is odd").copy(error, errorSize - 1);
    return nullptr;
  }
  if (what.starts_with("{")) submitNow(host, what);
  return new holdfast_enactor{host, what};
}

int start(holdfast_enactor* enactor, char* /*error*/, std::size_t /*errorSize*/) {
  enactor->host->log(enactor->host, HOLDFAST_LOG_INFO, "begins");
  if (enactor->argument == "throw in start") throw std::runtime_error("start is odd");
  if (enactor->argument == "throw on a thread")
    std::thread([] { throw std::runtime_error("the thread is odd"); }).detach();
  if (enactor->argument == "terminate on a thread") std::thread([] { std::terminate(); }).detach();
  return enactor->argument == "fail in start" ? -1 : 0;
}

void run(holdfast_enactor* enactor) {
  if (enactor->argument == "throw in run") throw std::runtime_error("run is odd");
  if (enactor->argument == "return from run") return;
  if (enactor->argument == "exit in run") ::pthread_exit(nullptr);
  while (enactor->host->stopping(enactor->host) == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

void stop(holdfast_enactor* enactor) {
  if (enactor->argument == "throw in stop") throw std::runtime_error("stop is odd");
}

void destroy(holdfast_enactor* enactor) {
  const std::string argument = enactor->argument;
  delete enactor;
  if (argument == "throw in destroy") throw std::runtime_error("destroy is odd");
}

constexpr holdfast_enactor_table kTable{
    sizeof(holdfast_enactor_table), HOLDFAST_ENACTOR_ABI, 0, "odd", create, start, stop, destroy, run};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
