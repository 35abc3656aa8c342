// holdfastd: reads the command line and the configuration, then hands over to Daemon.
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include "server/config.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/memory_reserve.h"
#include "server/message_config.h"
#include "server/privileges.h"
#include "zone/plan.h"

namespace {

using namespace holdfast;

constexpr int kDone = 0, kFailed = 1, kUsage = 2;

void printErrors(const std::vector<Error>& errors) {
  for (const Error& error : errors) std::cerr << "holdfastd: " << error.text() << "\n";
}

/// Ends the process at once: a thread of a plugin still runs, and must not see what it uses being taken down.
[[noreturn]] void leaveAt(int status) {
  std::cout.flush();
  std::cerr.flush();
  std::_Exit(status);
}

int check(const std::string& file) {
  LoadedConfig loaded = loadConfig(file);
  // What the configuration names is looked at too: the cookie secrets' file, the user, the Enactors' plugins.
  if (loaded.errors.empty()) {
    loaded.errors = checkEnactors(loaded.config);
    if (auto messages = messageSettings(loaded.config.start); !messages)
      loaded.errors.push_back(messages.error());
    if (const std::string& user = loaded.config.start.user; user != "off")
      if (auto known = checkUser(user); !known) loaded.errors.push_back(known.error());
  }
  printErrors(loaded.errors);
  for (const Error& error : loaded.errors)
    if (error.kind == ErrorKind::System) leaveAt(kFailed);  // a plugin that hangs is among them
  if (!loaded.errors.empty()) return kFailed;
  std::cout << file << ": ok, " << loaded.config.live.zones.size() << " zones\n";
  return kDone;
}

/// Every socket of every worker and connection takes one.
void allowAllDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// What a large plan needs for a moment must not lie among what is served from then on: it is taken from the
/// system in whole pages and given back as such. Left alone, malloc stops doing so once it has seen such a
/// piece freed. Few arenas, so that what one thread frees the next one uses.
void keepLargePiecesApart() {
  constexpr int kLarge = 64 << 10, kArenas = 2;
  (void)mallopt(M_MMAP_THRESHOLD, kLarge);
  (void)mallopt(M_ARENA_MAX, kArenas);
}

int serve(const Config& config, const std::string& file) {
  keepLargePiecesApart();
  const MemoryReserve reserve;
  prepareJsonReader();
  // Before the log, which may have threads of its own.
  if (const StartConfig& start = config.start; start.user != "off") {
    const std::string controlFolder = std::filesystem::path(start.control).parent_path();
    const std::array<OwnDirectory, 2> own{{{"state", start.state}, {"control", controlFolder}}};
    if (auto became = becomeUser(start.user, own); !became) {
      std::cerr << "holdfastd: " << became.error().text() << "\n";
      return kFailed;
    }
  }
  Log log(config.start.logFormat == "json" ? LogFormat::Json : LogFormat::Text,
          logLevelOf(config.live.logLevel));
  if (config.start.user == "off" && isRoot())
    log.warning("the server runs as root: whoever breaks into it has the machine",
                {{"key", "user"}, {"next", "set user to one that is there for this server"}});
  auto daemon = Daemon::start(config, file, log);
  if (!daemon) {
    std::cerr << "holdfastd: " << daemon.error().text() << "\n";
    return kFailed;
  }
  const std::size_t hanging = (*daemon)->run();
  if (hanging > 0) leaveAt(kDone);
  return kDone;
}

int runProgram(int argc, char** argv) {
  CLI::App app("An authoritative DNS server for service endpoints.", "holdfastd");
  std::string file, checked;
  bool print = false;
  app.add_option("--config", file, "The configuration. Without one, defaults hold (see --print-config).")
      ->type_name("FILE");
  CLI::Option* checkOption =
      app.add_option("--check", checked, "Check FILE, or that of --config, print its errors and exit.")
          ->type_name("[FILE]")
          ->expected(0, 1);
  app.add_flag("--print-config", print, "Print every option with its help and its value and exit.");
  app.set_version_flag("--version", "holdfastd " HOLDFAST_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kDone : kUsage;
  }
  if (checkOption->count() > 0) {
    if (checked.empty()) checked = file;
    if (!checked.empty()) return check(checked);
    std::cerr << "holdfastd: --check needs a FILE, or --config FILE beside it\n";
    return kUsage;
  }
  LoadedConfig loaded = file.empty() ? LoadedConfig{defaultConfig(), {}} : loadConfig(file);
  printErrors(loaded.errors);
  if (!loaded.errors.empty()) return kFailed;
  if (print) {
    std::cout << printConfig(loaded.config);
    return kDone;
  }
  umask(027);
  allowAllDescriptors();
  return serve(loaded.config, file);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return runProgram(argc, argv);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "holdfastd: %s\n", problem.what());
    return kFailed;
  }
}
