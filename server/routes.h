#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/http.h"
#include "zone/zone.h"

namespace holdfast {

enum class RouteKind { Server, Zone, Plans, Plan, Diff, Rollback, Explain, Verify, Freeze, Thaw };

/// The decoded parameters of a query string, in their order.
class QueryParameters {
 public:
  /// Malformed where a percent sign is not followed by two hex digits.
  static Result<QueryParameters> parse(std::string_view query);

  std::optional<std::string> find(std::string_view key) const;
  std::vector<std::string> all(std::string_view key) const;
  const std::vector<std::pair<std::string, std::string>>& items() const noexcept { return items_; }

  /// A whole number, or none where it is not given; an Error that names the parameter where it is no number.
  Result<std::optional<std::uint64_t>> number(std::string_view key, std::uint64_t max) const;
  /// "true" (also by the bare name) or "false"; false where it is not given.
  Result<bool> flag(std::string_view key) const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

/// What a request asks for.
struct Route {
  RouteKind kind = RouteKind::Server;
  std::string method;
  Name zone;                  ///< of all but Server
  Generation generation = 0;  ///< of Plan
  QueryParameters query;
};

/// Finds the route of a request and checks method and parameter names against it. Otherwise the response to
/// give: 404 naming the path, 405 with Allow, 400 naming the parameter.
std::variant<Route, HttpResponse> routeOf(std::string_view method, std::string_view path,
                                          std::string_view query);

/// {"error": text} under that status.
HttpResponse errorResponse(int status, std::string_view text);

/// Undoes percent-encoding. Malformed where a percent sign is not followed by two hex digits.
Result<std::string> percentDecode(std::string_view text, bool plusIsBlank);

}  // namespace holdfast
