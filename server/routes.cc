#include "server/routes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "zone/json_writer.h"
#include "zone/suggest.h"

namespace holdfast {

namespace {

/// One method of one route with the parameters it takes, "+" behind those that may be repeated.
struct Entry {
  RouteKind kind;
  std::string_view method;
  std::array<std::string_view, 8> parameters;
};

constexpr Entry kEntries[] = {
    {RouteKind::Server, "GET", {}},
    {RouteKind::Zone, "GET", {}},
    {RouteKind::Zone, "PUT", {}},
    {RouteKind::Zone, "DELETE", {"reason", "forget"}},
    {RouteKind::Plans, "GET", {"limit", "before", "outcome"}},
    {RouteKind::Plans,
     "POST",
     {"generation", "base", "source", "dry-run", "remove+", "allow+", "reason", "diff"}},
    {RouteKind::Plan, "GET", {}},
    {RouteKind::Diff, "GET", {"from", "to", "limit"}},
    {RouteKind::Diff, "POST", {"limit", "remove+"}},
    {RouteKind::Rollback,
     "POST",
     {"to", "reason", "base", "remove+", "remove-added", "allow+", "dry-run", "diff"}},
    {RouteKind::Explain, "GET", {"name", "type"}},
    {RouteKind::Verify, "GET", {}},
    {RouteKind::Freeze, "POST", {"reason"}},
    {RouteKind::Thaw, "POST", {"reason"}},
};

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::uint64_t> wholeNumber(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || text.empty() || value > max)
    return std::nullopt;
  return value;
}

std::vector<std::string_view> segmentsOf(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

struct Leaf {
  std::string_view segment;
  RouteKind kind;
};
constexpr Leaf kLeaves[] = {{"plans", RouteKind::Plans},       {"diff", RouteKind::Diff},
                            {"rollback", RouteKind::Rollback}, {"explain", RouteKind::Explain},
                            {"verify", RouteKind::Verify},     {"freeze", RouteKind::Freeze},
                            {"thaw", RouteKind::Thaw}};

/// Fills in kind, zone and generation. The zone is read last, so that an unknown path is told as such.
std::optional<HttpResponse> readPath(std::string_view path, Route& route) {
  const auto unknown = [whole = path] { return errorResponse(404, "there is no " + std::string(whole)); };
  if (path.empty() || path.front() != '/') return unknown();
  std::vector<std::string_view> segments = segmentsOf(path);
  if (segments.size() > 3 && segments.back().empty()) segments.pop_back();
  if (segments.size() < 2 || segments[0] != "v1") return unknown();
  if (segments[1] == "status" && segments.size() == 2) return std::nullopt;
  if (segments[1] != "zones" || segments.size() < 3 || segments.size() > 5) return unknown();

  route.kind = RouteKind::Zone;
  if (segments.size() > 3) {
    const auto* const leaf = std::ranges::find(kLeaves, segments[3], &Leaf::segment);
    if (leaf == std::end(kLeaves)) return unknown();
    route.kind = leaf->kind;
    if (segments.size() == 5 && route.kind != RouteKind::Plans) return unknown();
    if (segments.size() == 5) route.kind = RouteKind::Plan;
  }
  if (route.kind == RouteKind::Plan) {
    const auto generation = wholeNumber(segments[4], kMaxGeneration);
    if (!generation || *generation == 0)
      return errorResponse(400, "a generation is a number from 1 to 2^63-1, not " + std::string(segments[4]));
    route.generation = *generation;
  }
  const auto text = percentDecode(segments[2], false);
  if (!text) return errorResponse(400, text.error().text());
  if (text->empty() || *text == "@") return unknown();
  const auto zone = Name::absolute(*text);
  if (!zone) return errorResponse(400, "not a zone name: " + zone.error().text());
  route.zone = *zone;
  return std::nullopt;
}

const Entry* findEntry(RouteKind kind, std::string_view method, std::string& allowed) {
  for (const Entry& entry : kEntries) {
    if (entry.kind != kind) continue;
    if (entry.method == method) return &entry;
    allowed += (allowed.empty() ? "" : ", ") + std::string(entry.method);
  }
  return nullptr;
}

std::optional<HttpResponse> checkParameters(const Entry& entry, const QueryParameters& query) {
  std::vector<std::string_view> known;
  for (std::string_view each : entry.parameters)
    if (!each.empty()) known.push_back(each.ends_with('+') ? each.substr(0, each.size() - 1) : each);
  for (const auto& [key, value] : query.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      return errorResponse(400, "unknown query parameter \"" + key + "\"" + didYouMean(key, known));
    const bool repeatable =
        std::find(entry.parameters.begin(), entry.parameters.end(), key + "+") != entry.parameters.end();
    if (!repeatable && query.all(key).size() > 1)
      return errorResponse(400, "query parameter \"" + key + "\" is given twice");
  }
  return std::nullopt;
}

}  // namespace

HttpResponse errorResponse(int status, std::string_view text) {
  return {status, jsonObject([text](JsonWriter& json) { json.member("error", text); })};
}

Result<std::string> percentDecode(std::string_view text, bool plusIsBlank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plusIsBlank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return Error{ErrorKind::Malformed, std::string(text), "% must be followed by two hex digits"};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Result<QueryParameters> QueryParameters::parse(std::string_view query) {
  QueryParameters parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    auto key = percentDecode(item.substr(0, equals), true);
    auto value = percentDecode(item.substr(std::min(equals + 1, item.size())), true);
    if (!key) return key.error();
    if (!value) return value.error();
    parameters.items_.emplace_back(*std::move(key), *std::move(value));
  }
  return parameters;
}

std::optional<std::string> QueryParameters::find(std::string_view key) const {
  for (const auto& [each, value] : items_)
    if (each == key) return value;
  return std::nullopt;
}

std::vector<std::string> QueryParameters::all(std::string_view key) const {
  std::vector<std::string> values;
  for (const auto& [each, value] : items_)
    if (each == key) values.push_back(value);
  return values;
}

Result<std::optional<std::uint64_t>> QueryParameters::number(std::string_view key, std::uint64_t max) const {
  const auto text = find(key);
  if (!text) return std::optional<std::uint64_t>();
  const auto value = wholeNumber(*text, max);
  if (!value)
    return Error{ErrorKind::Invalid, std::string(key),
                 "must be a number from 0 to " + std::to_string(max) + ", not \"" + *text + "\""};
  return value;
}

Result<bool> QueryParameters::flag(std::string_view key) const {
  const auto text = find(key);
  if (!text || *text == "false") return false;
  if (*text == "true" || text->empty()) return true;
  return Error{ErrorKind::Invalid, std::string(key), "must be true or false, not \"" + *text + "\""};
}

std::variant<Route, HttpResponse> routeOf(std::string_view method, std::string_view path,
                                          std::string_view query) {
  Route route;
  route.method = method;
  if (auto response = readPath(path, route)) return *std::move(response);
  std::string allowed;
  const Entry* entry = findEntry(route.kind, method, allowed);
  if (entry == nullptr) {
    HttpResponse response = errorResponse(405, "this route takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  auto parameters = QueryParameters::parse(query);
  if (!parameters) return errorResponse(400, parameters.error().text());
  route.query = *std::move(parameters);
  if (auto response = checkParameters(*entry, route.query)) return *std::move(response);
  return route;
}

}  // namespace holdfast
