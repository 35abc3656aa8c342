// A plugin that does what its argument says, most of it against the contract.
#include <stdexcept>
#include <string>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
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
  return new holdfast_enactor{what};
}

int start(holdfast_enactor* enactor, char* /*error*/, std::size_t /*errorSize*/) {
  if (enactor->argument == "throw in start") throw std::runtime_error("start is odd");
  return enactor->argument == "fail in start" ? -1 : 0;
}

void stop(holdfast_enactor* enactor) {
  if (enactor->argument == "throw in stop") throw std::runtime_error("stop is odd");
}

void destroy(holdfast_enactor* enactor) {
  delete enactor;
}

constexpr holdfast_enactor_table kTable{
    sizeof(holdfast_enactor_table), HOLDFAST_ENACTOR_ABI, 0, "odd", create, start, stop, destroy};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
