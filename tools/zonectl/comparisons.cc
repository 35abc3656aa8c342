#include <ostream>

#include "tools/zonectl/commands.h"
#include "tools/zonectl/plan_source.h"
#include "tools/zonectl/url.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr std::uint64_t kDiffNames = 100;     // that a comparison shows where nothing else is asked for
constexpr const char* kRollbackNames = "50";  // that the outcome of a rollback shows

Exit shown(const Result<ApiResponse>& response, const Arguments& arguments, const Screen& screen) {
  if (!response) return explainUnreachable(response.error(), screen);
  if (arguments.json) screen.out << response->body;
  if (!response->isSuccess()) return arguments.json ? Exit::Other : explainProblem(*response, screen);
  if (!arguments.json) screen.out << renderComparison(documentOf(*response), screen.palette);
  return Exit::Done;
}

Target rollbackTarget(const Arguments& arguments, bool dryRun) {
  Target target(zonePath(arguments.zone, "/rollback"));
  if (arguments.to) target.with("to", std::to_string(*arguments.to));
  if (arguments.base) target.with("base", std::to_string(*arguments.base));
  target.with("reason", arguments.reason);
  for (const std::string& removal : arguments.removals) target.with("remove", removal);
  for (const std::string& rule : arguments.overrides) target.with("allow", rule);
  if (arguments.removesAdded) target.with("remove-added", "true");
  if (dryRun) target.with("dry-run", "true");
  if (!arguments.json) target.with("diff", kRollbackNames);
  return target;
}

Result<ApiResponse> sendRollback(const Arguments& arguments, ApiClient& client, const Screen& screen,
                                 bool dryRun) {
  ApiRequest request;
  request.method = "POST";
  const Target target = rollbackTarget(arguments, dryRun);
  request.target = target.text();
  ProgressLine line(screen);
  return client.send(request, [&](std::uint64_t sent, std::uint64_t all) { line.update(sent, all); });
}

}  // namespace

Exit diff(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  Target target(zonePath(arguments.zone, "/diff"));
  target.with("limit", std::to_string(arguments.limit.value_or(kDiffNames)));
  ApiRequest request;
  if (arguments.file.empty()) {
    if (arguments.from) target.with("from", std::to_string(*arguments.from));
    if (arguments.to) target.with("to", std::to_string(*arguments.to));
    request.target = target.text();
    return shown(client.send(request), arguments, screen);
  }
  const Result<PlanSource> source = readPlanSource(arguments.file, screen.in);
  if (!source) {
    screen.err << "zonectl: " << printable(source.error().text()) << "\n";
    return Exit::Other;
  }
  request.method = "POST";
  request.target = target.text();
  request.contentType = source->mediaType();
  request.body = source->body;
  ProgressLine line(screen);
  return shown(client.send(request, [&](std::uint64_t sent, std::uint64_t all) { line.update(sent, all); }),
               arguments, screen);
}

Exit rollback(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  const bool asks = screen.asks && !arguments.yes && !arguments.json && !arguments.dryRun;
  if (!asks) return conclude(sendRollback(arguments, client, screen, arguments.dryRun), arguments, screen);
  const Result<ApiResponse> seen = sendRollback(arguments, client, screen, true);
  const Exit verdict = conclude(seen, arguments, screen);
  if (verdict != Exit::Done) return verdict;
  screen.out.flush();
  if (!screen.confirm("Roll back?")) {
    screen.err << "Nothing was submitted.\n";
    return Exit::Other;
  }
  // Exactly what was seen, or nothing.
  Arguments exact = arguments;
  const Json document = documentOf(*seen);
  exact.base = numberOf(document, "committed");
  exact.to = numberOf(document, "restored");
  return conclude(sendRollback(exact, client, screen, false), exact, screen);
}

}  // namespace holdfast::zonectl
