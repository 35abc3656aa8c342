#include <ostream>

#include "tools/zonectl/commands.h"
#include "tools/zonectl/plan_source.h"
#include "tools/zonectl/url.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr const char* kOutcomeNames = "50";  // that one outcome shows; the changes are counted in any case

/// A submission of one document with what the command line says beside it.
class Submission {
 public:
  Submission(const Arguments& arguments, const PlanSource& source, std::optional<Generation> base)
      : arguments_(arguments), source_(source), base_(base) {}

  Result<ApiResponse> send(ApiClient& client, const Screen& screen, bool dryRun, bool wantsDiff) const {
    Target target(zonePath(arguments_.zone, "/plans"));
    if (arguments_.generation) target.with("generation", std::to_string(*arguments_.generation));
    if (base_) target.with("base", std::to_string(*base_));
    target.withText("source", arguments_.source).withText("reason", arguments_.reason);
    for (const std::string& removal : arguments_.removals) target.with("remove", removal);
    for (const std::string& rule : arguments_.overrides) target.with("allow", rule);
    if (dryRun) target.with("dry-run", "true");
    if (wantsDiff) target.with("diff", kOutcomeNames);

    ApiRequest request;
    request.method = "POST";
    request.target = target.text();
    request.contentType = source_.mediaType();
    request.body = source_.body;
    ProgressLine line(screen);
    return client.send(request, [&](std::uint64_t sent, std::uint64_t all) { line.update(sent, all); });
  }

 private:
  const Arguments& arguments_;
  const PlanSource& source_;
  const std::optional<Generation> base_;
};

/// What is committed in the zone now; 0 for nothing.
std::variant<Generation, Exit> committedNow(const Arguments& arguments, ApiClient& client,
                                            const Screen& screen) {
  ApiRequest request;
  request.target = zonePath(arguments.zone);
  const Result<ApiResponse> response = client.send(request);
  if (!response) return explainUnreachable(response.error(), screen);
  if (!response->isSuccess()) {
    if (!arguments.json) return explainProblem(*response, screen);
    screen.out << response->body;
    return Exit::Other;
  }
  return Generation{numberOf(documentOf(*response), "committed")};
}

/// Whether a person who sees what would change wants it. None: yes.
std::optional<Exit> letJudge(const Submission& submission, const Arguments& arguments, ApiClient& client,
                             const Screen& screen) {
  const Result<ApiResponse> response = submission.send(client, screen, true, true);
  const Exit verdict = conclude(response, arguments, screen);
  if (verdict != Exit::Done) return verdict;
  screen.out.flush();
  if (screen.confirm("Publish this?")) return std::nullopt;
  screen.err << "Nothing was submitted.\n";
  return Exit::Other;
}

}  // namespace

Exit conclude(const Result<ApiResponse>& response, const Arguments& arguments, const Screen& screen) {
  if (!response) return explainUnreachable(response.error(), screen);
  const Json document = documentOf(*response);
  const bool refused = isRefusal(document);
  const bool understood = refused || response->isSuccess();
  if (arguments.json) screen.out << response->body;
  if (!understood) return arguments.json ? Exit::Other : explainProblem(*response, screen);
  if (!arguments.json) screen.out << renderOutcome(document, screen.palette);
  return refused ? Exit::Refused : Exit::Done;
}

Exit push(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  const Result<PlanSource> source = readPlanSource(arguments.file, screen.in);
  if (!source) {
    screen.err << "zonectl: " << printable(source.error().text()) << "\n";
    return Exit::Other;
  }
  // A plan that knows its place is submitted as it is: Planners and scripts order their plans themselves.
  const PlanFacts facts = factsOf(*source);
  const bool asItIs = arguments.generation || arguments.base || facts.generation;
  std::optional<Generation> base = arguments.base;
  if (!asItIs && !facts.base) {
    const auto committed = committedNow(arguments, client, screen);
    if (const Exit* ended = std::get_if<Exit>(&committed)) return *ended;
    base = std::get<Generation>(committed);
  }
  const Submission submission(arguments, *source, base);
  const bool asks = !asItIs && screen.asks && !arguments.yes && !arguments.json && !arguments.dryRun;
  if (asks)
    if (const std::optional<Exit> ended = letJudge(submission, arguments, client, screen)) return *ended;
  return conclude(submission.send(client, screen, arguments.dryRun, !asks && !arguments.json), arguments,
                  screen);
}

}  // namespace holdfast::zonectl
