// A plugin of a later version of this ABI: its structures are longer than this server's, and it asks before
// it uses what the server may not have.
#include <string>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
  const holdfast_host* host;
  std::string body;
};

namespace {

struct NewerTable {
  holdfast_enactor_table known;
  void (*something)(holdfast_enactor*);
};
struct NewerDocument {
  holdfast_document known;
  const char* something;
};
struct NewerOutcome {
  holdfast_outcome known;
  std::uint64_t something;
};

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* /*options*/, std::size_t /*count*/, char* /*error*/,
                         std::size_t /*errorSize*/) {
  return new holdfast_enactor{host, argument};
}

int start(holdfast_enactor* /*enactor*/, char* /*error*/, std::size_t /*errorSize*/) {
  return 0;
}

void run(holdfast_enactor* enactor) {
  const holdfast_host* host = enactor->host;
  NewerDocument document{};
  document.known.size = sizeof document;
  document.known.format = HOLDFAST_FORMAT_JSON;
  document.known.body = enactor->body.data();
  document.known.body_size = enactor->body.size();
  NewerOutcome outcome{};
  outcome.known.size = sizeof outcome;
  outcome.something = 4711;
  host->submit(host, &document.known, &outcome.known);
  std::string said = std::to_string(outcome.known.kind) + " " + std::to_string(outcome.known.generation) +
                     " " + std::to_string(outcome.something);
  if (HOLDFAST_HAS(holdfast_host, host, stopping)) said += " stopping";
  host->health(host, 1, said.c_str());
}

void stop(holdfast_enactor* /*enactor*/) {}

void destroy(holdfast_enactor* enactor) {
  delete enactor;
}

constexpr NewerTable kTable{
    {sizeof(NewerTable), HOLDFAST_ENACTOR_ABI, 0, "newer", create, start, stop, destroy, run}, nullptr};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable.known;
}
