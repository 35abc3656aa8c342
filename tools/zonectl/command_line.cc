#include "tools/zonectl/command_line.h"

#include <algorithm>
#include <ostream>

#include "zone/suggest.h"
#include "zone/zone.h"

namespace holdfast::zonectl {

namespace {

/// What CLI11 says of a word that is no command, with what may have been meant.
std::string unknownCommand(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) {
      const CLI::Option* option = app.get_option_no_throw(word);
      if (option != nullptr && option->get_items_expected_max() > 0) ++i;  // its value
      continue;
    }
    std::vector<std::string> names;
    for (const CLI::App* sub : at->get_subcommands(nullptr)) names.push_back(sub->get_name());
    if (names.empty()) return "";
    const auto known = std::find(names.begin(), names.end(), word);
    if (known == names.end()) {
      const std::vector<std::string_view> views(names.begin(), names.end());
      return "\"" + word + "\" is no command" + didYouMean(word, views) + "; zonectl --help lists them\n";
    }
    at = at->get_subcommand(word);
  }
  return "";
}

}  // namespace

CommandLine::CommandLine(const std::string& defaultControl) {
  arguments_.control = defaultControl;
  app_.name("zonectl");
  app_.require_subcommand(1);
  app_.set_version_flag("--version", "zonectl " HOLDFAST_VERSION);
  app_.add_option("--control", arguments_.control, "The server's control socket")
      ->envname("HOLDFAST_CONTROL")
      ->type_name("PATH");
  app_.add_option("--format", format_, "text for people, json for programs")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  app_.add_option("--timeout", arguments_.timeoutSeconds, "How long to wait for the server's answer (300)")
      ->check(CLI::Range(1u, 86'400u))
      ->type_name("SECONDS");
  app_.footer("Exit status: 0 done, 2 usage, 3 refused, 4 cannot reach the server, 1 anything else.");
  addZoneCommands();
  addPush();
  addComparisons();
  addReaders();
  addWatch();
  addCheck();
}

std::variant<Arguments, Exit> CommandLine::parse(int argc, const char* const* argv, std::ostream& out,
                                                 std::ostream& err) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() != 0)
      if (const std::string text = unknownCommand(app_, argc, argv); !text.empty()) {
        err << text;
        return Exit::Usage;
      }
    return app_.exit(problem, out, err) == 0 ? Exit::Done : Exit::Usage;
  }
  const auto misused = [&](const char* text) {
    err << text << "\n";
    return Exit::Usage;
  };
  if (!arguments_.overrides.empty() && arguments_.reason.empty())
    return misused("--allow needs --reason: an override stands in the history with its reason");
  if (arguments_.command == Command::Diff && !arguments_.file.empty() && arguments_.from)
    return misused("a plan is compared with what is committed: leave FROM and TO out, or --file");
  arguments_.json = format_ == "json";
  return arguments_;
}

CLI::App* CommandLine::add(CLI::App& parent, const char* name, const char* description, Command command) {
  CLI::App* sub = parent.add_subcommand(name, description);
  sub->fallthrough();  // so that --format and --control may stand behind it
  sub->final_callback([this, command] { arguments_.command = command; });
  return sub;
}

void CommandLine::addZone(CLI::App* sub) {
  sub->add_option("ZONE", arguments_.zone, "The zone, with or without its final dot")->required();
}

CLI::Option* CommandLine::addReason(CLI::App* sub, const char* why) {
  return sub->add_option("--reason", arguments_.reason, why)->type_name("TEXT");
}

CLI::Option* CommandLine::addGeneration(CLI::App* sub, const char* name, std::optional<std::uint64_t>& to,
                                        const char* description, std::uint64_t least) {
  return sub->add_option(name, to, description)
      ->check(CLI::Range(least, std::uint64_t{kMaxGeneration}))
      ->type_name("GENERATION");
}

/// The options that everything has that is judged by the guard.
void CommandLine::addSubmission(CLI::App* sub) {
  sub->add_option("--remove", arguments_.removals, "A name, or one type of it, whose loss is meant")
      ->type_name("NAME[/TYPE]")
      ->expected(1)
      ->take_all();
  sub->add_option("--allow", arguments_.overrides, "Override one rule of the guard; needs --reason")
      ->type_name("RULE[:NAME]")
      ->expected(1)
      ->take_all();
  addGeneration(sub, "--base", arguments_.base, "What it was made from: refused if that is not committed", 0);
  sub->add_flag("--dry-run", arguments_.dryRun, "Show the change and the verdict, publish nothing");
  sub->add_flag("-y,--yes", arguments_.yes, "Do not ask");
}

void CommandLine::addZoneCommands() {
  CLI::App* zone = app_.add_subcommand("zone", "Add or remove a zone")->require_subcommand(1);
  zone->fallthrough();
  addZone(
      add(*zone, "add", "Hold a zone; until its first plan it is answered with SERVFAIL", Command::ZoneAdd));
  CLI::App* remove =
      add(*zone, "remove", "Stop answering for a zone; its history and fence stay", Command::ZoneRemove);
  addZone(remove);
  addReason(remove, "Why; stands in the history")->required();
  remove->add_flag("--forget", arguments_.forget, "Drop history and fence too: old plans could come back");
  CLI::App* freeze = add(app_, "freeze", "Refuse plans of automation for a zone", Command::Freeze);
  addZone(freeze);
  addReason(freeze, "Why; shown in the status and the history")->required();
  CLI::App* thaw = add(app_, "thaw", "End a freeze", Command::Thaw);
  addZone(thaw);
  addReason(thaw, "Why; stands in the history");
}

void CommandLine::addPush() {
  CLI::App* push = add(app_, "push",
                       "Submit a plan. Without --generation and --base, and where FILE names no generation, "
                       "it is made on what is committed now: on a terminal you see the change first",
                       Command::Push);
  addZone(push);
  push->add_option("FILE", arguments_.file, "A plan (.json) or zone file (.zone), - for standard input")
      ->required();
  addGeneration(push, "--generation", arguments_.generation, "The plan's generation");
  push->add_option("--source", arguments_.source, "Who made the plan, where it does not say")
      ->type_name("NAME");
  addReason(push, "Why; stands in the history, and lets a person through a freeze");
  addSubmission(push);
}

void CommandLine::addComparisons() {
  CLI::App* diff = add(app_, "diff",
                       "What differs between two generations, by endpoint with the effect on its capacity. "
                       "Without any: what the last plan changed",
                       Command::Diff);
  addZone(diff);
  addGeneration(diff, "FROM", arguments_.from, "The older one; 0 stands for nothing", 0);
  addGeneration(diff, "TO", arguments_.to, "The newer one; otherwise what is served", 0);
  diff->add_option("--file", arguments_.file,
                   "Compare this plan or zone file with what is committed; - for standard input")
      ->type_name("FILE");
  diff->add_option("--limit", arguments_.limit, "How many names are listed (100)")
      ->check(CLI::Range(1u, 100'000u))
      ->type_name("N");

  CLI::App* rollback = add(app_, "rollback",
                           "Bring the content of an older generation back under a new one, through the "
                           "guard. On a terminal you see the change first",
                           Command::Rollback);
  addZone(rollback);
  addGeneration(rollback, "--to", arguments_.to,
                "Whose content; otherwise the newest last-known-good one below what is committed");
  addReason(rollback, "Why; stands in the history")->required();
  rollback->add_flag("--remove-added", arguments_.removesAdded, "All that came since may go");
  addSubmission(rollback);
}

void CommandLine::addReaders() {
  add(app_, "status", "The server, its zones and its Enactors", Command::Status);
  CLI::App* history =
      add(app_, "history", "What was done to a zone: plans, refusals, freezes", Command::History);
  addZone(history);
  history->add_option("--limit", arguments_.limit, "How many entries (20)")
      ->check(CLI::Range(1u, 1000u))
      ->type_name("N");
  history->add_option("--outcome", arguments_.outcome, "Only entries of this kind")
      ->check(CLI::IsMember({"published", "refused", "superseded", "frozen", "thawed", "zone-added",
                             "zone-removed", "cleaned-up", "restored"}))
      ->type_name("KIND");
  history->add_flag("--verify", arguments_.verify,
                    "Recompute the seals of all entries and say whether they are as they were written");
  CLI::App* show = add(app_, "show", "The content of a zone", Command::Show);
  addZone(show);
  addGeneration(show, "GENERATION", arguments_.generation, "Which one; otherwise what is committed");
  show->add_option("--as", arguments_.as, "json or zone (zone file)")
      ->check(CLI::IsMember({"json", "zone"}))
      ->type_name("FORMAT");
  CLI::App* explain = add(app_, "explain",
                          "How a name is answered now, since which plan and why, and what the guard would "
                          "say about removing it",
                          Command::Explain);
  explain->add_option("NAME", arguments_.name, "The name; with --zone relative to it, else absolute")
      ->required();
  explain->add_option("TYPE", arguments_.type, "One type; otherwise all that a client can get");
  explain->add_option("--zone", arguments_.zone, "The zone; otherwise the closest one held above the name")
      ->type_name("ZONE");
}

void CommandLine::addWatch() {
  CLI::App* watch =
      add(app_, "watch", "Follow generations, refusals, swap times and answers per second as they happen",
          Command::Watch);
  watch->add_option("ZONE", arguments_.zones, "Only these zones");
  watch->add_option("--interval", arguments_.interval, "Between two looks (1)")
      ->check(CLI::Range(0.05, 3600.0))
      ->type_name("SECONDS");
  watch->add_option("--count", arguments_.count, "End after so many looks")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32))
      ->type_name("N");
}

void CommandLine::addCheck() {
  CLI::App* check =
      add(app_, "check", "Check a plan without a server, as the first plan of its zone", Command::Check);
  check->add_option("FILE", arguments_.file, "A plan (.json) or zone file (.zone), - for standard input")
      ->required();
  check->add_flag("--strict", arguments_.strict, "Exit with 3 for warnings too");
  check->add_option("--zone", arguments_.zone, "Its zone, where the file does not say")->type_name("ZONE");
}

std::variant<Arguments, Exit> parseArguments(int argc, const char* const* argv,
                                             const std::string& defaultControl, std::ostream& out,
                                             std::ostream& err) {
  return CommandLine(defaultControl).parse(argc, argv, out, err);
}

}  // namespace holdfast::zonectl
