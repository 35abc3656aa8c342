#include <ostream>

#include "tools/zonectl/commands.h"
#include "tools/zonectl/url.h"
#include "zone/name.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

/// The held zone closest above the name; blank where none is.
std::string zoneAbove(const Json& status, NameView name) {
  std::string best;
  std::size_t size = 0;
  for (const Json& zone : listOf(status, "zones")) {
    const std::string text = textOf(zone, "zone");
    const Result<Name> apex = Name::absolute(text);
    if (!apex || !name.isAtOrBelow(*apex) || apex->view().size() <= size) continue;
    best = text;
    size = apex->view().size();
  }
  return best;
}

std::variant<Target, Exit> targetOf(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  std::string zone = arguments.zone, name = arguments.name;
  if (zone.empty()) {
    const Result<Name> absolute = Name::absolute(name);
    if (!absolute) {
      screen.err << "zonectl: not a name: " << printable(absolute.error().text()) << "\n";
      return Exit::Usage;
    }
    ApiRequest request;
    request.target = "/v1/status";
    const Result<ApiResponse> response = client.send(request);
    if (!response) return explainUnreachable(response.error(), screen);
    if (!response->isSuccess()) return explainProblem(*response, screen);
    zone = zoneAbove(documentOf(*response), *absolute);
    name = absolute->text();
    if (zone.empty()) {
      screen.err << "zonectl: no zone held contains " << printable(name)
                 << ": queries for it are answered with REFUSED (zonectl status lists the zones)\n";
      return Exit::Other;
    }
  }
  Target target(zonePath(zone, "/explain"));
  target.with("name", name).withText("type", arguments.type);
  return target;
}

}  // namespace

Exit explain(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  const auto target = targetOf(arguments, client, screen);
  if (const Exit* ended = std::get_if<Exit>(&target)) return *ended;
  ApiRequest request;
  request.target = std::get<Target>(target).text();
  const Result<ApiResponse> response = client.send(request);
  if (!response) return explainUnreachable(response.error(), screen);
  if (arguments.json) screen.out << response->body;
  if (!response->isSuccess()) return arguments.json ? Exit::Other : explainProblem(*response, screen);
  if (!arguments.json) screen.out << renderExplained(documentOf(*response), screen.palette);
  return Exit::Done;
}

}  // namespace holdfast::zonectl
