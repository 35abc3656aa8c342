#include "server/default_paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace holdfast {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool isAbsolute(const std::string& path) {
  return !path.empty() && path.front() == '/';
}

}  // namespace

PathEnvironment PathEnvironment::ofProcess() {
  PathEnvironment environment;
  environment.root = geteuid() == 0;
  environment.home = variable("HOME");
  environment.stateHome = variable("XDG_STATE_HOME");
  environment.runtimeDir = variable("XDG_RUNTIME_DIR");
  if (!isAbsolute(environment.home)) {
    const passwd* entry = getpwuid(geteuid());
    environment.home = entry == nullptr ? "/" : entry->pw_dir;
  }
  return environment;
}

DefaultPaths defaultPaths(const PathEnvironment& environment) {
  if (environment.root) return {"/var/lib/holdfast", "/run/holdfast/control.sock"};
  const std::string stateHome =
      isAbsolute(environment.stateHome) ? environment.stateHome : environment.home + "/.local/state";
  DefaultPaths paths;
  paths.state = stateHome + "/holdfast";
  paths.control = (isAbsolute(environment.runtimeDir) ? environment.runtimeDir + "/holdfast" : paths.state) +
                  "/control.sock";
  return paths;
}

}  // namespace holdfast
