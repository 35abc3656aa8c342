#include "zone/history_json.h"

#include "zone/json_values.h"
#include "zone/json_writer.h"

namespace holdfast {

namespace {

/// What stands under a key, where that is a string.
std::string textAt(const simdjson::dom::object& reason, std::string_view key) {
  std::string_view text;
  return reason.at_key(key).get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

void writeReason(JsonWriter& json, const Reason& reason) {
  json.object([&] {
    json.member("rule", toText(reason.rule));
    json.member("name", reason.name);
    json.member("type", reason.type);
    json.member("observed", reason.observed);
    json.member("limit", reason.limit);
    json.member("detail", reason.detail);
    if (!reason.code.empty()) json.member("code", reason.code);
    if (!reason.where.empty()) json.member("where", reason.where);
  });
}

std::string reasonsToJson(const std::vector<Reason>& reasons) {
  std::string text;
  JsonWriter json(text);
  json.array([&] {
    for (const Reason& reason : reasons) writeReason(json, reason);
  });
  return text;
}

std::vector<Reason> reasonsFromJson(std::string_view text) {
  std::vector<Reason> reasons;
  if (text.empty()) return reasons;
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (!isRead(parser.parse(text.data(), text.size()).get(array))) return reasons;
  for (const simdjson::dom::element item : array) {
    simdjson::dom::object reason;
    if (item.get(reason) != simdjson::SUCCESS) continue;
    const auto rule = parseRule(textAt(reason, "rule"));
    if (!rule) continue;
    reasons.push_back({*rule, textAt(reason, "name"), textAt(reason, "type"), textAt(reason, "observed"),
                       textAt(reason, "limit"), textAt(reason, "detail"), textAt(reason, "code"),
                       textAt(reason, "where")});
  }
  return reasons;
}

}  // namespace holdfast
