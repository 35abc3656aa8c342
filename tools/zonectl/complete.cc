#include "tools/zonectl/complete.h"

#include <algorithm>
#include <optional>
#include <ostream>

#include "tools/zonectl/command_line.h"
#include "tools/zonectl/commands.h"
#include "tools/zonectl/url.h"
#include "zone/guard.h"

namespace holdfast::zonectl {

using namespace render_detail;

namespace {

constexpr std::chrono::seconds kPatience{2};  // somebody waits for the Tab key
constexpr const char* kGenerations = "50";    // the newest that are offered

constexpr const char* kTypes[] = {"A",  "AAAA", "CAA", "CNAME", "DNAME", "DS",   "HTTPS",
                                  "MX", "NS",   "PTR", "SOA",   "SRV",   "SVCB", "TXT"};

/// "FORMAT" of what CLI11 makes "FORMAT:{json,text}".
std::string kindOf(const CLI::Option& option) {
  const std::string text = option.get_positional() ? option.get_name(true) : option.get_type_name();
  return text.substr(0, text.find(':'));
}

/// The words of a check that allows only these: "FORMAT:{json,text}".
std::vector<std::string> choicesOf(const CLI::Option& option) {
  const std::string text = option.get_type_name();
  const std::size_t begin = text.find('{'), end = text.rfind('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::string word;
  for (const char c : text.substr(begin + 1, end - begin - 1) + ",") {
    if (c != ',') {
      word += c;
    } else if (!word.empty()) {
      choices.push_back(std::exchange(word, ""));
    }
  }
  return choices;
}

/// Where in the command line the words lead.
struct Place {
  const CLI::App* app;
  const CLI::Option* awaited = nullptr;  // an option whose value is the next word
  std::vector<std::string> positionals;  // given so far
};

const CLI::Option* optionOf(const CLI::App* app, const std::string& word) {
  for (; app != nullptr; app = app->get_parent())
    for (const CLI::Option* option : app->get_options())
      if (!option->get_positional() && option->check_name(word)) return option;
  return nullptr;
}

Place placeOf(const CLI::App& root, const std::vector<std::string>& words) {
  Place place{&root, nullptr, {}};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.awaited != nullptr) {
      place.awaited = nullptr;
      continue;
    }
    if (word.starts_with("-") && word != "-") {
      const CLI::Option* option = word.find('=') == std::string::npos ? optionOf(place.app, word) : nullptr;
      if (option != nullptr && option->get_items_expected_max() > 0) place.awaited = option;
      continue;
    }
    const auto subs = place.app->get_subcommands(nullptr);
    const auto sub = std::find_if(subs.begin(), subs.end(),
                                  [&](const CLI::App* each) { return each->get_name() == word; });
    if (sub != subs.end())
      place.app = *sub;
    else
      place.positionals.push_back(word);
  }
  return place;
}

class Completer {
 public:
  Completer(const Place& place, const CompletionSources& sources) : place_(place), sources_(sources) {}

  void values(const CLI::Option& option) {
    for (const std::string& choice : choicesOf(option)) add(choice);
    const std::string kind = kindOf(option);
    if (kind == "PATH" || kind == "FILE") completion_.files = true;
    if (kind == "ZONE") addAll(sources_.zones());
    if (kind == "NAME" && option.get_positional()) addAll(sources_.zones());
    if (kind == "TYPE")
      for (const char* type : kTypes) add(type);
    if ((kind == "GENERATION" || kind == "FROM" || kind == "TO") && !place_.positionals.empty())
      addAll(sources_.generations(place_.positionals.front()));
    if (kind.starts_with("RULE"))
      for (std::size_t i = 0; i < kRules; ++i)
        if (const auto rule = static_cast<Rule>(i); isOverridable(rule)) add(std::string(toText(rule)));
  }
  void commands() {
    for (const CLI::App* sub : place_.app->get_subcommands(nullptr))
      add(sub->get_name(), sub->get_description());
  }
  void options() {
    for (const CLI::App* app = place_.app; app != nullptr; app = app->get_parent())
      for (const CLI::Option* option : app->get_options())
        for (const std::string& name : option->get_lnames()) add("--" + name, option->get_description());
  }
  void positional() {
    std::size_t index = 0;
    for (const CLI::Option* option : place_.app->get_options()) {
      if (!option->get_positional()) continue;
      const bool repeats = option->get_expected_max() > 1;
      if (index++ == place_.positionals.size() || repeats) return values(*option);
    }
  }
  Completion finish(const std::string& begun) {
    std::erase_if(completion_.candidates,
                  [&](const Candidate& each) { return !each.word.starts_with(begun); });
    const auto byWord = [](const Candidate& a, const Candidate& b) { return a.word == b.word; };
    auto& all = completion_.candidates;
    all.erase(std::unique(all.begin(), all.end(), byWord), all.end());
    return std::move(completion_);
  }

 private:
  void add(const std::string& word, const std::string& description = "") {
    completion_.candidates.push_back({word, description.substr(0, description.find(". "))});
  }
  void addAll(const std::vector<std::string>& words) {
    for (const std::string& word : words) add(word);
  }

  const Place& place_;
  const CompletionSources& sources_;
  Completion completion_;
};

Json ask(ApiClient& client, const std::string& target) {
  ApiRequest request;
  request.target = target;
  const Result<ApiResponse> response = client.send(request);
  return response && response->isSuccess() ? documentOf(*response) : Json();
}

/// --control as far as it was typed.
std::string controlOf(const std::vector<std::string>& words, const std::string& otherwise) {
  std::string control = otherwise;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--control" && i + 2 < words.size()) control = words[i + 1];
    if (words[i].starts_with("--control=")) control = words[i].substr(10);
  }
  return control;
}

}  // namespace

Completion complete(const std::vector<std::string>& words, const CompletionSources& sources) {
  const CommandLine line("");
  const std::string begun = words.empty() ? "" : words.back();
  const Place place = placeOf(line.app(), words);
  Completer completer(place, sources);
  if (place.awaited != nullptr) {
    completer.values(*place.awaited);
  } else if (begun.starts_with("-")) {
    completer.options();
  } else if (!place.app->get_subcommands(nullptr).empty()) {
    completer.commands();
  } else {
    completer.positional();
  }
  return completer.finish(begun);
}

Exit runCompletion(const std::vector<std::string>& words, const std::string& defaultControl,
                   std::ostream& out) {
  const char* set = std::getenv("HOLDFAST_CONTROL");  // NOLINT(concurrency-mt-unsafe): there is one thread
  const std::string control = controlOf(words, set == nullptr || *set == '\0' ? defaultControl : set);
  ApiClient client(control, kPatience);
  CompletionSources sources;
  sources.zones = [&] {
    std::vector<std::string> zones;
    const Json status = ask(client, "/v1/status");
    for (const Json& zone : listOf(status, "zones")) zones.push_back(textOf(zone, "zone"));
    return zones;
  };
  sources.generations = [&](const std::string& zone) {
    std::vector<std::string> generations;
    const Json history =
        ask(client,
            Target(zonePath(zone, "/plans")).with("outcome", "published").with("limit", kGenerations).text());
    for (const Json& entry : listOf(history, "history")) generations.push_back(textOf(entry, "generation"));
    return generations;
  };
  const Completion completion = complete(words, sources);
  if (completion.files) out << ":files\n";
  for (const Candidate& candidate : completion.candidates)
    out << candidate.word << (candidate.description.empty() ? "" : "\t" + candidate.description) << "\n";
  return Exit::Done;
}

}  // namespace holdfast::zonectl
