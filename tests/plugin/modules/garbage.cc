// A plugin that calls the host as its argument says, and tells the answer as its health.
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "plugin/holdfast_enactor.h"

struct holdfast_enactor {
  const holdfast_host* host;
  std::string what;
};

namespace {

const std::string kDelta = R"({"plan": 1, "zone": "one.example.", "kind": "delta", "endpoints": {}})";

/// A submission that is right, until something of it is spoiled.
struct Call {
  std::string body = "{}";
  char text[256] = "";
  holdfast_document document{};
  holdfast_outcome outcome{};

  Call() {
    document.size = sizeof document;
    document.format = HOLDFAST_FORMAT_JSON;
    outcome.size = sizeof outcome;
    outcome.kind = 77;
    outcome.text = text;
    outcome.text_size = sizeof text;
  }
  void submit(const holdfast_host* host) {
    if (document.body == nullptr && document.body_size == 0) {
      document.body = body.data();
      document.body_size = body.size();
    }
    host->submit(host, &document, &outcome);
  }
};

using Spoil = std::function<void(Call&)>;
const std::map<std::string, Spoil> kSpoiled{
    {"nothing", [](Call&) {}},
    {"no body", [](Call& call) { call.document.body_size = 10; }},
    {"huge body",
     [](Call& call) {
       call.document.body = call.body.data();
       call.document.body_size = std::numeric_limits<std::size_t>::max();
     }},
    {"size 0", [](Call& call) { call.document.size = 0; }},
    {"size within source",
     [](Call& call) {
       call.document.source = "a text";
       call.document.size = offsetof(holdfast_document, source) + 4;
     }},
    {"size huge", [](Call& call) { call.document.size = std::numeric_limits<std::size_t>::max(); }},
    {"format 0", [](Call& call) { call.document.format = 0; }},
    {"format 9", [](Call& call) { call.document.format = 9; }},
    {"given 4", [](Call& call) { call.document.given = 4; }},
    {"generation 0", [](Call& call) { call.document.given = HOLDFAST_GIVEN_GENERATION; }},
    {"generation huge",
     [](Call& call) {
       call.document.given = HOLDFAST_GIVEN_GENERATION;
       call.document.generation = std::numeric_limits<std::uint64_t>::max();
     }},
    {"base huge",
     [](Call& call) {
       call.body = kDelta;
       call.document.given = HOLDFAST_GIVEN_BASE;
       call.document.base = std::numeric_limits<std::uint64_t>::max();
     }},
    {"base beyond",
     [](Call& call) {
       call.document.size = offsetof(holdfast_document, base);
       call.document.given = HOLDFAST_GIVEN_BASE;
     }},
    {"outcome huge", [](Call& call) { call.outcome.size = std::numeric_limits<std::size_t>::max(); }},
    {"outcome 0", [](Call& call) { call.outcome.size = 0; }},
    {"outcome kind only", [](Call& call) { call.outcome.size = offsetof(holdfast_outcome, reserved); }},
    {"outcome without text", [](Call& call) { call.outcome.size = offsetof(holdfast_outcome, text); }},
    {"text NULL", [](Call& call) { call.outcome.text = nullptr; }},
    {"text of 4", [](Call& call) { call.outcome.text_size = 4; }},
};

/// A text without its NUL, as long as a host may ever look at.
std::vector<char> endless() {
  return std::vector<char>(1 << 20, 'e');
}

void others(const holdfast_host* host, const std::string& what) {
  Call call;
  if (what == "document NULL") {
    host->submit(host, nullptr, &call.outcome);
    host->health(host, 1, (std::to_string(call.outcome.kind) + " " + call.text).c_str());
  }
  if (what == "outcome NULL") host->submit(host, &call.document, nullptr);
  if (what == "host NULL") {
    host->submit(nullptr, &call.document, &call.outcome);
    host->unreadable(nullptr, "", "");
    host->log(nullptr, 0, "");
    host->health(nullptr, 1, "");
    host->committed(nullptr);
    host->stopping(nullptr);
    host->health(host, 1, std::to_string(call.outcome.kind).c_str());
  }
  if (what == "texts NULL") {
    host->unreadable(host, nullptr, nullptr);
    host->log(host, 99, nullptr);
    host->health(host, 1, nullptr);
    host->generation_of(host, 1, nullptr, 99, nullptr, nullptr, 99);
    host->facts_of(host, 1, nullptr, 99, nullptr, nullptr, 99);
  }
  if (what == "texts endless") {
    const std::vector<char> text = endless();
    host->log(host, HOLDFAST_LOG_INFO, text.data());
    host->unreadable(host, text.data(), text.data());
    host->health(host, 1, text.data());
  }
  if (what == "texts of many lines") {
    host->log(host, HOLDFAST_LOG_INFO, "one\ntwo\r\x1b[2J\x7f\xc2\x9b\tend");
    host->unreadable(host, "wh\nere", "wh\nat");
    host->health(host, 1, "well\nzone forged.example. served\x1b[31m \xc3\xa9");
  }
  if (what == "facts") {
    holdfast_plan_facts facts{};
    char error[256] = "";
    const int small = host->facts_of(host, 1, kDelta.data(), kDelta.size(), &facts, error, sizeof error);
    facts.size = sizeof facts;
    const int format = host->facts_of(host, 7, kDelta.data(), kDelta.size(), &facts, error, sizeof error);
    host->health(host, 1, (std::to_string(small) + std::to_string(format) + " " + error).c_str());
  }
}

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* /*options*/, std::size_t /*count*/, char* error,
                         std::size_t errorSize) {
  if (std::strcmp(argument, "error endless") == 0) {
    std::memset(error, 'e', errorSize);
    return nullptr;
  }
  return new holdfast_enactor{host, argument};
}

int start(holdfast_enactor* enactor, char* /*error*/, std::size_t /*errorSize*/) {
  const holdfast_host* host = enactor->host;
  const auto spoiled = kSpoiled.find(enactor->what);
  if (spoiled == kSpoiled.end()) {
    others(host, enactor->what);
    return 0;
  }
  Call call;
  spoiled->second(call);
  call.submit(host);
  const std::string answer =
      std::to_string(call.outcome.kind) + " " + call.outcome.rule + " " + std::string(call.text);
  host->health(host, 1, answer.c_str());
  return 0;
}

void stop(holdfast_enactor* /*enactor*/) {}

void destroy(holdfast_enactor* enactor) {
  delete enactor;
}

constexpr holdfast_enactor_table kTable{sizeof(holdfast_enactor_table),
                                        HOLDFAST_ENACTOR_ABI,
                                        0,
                                        "garbage",
                                        create,
                                        start,
                                        stop,
                                        destroy,
                                        nullptr};

}  // namespace

extern "C" const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
