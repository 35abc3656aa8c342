#pragma once

#include <string>

namespace holdfast {

/// Where a server keeps its state and listens for control when the configuration says nothing. zonectl uses
/// the same function, so that both sides agree.
struct DefaultPaths {
  std::string state;    ///< directory of the plan store
  std::string control;  ///< Unix socket of the control API
};

/// What the paths depend on.
struct PathEnvironment {
  bool root = false;
  std::string home;
  std::string stateHome;   ///< XDG_STATE_HOME
  std::string runtimeDir;  ///< XDG_RUNTIME_DIR

  static PathEnvironment ofProcess();
};

/// Relative XDG paths are ignored, as the XDG base directory specification asks.
DefaultPaths defaultPaths(const PathEnvironment& environment);
inline DefaultPaths defaultPaths() {
  return defaultPaths(PathEnvironment::ofProcess());
}

}  // namespace holdfast
