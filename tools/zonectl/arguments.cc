#include "tools/zonectl/arguments.h"

#include <CLI/CLI.hpp>

namespace holdfast::zonectl {

namespace {

constexpr std::uint64_t kMaxGeneration = (1ull << 63) - 1;

/// The command line as CLI11 fills it in.
class Parser {
 public:
  explicit Parser(const std::string& defaultControl) {
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
    addReaders();
    addCheck();
  }

  std::variant<Arguments, Exit> parse(int argc, const char* const* argv, std::ostream& out,
                                      std::ostream& err) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      return app_.exit(problem, out, err) == 0 ? Exit::Done : Exit::Usage;
    }
    if (!arguments_.overrides.empty() && arguments_.reason.empty()) {
      err << "--allow needs --reason: an override stands in the history with its reason\n";
      return Exit::Usage;
    }
    arguments_.json = format_ == "json";
    return arguments_;
  }

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* description, Command command) {
    CLI::App* sub = parent.add_subcommand(name, description);
    sub->fallthrough();  // so that --format and --control may stand behind it
    sub->final_callback([this, command] { arguments_.command = command; });
    return sub;
  }
  void addZone(CLI::App* sub) {
    sub->add_option("ZONE", arguments_.zone, "The zone, with or without its final dot")->required();
  }
  CLI::Option* addReason(CLI::App* sub, const char* why) {
    return sub->add_option("--reason", arguments_.reason, why)->type_name("TEXT");
  }

  void addZoneCommands() {
    CLI::App* zone = app_.add_subcommand("zone", "Add or remove a zone")->require_subcommand(1);
    zone->fallthrough();
    addZone(add(*zone, "add", "Hold a zone; until its first plan it is answered with SERVFAIL",
                Command::ZoneAdd));
    CLI::App* remove =
        add(*zone, "remove", "Stop answering for a zone; its history and fence stay", Command::ZoneRemove);
    addZone(remove);
    addReason(remove, "Why; goes to the log")->required();
    remove->add_flag("--forget", arguments_.forget, "Drop history and fence too: old plans could come back");
    CLI::App* freeze = add(app_, "freeze", "Refuse plans of automation for a zone", Command::Freeze);
    addZone(freeze);
    addReason(freeze, "Why; shown in the status")->required();
    CLI::App* thaw = add(app_, "thaw", "End a freeze", Command::Thaw);
    addZone(thaw);
    addReason(thaw, "Why; goes to the log");
  }

  void addPush() {
    CLI::App* push =
        add(app_, "push",
            "Submit a plan. Without --generation and --base, and where FILE names no generation, "
            "it is made on what is committed now: on a terminal you see the change first",
            Command::Push);
    addZone(push);
    push->add_option("FILE", arguments_.file, "A plan (.json) or zone file (.zone), - for standard input")
        ->required();
    push->add_option("--generation", arguments_.generation, "The plan's generation")
        ->check(CLI::Range(std::uint64_t{1}, kMaxGeneration))
        ->type_name("N");
    push->add_option("--base", arguments_.base,
                     "What the plan was made from: refused if that is not committed")
        ->check(CLI::Range(std::uint64_t{0}, kMaxGeneration))
        ->type_name("N");
    push->add_option("--source", arguments_.source, "Who made the plan, where it does not say")
        ->type_name("NAME");
    push->add_option("--remove", arguments_.removals, "A name, or one type of it, whose loss is meant")
        ->type_name("NAME[/TYPE]")
        ->expected(1)
        ->take_all();
    push->add_option("--allow", arguments_.overrides, "Override one rule of the guard; needs --reason")
        ->type_name("RULE[:NAME]")
        ->expected(1)
        ->take_all();
    addReason(push, "Why; stands in the history, and lets a person through a freeze");
    push->add_flag("--dry-run", arguments_.dryRun, "Show the change and the verdict, publish nothing");
    push->add_flag("-y,--yes", arguments_.yes, "Do not ask");
  }

  void addReaders() {
    add(app_, "status", "The server, its zones and its Enactors", Command::Status);
    CLI::App* history = add(app_, "history", "What was published and refused in a zone", Command::History);
    addZone(history);
    history->add_option("--limit", arguments_.limit, "How many entries (20)")
        ->check(CLI::Range(1u, 1000u))
        ->type_name("N");
    CLI::App* show = add(app_, "show", "The content of a zone", Command::Show);
    addZone(show);
    show->add_option("GENERATION", arguments_.generation, "Which one; otherwise what is committed")
        ->check(CLI::Range(std::uint64_t{1}, kMaxGeneration));
    show->add_option("--as", arguments_.as, "json or zone (zone file)")
        ->check(CLI::IsMember({"json", "zone"}))
        ->type_name("FORMAT");
  }

  void addCheck() {
    CLI::App* check =
        add(app_, "check", "Check a plan without a server, as the first plan of its zone", Command::Check);
    check->add_option("FILE", arguments_.file, "A plan (.json) or zone file (.zone), - for standard input")
        ->required();
    check->add_flag("--strict", arguments_.strict, "Exit with 3 for warnings too");
    check->add_option("--zone", arguments_.zone, "Its zone, where the file does not say")->type_name("ZONE");
  }

  CLI::App app_{"Drives a Holdfast server."};
  Arguments arguments_;
  std::string format_ = "text";
};

}  // namespace

std::variant<Arguments, Exit> parseArguments(int argc, const char* const* argv,
                                             const std::string& defaultControl, std::ostream& out,
                                             std::ostream& err) {
  return Parser(defaultControl).parse(argc, argv, out, err);
}

}  // namespace holdfast::zonectl
