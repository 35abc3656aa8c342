#include "tools/zonectl/commands.h"

#include <ostream>

#include "tools/zonectl/url.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr std::uint64_t kHistoryDefault = 20;

/// A request of which the answer's document is shown, or a sentence where the document says nothing new.
template <class Show>
Exit ask(const Arguments& arguments, ApiClient& client, const Screen& screen, const char* method,
         const std::string& target, Show show) {
  ApiRequest request;
  request.method = method;
  request.target = target;
  const Result<ApiResponse> response = client.send(request);
  if (!response) return explainUnreachable(response.error(), screen);
  if (arguments.json) {
    screen.out << response->body;
    return response->isSuccess() ? Exit::Done : Exit::Other;
  }
  if (!response->isSuccess()) return explainProblem(*response, screen);
  screen.out << show(documentOf(*response));
  return Exit::Done;
}

Exit show(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  std::uint64_t generation = arguments.generation.value_or(0);
  if (generation == 0) {
    ApiRequest request;
    request.target = zonePath(arguments.zone);
    const Result<ApiResponse> response = client.send(request);
    if (!response) return explainUnreachable(response.error(), screen);
    if (!response->isSuccess()) return explainProblem(*response, screen);
    generation = numberOf(documentOf(*response), "committed");
    if (generation == 0) {
      screen.err << "zonectl: " << printable(arguments.zone) << " has no content yet\n";
      return Exit::Other;
    }
  }
  const bool json = arguments.as.empty() ? arguments.json : arguments.as == "json";
  ApiRequest request;
  request.target = zonePath(arguments.zone, "/plans/" + std::to_string(generation));
  request.accept = json ? "application/json" : "text/dns";
  const Result<ApiResponse> response = client.send(request);
  if (!response) return explainUnreachable(response.error(), screen);
  if (!response->isSuccess()) return explainProblem(*response, screen);
  screen.out << response->body;
  return Exit::Done;
}

Exit verify(const Arguments& arguments, ApiClient& client, const Screen& screen) {
  ApiRequest request;
  request.target = zonePath(arguments.zone, "/verify");
  const Result<ApiResponse> response = client.send(request);
  if (!response) return explainUnreachable(response.error(), screen);
  if (arguments.json) screen.out << response->body;
  if (!response->isSuccess()) return arguments.json ? Exit::Other : explainProblem(*response, screen);
  const Json document = documentOf(*response);
  if (!arguments.json) screen.out << renderSeal(document, screen.palette);
  return isTrue(document, "whole") ? Exit::Done : Exit::Other;
}

std::string frozenText(const std::string& zone, const Json& document) {
  std::string text = zone + " is frozen: plans of automation are refused until zonectl thaw " + zone + "\n";
  const Json& before = memberOf(document, "frozen_before");
  if (!before.is_object()) return text;
  return text + "It was frozen already, since " + printable(textOf(before, "since")) + ": " +
         printable(textOf(before, "reason")) + ". The new reason stands in its place; one thaw ends both.\n";
}

std::string thawedText(const std::string& zone, const Json& document) {
  // A server that does not tell what stood before has thawed.
  if (document.is_object() && document.contains("frozen_before") && document["frozen_before"].is_null())
    return zone + " was not frozen: nothing to do\n";
  return zone + " is thawed: plans of automation are taken again\n";
}

}  // namespace

Json documentOf(const ApiResponse& response) {
  Json document = Json::parse(response.body, nullptr, false);
  return document.is_discarded() ? Json() : document;
}

bool isRefusal(const Json& document) {
  return textOf(document, "outcome") == "refused";
}

Exit explainProblem(const ApiResponse& response, const Screen& screen) {
  const std::string error = textOf(documentOf(response), "error");
  screen.err << "zonectl: "
             << (error.empty() ? "the server answers with status " + std::to_string(response.status)
                               : printable(error))
             << "\n";
  return Exit::Other;
}

Exit explainUnreachable(const Error& error, const Screen& screen) {
  screen.err << "zonectl: " << printable(error.text()) << "\n";
  return Exit::Unreachable;
}

Exit run(const Arguments& arguments, const Screen& screen) {
  if (arguments.command == Command::Check) return check(arguments, screen);
  ApiClient client(arguments.control, std::chrono::seconds(arguments.timeoutSeconds));
  const std::string zone = printable(arguments.zone);
  const auto say = [](std::string text) { return [said = std::move(text)](const Json&) { return said; }; };
  switch (arguments.command) {
    case Command::Status:
      return ask(arguments, client, screen, "GET", "/v1/status",
                 [&](const Json& document) { return renderStatus(document, screen.palette); });
    case Command::ZoneAdd:
      return ask(arguments, client, screen, "PUT", zonePath(arguments.zone),
                 say(zone + " is held. Submit its first plan: zonectl push " + zone + " FILE\n"));
    case Command::ZoneRemove: {
      Target target(zonePath(arguments.zone));
      target.with("reason", arguments.reason);
      if (arguments.forget) target.with("forget", "true");
      return ask(arguments, client, screen, "DELETE", target.text(),
                 say(zone + " is removed; its history and fence " +
                     (arguments.forget ? "are dropped.\n" : "stay.\n")));
    }
    case Command::History:
      if (arguments.verify) return verify(arguments, client, screen);
      return ask(arguments, client, screen, "GET",
                 Target(zonePath(arguments.zone, "/plans"))
                     .with("limit", std::to_string(arguments.limit.value_or(kHistoryDefault)))
                     .withText("outcome", arguments.outcome)
                     .text(),
                 [&](const Json& document) { return renderHistory(document, screen.palette); });
    case Command::Diff:
      return diff(arguments, client, screen);
    case Command::Rollback:
      return rollback(arguments, client, screen);
    case Command::Explain:
      return explain(arguments, client, screen);
    case Command::Watch:
      return watch(arguments, client, screen);
    case Command::Freeze:
      return ask(arguments, client, screen, "POST",
                 Target(zonePath(arguments.zone, "/freeze")).with("reason", arguments.reason).text(),
                 [&](const Json& document) { return frozenText(zone, document); });
    case Command::Thaw:
      return ask(arguments, client, screen, "POST",
                 Target(zonePath(arguments.zone, "/thaw")).withText("reason", arguments.reason).text(),
                 [&](const Json& document) { return thawedText(zone, document); });
    case Command::Show:
      return show(arguments, client, screen);
    case Command::Push:
      return push(arguments, client, screen);
    case Command::Check:
      break;
  }
  return Exit::Usage;
}

}  // namespace holdfast::zonectl
