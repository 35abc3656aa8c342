#include "zone/history_json.h"

#include <nlohmann/json.hpp>

namespace holdfast {

std::string reasonsToJson(const std::vector<Reason>& reasons) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Reason& reason : reasons) {
    array.push_back({{"rule", toText(reason.rule)},
                     {"name", reason.name},
                     {"type", reason.type},
                     {"observed", reason.observed},
                     {"limit", reason.limit},
                     {"detail", reason.detail}});
    if (!reason.code.empty()) array.back()["code"] = reason.code;
    if (!reason.where.empty()) array.back()["where"] = reason.where;
  }
  return array.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<Reason> reasonsFromJson(std::string_view text) {
  std::vector<Reason> reasons;
  const nlohmann::json array = nlohmann::json::parse(text, nullptr, false);
  if (!array.is_array()) return reasons;
  const auto member = [](const nlohmann::json& item, const char* key) {
    const auto found = item.find(key);
    return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  for (const nlohmann::json& item : array) {
    if (!item.is_object()) continue;
    const auto rule = parseRule(member(item, "rule"));
    if (!rule) continue;
    reasons.push_back({*rule, member(item, "name"), member(item, "type"), member(item, "observed"),
                       member(item, "limit"), member(item, "detail"), member(item, "code"),
                       member(item, "where")});
  }
  return reasons;
}

}  // namespace holdfast
