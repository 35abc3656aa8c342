// A plugin that hangs in the call which its argument names, until the file of option "until" exists. Then it
// says what submitting still does, in a file beside it.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
  const holdfast_host* host;
  std::string where;
  std::string until;
};

namespace {

void hang(const holdfast_enactor& enactor, const char* here) {
  if (enactor.where != here) return;
  while (!std::filesystem::exists(enactor.until)) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  holdfast_document document{};
  document.size = sizeof document;
  document.format = HOLDFAST_FORMAT_JSON;
  const std::string body = "{}";
  document.body = body.data();
  document.body_size = body.size();
  char text[256] = "";
  holdfast_outcome outcome{};
  outcome.size = sizeof outcome;
  outcome.text = text;
  outcome.text_size = sizeof text;
  enactor.host->submit(enactor.host, &document, &outcome);
  enactor.host->unreadable(enactor.host, "a source", "is late");
  enactor.host->log(enactor.host, HOLDFAST_LOG_ERROR, "comes late");
  enactor.host->health(enactor.host, 1, "is late");
  std::ofstream(enactor.until + ".part")
      << outcome.kind << " " << enactor.host->committed(enactor.host) << " " << text;
  std::filesystem::rename(enactor.until + ".part", enactor.until + ".ended");
}

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* options, std::size_t count, char* /*error*/,
                         std::size_t /*errorSize*/) {
  auto* enactor = new holdfast_enactor{host, argument, count > 0 ? options[0].value : ""};
  hang(*enactor, "create");
  return enactor;
}

int start(holdfast_enactor* enactor, char* /*error*/, std::size_t /*errorSize*/) {
  hang(*enactor, "start");
  return 0;
}

void run(holdfast_enactor* enactor) {
  enactor->host->health(enactor->host, 1, "runs");
  while (enactor->host->stopping(enactor->host) == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  hang(*enactor, "run");
}

void stop(holdfast_enactor* enactor) {
  hang(*enactor, "stop");
}

void destroy(holdfast_enactor* enactor) {
  hang(*enactor, "destroy");
  delete enactor;
}

constexpr holdfast_enactor_table kTable{
    sizeof(holdfast_enactor_table), HOLDFAST_ENACTOR_ABI, 0, "hang", create, start, stop, destroy, run};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
