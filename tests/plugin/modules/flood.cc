// A plugin that does one thing on several threads as fast as it can, as its argument says.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
  const holdfast_host* host;
  std::string what;
  std::vector<std::thread> threads;
};

namespace {

constexpr int kThreads = 4;

void submit(const holdfast_host* host, const std::string& body) {
  holdfast_document document{};
  document.size = sizeof document;
  document.format = HOLDFAST_FORMAT_JSON;
  document.body = body.data();
  document.body_size = body.size();
  holdfast_outcome outcome{};
  outcome.size = sizeof outcome;
  host->submit(host, &document, &outcome);
}

void flood(const holdfast_host* host, const std::string& what) {
  const std::string line = "flood " + std::string(100'000, 'x');
  while (host->stopping(host) == 0) {
    if (what == "submit") submit(host, "{}");
    if (what == "unreadable") host->unreadable(host, line.c_str(), "is gone");
    if (what == "log") host->log(host, HOLDFAST_LOG_WARNING, line.c_str());
    if (what == "health") host->health(host, 1, line.c_str());
    if (what == "committed") host->committed(host);
  }
}

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* /*options*/, std::size_t /*count*/, char* /*error*/,
                         std::size_t /*errorSize*/) {
  return new holdfast_enactor{host, argument, {}};
}

int start(holdfast_enactor* enactor, char* /*error*/, std::size_t /*errorSize*/) {
  for (int i = 0; i < kThreads; ++i)
    enactor->threads.emplace_back([enactor] { flood(enactor->host, enactor->what); });
  return 0;
}

void stop(holdfast_enactor* enactor) {
  for (std::thread& thread : enactor->threads) thread.join();
}

void destroy(holdfast_enactor* enactor) {
  delete enactor;
}

constexpr holdfast_enactor_table kTable{
    sizeof(holdfast_enactor_table), HOLDFAST_ENACTOR_ABI, 0, "flood", create, start, stop, destroy, nullptr};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
