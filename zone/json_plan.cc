// Plans as JSON. simdjson parses; duplicate keys stay visible in its DOM, so that none is lost silently. A
// large plan is cut, so that its endpoints are parsed piece by piece, by several threads.
#include <simdjson.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "zone/json_cutter.h"
#include "zone/json_piece_threads.h"
#include "zone/json_plan_stream.h"
#include "zone/plan_builder.h"

namespace holdfast {

namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 11> kPlanKeys = {"plan",      "zone",    "generation", "base",
                                                        "kind",      "source",  "made",       "expires",
                                                        "endpoints", "records", "remove"};
constexpr std::size_t kMaxSourceOctets = 1000;  // it is kept with each line of the history
/// As much of the endpoints is parsed at once: little enough for a processor's second cache.
constexpr std::size_t kPieceOctets = std::size_t{96} << 10;
/// A smaller document is read as a whole: to cut it, and to join what was read of the pieces, takes longer.
constexpr std::size_t kWorthCutting = 4 << 10;
constexpr JsonPlace kRecords{&kPlanDocument, "records"};
constexpr JsonPlace kRemove{&kPlanDocument, "remove"};

Plan planFor(NameView zone) {
  Plan plan;
  plan.zone = Name(zone);
  return plan;
}

class JsonPlanReader {
 public:
  JsonPlanReader(NameView zone, const PlanLimits& limits)
      : limits_(limits),
        plan_(planFor(zone)),
        builder_(plan_, limits_),
        endpoints_(plan_.zone, limits_, targets_) {}

  /// Before take(): the members of "endpoints" come apart from the document.
  void expectPieces(NameTable known) { pieces_.emplace(plan_.zone, limits_, targets_, std::move(known)); }
  /// The document, or what was left of it when the members of "endpoints" were cut out.
  Status read(const dom::element& document);
  /// As JsonCutter::Take.
  void take(std::string& members) { pieces_->take(members); }
  /// All of them. False where they are not JSON.
  Result<bool> finishMembers();
  Result<Plan> finish();

 private:
  Status readKey(std::string_view key, const dom::element& value);
  Status readZone(const dom::element& value);
  Status readKind(const dom::element& value);
  Status readRecords(const dom::element& value);
  Status readRemovals(const dom::element& value);
  void join(JsonEndpoints& share);

  const PlanLimits& limits_;
  Plan plan_;
  PlanBuilder builder_;
  std::atomic<std::size_t> targets_{0};
  JsonEndpoints endpoints_;
  std::optional<JsonPieceThreads> pieces_;
};

Result<bool> JsonPlanReader::finishMembers() {
  Result<bool> isJson = pieces_->finish();
  if (!isJson || !*isJson) return isJson;
  pieces_->forEachShare([this](JsonEndpoints& share) { join(share); });
  return true;
}

void JsonPlanReader::join(JsonEndpoints& share) {
  builder_.join(std::move(share.nodes), std::move(share.places));
  std::ranges::move(share.emptied, std::back_inserter(plan_.emptied));
}

Status JsonPlanReader::read(const dom::element& document) {
  const Result<dom::object> object = asObject(document, kPlanDocument);
  if (!object) return object.error();
  JsonKeys keys(kPlanKeys);
  std::optional<dom::element> endpoints;  // last, as where they are cut out: what is told is the same
  for (const auto& [key, value] : *object) {
    if (Status known = keys.see(key, kPlanDocument); !known) return known;
    if (key == "endpoints")
      endpoints = value;
    else if (Status status = readKey(key, value); !status)
      return status;
  }
  if (!keys.saw("plan"))
    return malformedAt(kPlanDocument.member("plan"), "is missing: it names the version of the format, 1");
  if (!endpoints) return Done{};
  const Result<dom::object> members = asObject(*endpoints, kPlanEndpoints);
  return members ? endpoints_.read(*members, kPlanEndpoints) : members.error();
}

Result<Plan> JsonPlanReader::finish() {
  join(endpoints_);
  if (Status counted = builder_.countRecords(targets_); !counted) return std::move(counted).error();
  if (Status finished = builder_.finish(); !finished) return std::move(finished).error();
  return std::move(plan_);
}

Status JsonPlanReader::readKey(std::string_view key, const dom::element& value) {
  const JsonPlace where = kPlanDocument.member(key);
  if (key == "plan") {
    std::uint64_t version = 0;
    return keep(asNumber(value, where, 1, 1), version);
  }
  if (key == "zone") return readZone(value);
  if (key == "generation") return keep(asNumber(value, where, 1, kMaxPlannedGeneration), plan_.generation);
  if (key == "base") return keep(asNumber(value, where, 0, kMaxGeneration), plan_.base);
  if (key == "kind") return readKind(value);
  if (key == "source") return keep(asString(value, where, kMaxSourceOctets), plan_.source);
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
  const Result<std::string_view> text = asString(value, kPlanDocument.member("zone"));
  if (!text) return text.error();
  const Result<Name> name = Name::absolute(*text);
  if (!name) return malformedAt(kPlanDocument.member("zone"), name.error().text());
  if (*name != plan_.zone)
    return Error{ErrorKind::Invalid, "/zone",
                 "is " + name->text() + ", but the plan was sent to " + plan_.zone.text()};
  return Done{};
}

Status JsonPlanReader::readKind(const dom::element& value) {
  const Result<std::string_view> kind = asString(value, kPlanDocument.member("kind"));
  if (!kind) return kind.error();
  if (*kind != "full" && *kind != "delta")
    return malformedAt(kPlanDocument.member("kind"), R"(must be "full" or "delta")");
  plan_.kind = *kind == "full" ? PlanKind::Full : PlanKind::Delta;
  return Done{};
}

Status JsonPlanReader::readRecords(const dom::element& value) {
  const Result<dom::array> records = asArray(value, kRecords);
  if (!records) return records.error();
  std::size_t index = 0;
  for (const dom::element line : *records) {
    const auto number = static_cast<std::uint32_t>(index);
    const JsonPlace where = kRecords.element(index++);
    const Result<std::string_view> text = asString(line, where);
    if (!text) return text.error();
    const Result<TextRecord> record = readRecordText(*text, plan_.zone, 3600);
    if (!record) return malformedAt(where, record.error().what);
    if (Status status = builder_.add(viewOf(*record), number); !status)
      return Error{status.error().kind, where.text(), status.error().what};
  }
  return Done{};
}

Status JsonPlanReader::readRemovals(const dom::element& value) {
  const Result<dom::array> removals = asArray(value, kRemove);
  if (!removals) return removals.error();
  std::size_t index = 0;
  for (const dom::element entry : *removals) {
    const JsonPlace where = kRemove.element(index++);
    const Result<std::string_view> text = asString(entry, where);
    if (!text) return text.error();
    Result<Removal> removal = parseRemoval(*text, plan_.zone);
    if (!removal) return Error{removal.error().kind, where.text(), removal.error().text()};
    plan_.removals.push_back(*std::move(removal));
  }
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
  return {ErrorKind::Malformed, located ? locator.message.substr(0, colon) : "",
          "not JSON: " + (located ? locator.message.substr(colon + 2) : locator.message)};
}

}  // namespace

class JsonPlanStream::Reading {
 public:
  Reading(NameView zone, const PlanLimits& limits, NameTable known)
      : reader_(zone, limits),
        cutter_("endpoints", kPieceOctets, [this](std::string& members) { reader_.take(members); }) {
    reader_.expectPieces(std::move(known));
  }

  void feed(std::string_view text) { cutter_.feed(text); }
  std::optional<Result<Plan>> finish() {
    const std::optional<std::string> skeleton = cutter_.finish();
    dom::parser parser;
    dom::element document;
    if (!skeleton || !isRead(parser.parse(*skeleton).get(document))) return std::nullopt;
    if (Status read = reader_.read(document); !read) return Result<Plan>(std::move(read).error());
    const Result<bool> isJson = reader_.finishMembers();
    if (!isJson) return Result<Plan>(isJson.error());
    if (!*isJson) return std::nullopt;
    return reader_.finish();
  }

 private:
  JsonPlanReader reader_;
  JsonCutter cutter_;
};

JsonPlanStream::JsonPlanStream(NameView zone, const PlanLimits& limits, NameTable known)
    : reading_(std::make_unique<Reading>(zone, limits, std::move(known))) {}
JsonPlanStream::~JsonPlanStream() = default;

void JsonPlanStream::feed(std::string_view text) {
  reading_->feed(text);
}
std::optional<Result<Plan>> JsonPlanStream::finish() {
  return reading_->finish();
}

void prepareJsonReader() {
  (void)simdjson::get_active_implementation()->name();
}

Result<Plan> parseJsonPlanWhole(std::string_view body, NameView zone, const PlanLimits& limits) {
  if (body.empty())
    return Error{ErrorKind::Unreadable, "", "the document is empty, which is not an empty plan"};
  JsonPlanReader reader(zone, limits);
  dom::parser parser;
  dom::element document;
  const simdjson::error_code error = parser.parse(body.data(), body.size()).get(document);
  if (!isRead(error)) return notJson(body, simdjson::error_message(error));
  if (Status read = reader.read(document); !read) return std::move(read).error();
  return reader.finish();
}

Result<Plan> parseJsonPlan(std::string_view body, NameView zone, const PlanLimits& limits) {
  if (body.size() < kWorthCutting) return parseJsonPlanWhole(body, zone, limits);
  JsonPlanStream stream(zone, limits);
  stream.feed(body);
  if (std::optional<Result<Plan>> plan = stream.finish()) return *std::move(plan);
  return parseJsonPlanWhole(body, zone, limits);
}

}  // namespace holdfast
