// A plugin of the first version of this ABI: its table has no run, its structures end before what came later,
// and it works on a thread of its own.
#include <cstddef>
#include <string>
#include <thread>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
  const holdfast_host* host;
  std::string body;
  std::thread thread;
};

namespace {

/// As it was laid out before `run`. What lies behind it is not the server's to read.
struct OlderTable {
  std::size_t size;
  std::uint32_t abi, reserved;
  const char* kind;
  decltype(holdfast_enactor_table::create) create;
  decltype(holdfast_enactor_table::start) start;
  decltype(holdfast_enactor_table::stop) stop;
  decltype(holdfast_enactor_table::destroy) destroy;
  std::uintptr_t poison;
};

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* /*options*/, std::size_t /*count*/, char* /*error*/,
                         std::size_t /*errorSize*/) {
  return new holdfast_enactor{host, argument, {}};
}

void work(const holdfast_enactor& enactor) {
  holdfast_document document{};
  document.size = offsetof(holdfast_document, generation);
  document.format = HOLDFAST_FORMAT_JSON;
  document.body = enactor.body.data();
  document.body_size = enactor.body.size();
  document.source = "older";
  document.generation = 999;  // not within the size
  holdfast_outcome outcome{};
  outcome.size = offsetof(holdfast_outcome, rule);
  outcome.rule[0] = '#';
  enactor.host->submit(enactor.host, &document, &outcome);
  const std::string said =
      std::to_string(outcome.kind) + " " + std::to_string(outcome.generation) + " " + outcome.rule;
  enactor.host->health(enactor.host, 1, said.c_str());
}

int start(holdfast_enactor* enactor, char* /*error*/, std::size_t /*errorSize*/) {
  enactor->thread = std::thread([enactor] { work(*enactor); });
  return 0;
}

void stop(holdfast_enactor* enactor) {
  enactor->thread.join();
}

void destroy(holdfast_enactor* enactor) {
  delete enactor;
}

constexpr OlderTable kTable{
    offsetof(OlderTable, poison), HOLDFAST_ENACTOR_ABI, 0, "older", create, start, stop, destroy, 0xdead};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return reinterpret_cast<const holdfast_enactor_table*>(&kTable);
}
