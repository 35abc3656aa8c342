// Plans as JSON. simdjson parses; duplicate keys stay visible in its DOM, so that none is lost silently.
#include <arpa/inet.h>
#include <simdjson.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "zone/plan_builder.h"
#include "zone/suggest.h"

namespace holdfast {

namespace {

namespace dom = simdjson::dom;

/// Where in the document something stands, as a JSON pointer (RFC 6901).
std::string pointerTo(const std::string& parent, std::string_view key) {
  std::string pointer = parent + '/';
  for (const char c : key) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

Error malformedAt(std::string where, std::string what) {
  return {ErrorKind::Malformed, std::move(where), std::move(what)};
}

Error wrongType(std::string where, const char* wanted, const dom::element& is) {
  static constexpr std::array kNames = {"an array", "an object", "a number",  "a number",
                                        "a number", "a string",  "a boolean", "null"};
  static constexpr std::array kTypes = {dom::element_type::ARRAY,  dom::element_type::OBJECT,
                                        dom::element_type::INT64,  dom::element_type::UINT64,
                                        dom::element_type::DOUBLE, dom::element_type::STRING,
                                        dom::element_type::BOOL,   dom::element_type::NULL_VALUE};
  const char* name = "something else";
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (is.type() == kTypes[i]) name = kNames[i];
  return malformedAt(std::move(where), std::string("must be ") + wanted + ", is " + name);
}

Result<std::string_view> asString(const dom::element& value, const std::string& where,
                                  std::size_t most = std::string_view::npos) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return wrongType(where, "a string", value);
  if (text.size() > most) return malformedAt(where, "is over " + std::to_string(most) + " octets");
  return text;
}

Result<std::uint64_t> asNumber(const dom::element& value, const std::string& where, std::uint64_t least,
                               std::uint64_t most) {
  std::uint64_t number = 0;
  const bool isNumber = value.get_uint64().get(number) == simdjson::SUCCESS;
  if (isNumber && number >= least && number <= most) return number;
  const std::string range = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  if (isNumber) return malformedAt(where, "must be " + range + ", is " + std::to_string(number));
  return wrongType(where, range.c_str(), value);
}

Result<dom::object> asObject(const dom::element& value, const std::string& where) {
  dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return wrongType(where, "an object", value);
  return object;
}

Result<dom::array> asArray(const dom::element& value, const std::string& where) {
  dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return wrongType(where, "an array", value);
  return array;
}

/// Refuses a key that is unknown or comes twice; remembers the rest.
class Keys {
 public:
  explicit Keys(std::span<const std::string_view> known) : known_(known) {}
  Status see(std::string_view key, const std::string& parent) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end())
      return malformedAt(pointerTo(parent, key), "is not a known key" + didYouMean(key, known_));
    if (!seen_.insert(key).second) return malformedAt(pointerTo(parent, key), "comes twice");
    return Done{};
  }
  bool saw(std::string_view key) const { return seen_.contains(key); }

 private:
  std::span<const std::string_view> known_;
  std::set<std::string_view> seen_;
};

constexpr std::array<std::string_view, 11> kPlanKeys = {"plan",      "zone",    "generation", "base",
                                                        "kind",      "source",  "made",       "expires",
                                                        "endpoints", "records", "remove"};
constexpr std::array<std::string_view, 3> kEndpointKeys = {"ttl", "answer", "targets"};
constexpr std::array<std::string_view, 3> kTargetKeys = {"id", "address", "weight"};
constexpr std::size_t kMaxTargetIdOctets = 255;
constexpr std::size_t kMaxSourceOctets = 1000;  // it is kept with each line of the history
constexpr std::uint32_t kDefaultEndpointTtl = 60;
constexpr std::uint32_t kDefaultWeight = 100;
constexpr std::uint32_t kMaxWeight = 1'000'000'000;

class JsonPlanReader {
 public:
  JsonPlanReader(NameView zone, const PlanLimits& limits) : limits_(limits), builder_(plan_, limits_) {
    plan_.zone = Name(zone);
  }

  Result<Plan> read(const dom::element& document);

 private:
  Status readKey(std::string_view key, const dom::element& value);
  Status readZone(const dom::element& value);
  Status readKind(const dom::element& value);
  Status readEndpoints(const dom::element& value);
  Status readEndpoint(std::string_view name, const dom::element& value, const std::string& where);
  Status readAnswer(const dom::element& value, const std::string& where, std::uint16_t& pick);
  Status readTargets(const dom::element& value, const std::string& where, RRset& a, RRset& aaaa);
  Status readTarget(const dom::element& value, const std::string& where, RRset& a, RRset& aaaa);
  Status readRecords(const dom::element& value);
  Status readRemovals(const dom::element& value);
  Status checkOverlap() const;

  template <class T, class U>
  static Status keep(Result<T> result, U& into) {
    if (!result) return std::move(result).error();
    into = *std::move(result);
    return Done{};
  }

  const PlanLimits& limits_;
  Plan plan_;
  PlanBuilder builder_;
  std::set<Name> owners_;
};

Result<Plan> JsonPlanReader::read(const dom::element& document) {
  Result<dom::object> object = asObject(document, "/");
  if (!object) return std::move(object).error();
  Keys keys(kPlanKeys);
  for (const auto& [key, value] : *object) {
    if (Status known = keys.see(key, ""); !known) return std::move(known).error();
    if (Status status = readKey(key, value); !status) return std::move(status).error();
  }
  if (!keys.saw("plan")) return malformedAt("/plan", "is missing: it names the version of the format, 1");
  builder_.finish();
  if (Status overlap = checkOverlap(); !overlap) return std::move(overlap).error();
  return std::move(plan_);
}

Status JsonPlanReader::readKey(std::string_view key, const dom::element& value) {
  const std::string where = pointerTo("", key);
  if (key == "plan") {
    std::uint64_t version = 0;
    return keep(asNumber(value, where, 1, 1), version);
  }
  if (key == "zone") return readZone(value);
  if (key == "generation") return keep(asNumber(value, where, 1, kMaxPlannedGeneration), plan_.generation);
  if (key == "base") return keep(asNumber(value, where, 0, kMaxGeneration), plan_.base);
  if (key == "kind") return readKind(value);
  if (key == "source") return keep(asString(value, where, kMaxSourceOctets), plan_.source);
  if (key == "endpoints") return readEndpoints(value);
  if (key == "records") return readRecords(value);
  if (key == "remove") return readRemovals(value);
  const Result<std::string_view> text = asString(value, where);
  if (!text) return text.error();
  const Result<WallTime> time = parseTime(*text);
  if (!time) return malformedAt(where, time.error().what);
  (key == "made" ? plan_.made : plan_.expires) = *time;
  return Done{};
}

Status JsonPlanReader::readZone(const dom::element& value) {
  const Result<std::string_view> text = asString(value, "/zone");
  if (!text) return text.error();
  const Result<Name> name = Name::absolute(*text);
  if (!name) return malformedAt("/zone", name.error().text());
  if (*name != plan_.zone)
    return Error{ErrorKind::Invalid, "/zone",
                 "is " + name->text() + ", but the plan was sent to " + plan_.zone.text()};
  return Done{};
}

Status JsonPlanReader::readKind(const dom::element& value) {
  const Result<std::string_view> kind = asString(value, "/kind");
  if (!kind) return kind.error();
  if (*kind != "full" && *kind != "delta") return malformedAt("/kind", R"(must be "full" or "delta")");
  plan_.kind = *kind == "full" ? PlanKind::Full : PlanKind::Delta;
  return Done{};
}

Status JsonPlanReader::readEndpoints(const dom::element& value) {
  const Result<dom::object> endpoints = asObject(value, "/endpoints");
  if (!endpoints) return endpoints.error();
  for (const auto& [name, endpoint] : *endpoints) {
    const std::string where = pointerTo("/endpoints", name);
    if (Status status = readEndpoint(name, endpoint, where); !status) return status;
  }
  return Done{};
}

Status JsonPlanReader::readEndpoint(std::string_view name, const dom::element& value,
                                    const std::string& where) {
  Result<Name> owner = Name::fromText(name, plan_.zone);
  if (!owner) return Error{ErrorKind::Invalid, where, owner.error().what};
  if (!owner->view().isAtOrBelow(plan_.zone))
    return Error{ErrorKind::Invalid, where, owner->text() + " is outside the zone " + plan_.zone.text()};
  if (!owners_.insert(*owner).second) return malformedAt(where, "comes twice");
  const Result<dom::object> object = asObject(value, where);
  if (!object) return object.error();

  RRset a{RRType::A, kDefaultEndpointTtl, 0, {}, {}};
  RRset aaaa{RRType::AAAA, kDefaultEndpointTtl, 0, {}, {}};
  std::uint64_t ttl = kDefaultEndpointTtl;
  std::uint16_t pick = 0;
  Keys keys(kEndpointKeys);
  for (const auto& [key, member] : *object) {
    const std::string at = pointerTo(where, key);
    Status status = keys.see(key, where);
    if (status && key == "ttl") status = keep(asNumber(member, at, 0, 0x7fffffff), ttl);
    if (status && key == "answer") status = readAnswer(member, at, pick);
    if (status && key == "targets") status = readTargets(member, at, a, aaaa);
    if (!status) return status;
  }
  if (!keys.saw("targets")) return malformedAt(where + "/targets", "is missing");

  PlannedEndpoint planned{*std::move(owner), where, std::nullopt, std::nullopt};
  for (RRset* rrset : {&a, &aaaa}) {
    if (rrset->rdata.empty()) continue;
    rrset->ttl = static_cast<std::uint32_t>(ttl);
    rrset->pick = pick;
    rrset->canonicalise();
    (rrset == &a ? planned.a : planned.aaaa) = std::move(*rrset);
  }
  plan_.endpoints.push_back(std::move(planned));
  return Done{};
}

Status JsonPlanReader::readAnswer(const dom::element& value, const std::string& where, std::uint16_t& pick) {
  if (value.is_string()) {
    if (*asString(value, where) == "all") return Done{};
    return malformedAt(where, R"(must be "all" or {"pick": N})");
  }
  const Result<dom::object> object = asObject(value, where);
  if (!object) return wrongType(where, R"("all" or {"pick": N})", value);
  static constexpr std::array<std::string_view, 1> kKeys = {"pick"};
  Keys keys(kKeys);
  for (const auto& [key, member] : *object) {
    if (Status known = keys.see(key, where); !known) return known;
    const Result<std::uint64_t> number = asNumber(member, where + "/pick", 1, limits_.pick);
    if (!number) return number.error();
    pick = static_cast<std::uint16_t>(*number);
  }
  if (pick == 0) return malformedAt(where + "/pick", "is missing");
  return Done{};
}

Status JsonPlanReader::readTargets(const dom::element& value, const std::string& where, RRset& a,
                                   RRset& aaaa) {
  const Result<dom::array> targets = asArray(value, where);
  if (!targets) return targets.error();
  std::size_t index = 0;
  for (const dom::element target : *targets)
    if (Status status = readTarget(target, pointerTo(where, std::to_string(index++)), a, aaaa); !status)
      return status;
  for (const RRset* rrset : {&a, &aaaa}) {
    if (rrset->rdata.size() > limits_.targets)
      return Error{ErrorKind::Invalid, where,
                   "has " + std::to_string(rrset->rdata.size()) + " " + toText(rrset->type) +
                       " targets; the limit is " + std::to_string(limits_.targets) +
                       " (limits.targets-per-endpoint)"};
    const std::set<std::string_view> distinct(rrset->rdata.begin(), rrset->rdata.end());
    if (distinct.size() != rrset->rdata.size()) return malformedAt(where, "lists the same address twice");
  }
  return builder_.countRecords(index);
}

Status JsonPlanReader::readTarget(const dom::element& value, const std::string& where, RRset& a,
                                  RRset& aaaa) {
  const Result<dom::object> object = asObject(value, where);
  if (!object) return object.error();
  std::string_view id;
  std::string_view text;
  std::uint64_t weight = kDefaultWeight;
  Keys keys(kTargetKeys);
  for (const auto& [key, member] : *object) {
    const std::string at = pointerTo(where, key);
    Status status = keys.see(key, where);
    if (status && key == "id") status = keep(asString(member, at, kMaxTargetIdOctets), id);
    if (status && key == "address") status = keep(asString(member, at), text);
    if (status && key == "weight") status = keep(asNumber(member, at, 0, kMaxWeight), weight);
    if (!status) return status;
  }
  if (!keys.saw("address")) return malformedAt(where + "/address", "is missing");

  std::array<char, 16> octets{};
  const std::string address(text);
  const bool isText = address.find('\0') == std::string::npos;
  const bool isV4 = isText && inet_pton(AF_INET, address.c_str(), octets.data()) == 1;
  if (!isV4 && (!isText || inet_pton(AF_INET6, address.c_str(), octets.data()) != 1))
    return malformedAt(where + "/address",
                       "\"" + address.substr(0, 60) + "\" is not an IPv4 or IPv6 address");
  RRset& rrset = isV4 ? a : aaaa;
  rrset.rdata.emplace_back(octets.data(), isV4 ? 4 : 16);
  rrset.targets.push_back({std::string(id), static_cast<std::uint32_t>(weight)});
  return Done{};
}

Status JsonPlanReader::readRecords(const dom::element& value) {
  const Result<dom::array> records = asArray(value, "/records");
  if (!records) return records.error();
  std::size_t index = 0;
  for (const dom::element line : *records) {
    const std::string where = pointerTo("/records", std::to_string(index++));
    const Result<std::string_view> text = asString(line, where);
    if (!text) return text.error();
    Result<TextRecord> record = readRecordText(*text, plan_.zone, 3600);
    if (!record) return malformedAt(where, record.error().what);
    if (Status status = builder_.add(*std::move(record), where); !status)
      return Error{status.error().kind, where, status.error().what};
  }
  return Done{};
}

Status JsonPlanReader::readRemovals(const dom::element& value) {
  const Result<dom::array> removals = asArray(value, "/remove");
  if (!removals) return removals.error();
  std::size_t index = 0;
  for (const dom::element entry : *removals) {
    const std::string where = pointerTo("/remove", std::to_string(index++));
    const Result<std::string_view> text = asString(entry, where);
    if (!text) return text.error();
    Result<Removal> removal = parseRemoval(*text, plan_.zone);
    if (!removal) return Error{removal.error().kind, where, removal.error().text()};
    plan_.removals.push_back(*std::move(removal));
  }
  return Done{};
}

Status JsonPlanReader::checkOverlap() const {
  for (const PlannedRRset& planned : plan_.rrsets)
    if (isAddressType(planned.rrset.type) && owners_.contains(planned.owner))
      return malformedAt(planned.where, planned.owner.text() + " " + toText(planned.rrset.type) +
                                            " is already an endpoint of this plan");
  return Done{};
}

/// Finds where a document stops being JSON; simdjson does not say.
class SyntaxLocator : public nlohmann::json::json_sax_t {
 public:
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override { return true; }
  bool key(string_t& /*value*/) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*elements*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::json::exception& error) override {
    const std::string_view text = error.what();
    const std::size_t start = text.find("line ");
    message = std::string(text.substr(start == std::string_view::npos ? 0 : start, 200));
    return false;
  }
  std::string message;
};

Error notJson(std::string_view body, const char* fallback) {
  SyntaxLocator locator;
  if (nlohmann::json::sax_parse(body.begin(), body.end(), &locator)) locator.message = fallback;
  const std::size_t colon = locator.message.find(": ");
  const bool located = locator.message.starts_with("line ") && colon != std::string::npos;
  return malformedAt(located ? locator.message.substr(0, colon) : "",
                     "not JSON: " + (located ? locator.message.substr(colon + 2) : locator.message));
}

}  // namespace

Result<Plan> parseJsonPlan(std::string_view body, NameView zone, const PlanLimits& limits) {
  if (body.empty())
    return Error{ErrorKind::Unreadable, "", "the document is empty, which is not an empty plan"};
  dom::parser parser;
  dom::element document;
  const simdjson::error_code error = parser.parse(body.data(), body.size()).get(document);
  if (error != simdjson::SUCCESS) return notJson(body, simdjson::error_message(error));
  return JsonPlanReader(zone, limits).read(document);
}

}  // namespace holdfast
