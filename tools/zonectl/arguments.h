#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/zonectl/exit_status.h"

namespace holdfast::zonectl {

enum class Command {
  Status,
  ZoneAdd,
  ZoneRemove,
  Push,
  Diff,
  Rollback,
  History,
  Show,
  Explain,
  Watch,
  Freeze,
  Thaw,
  Check
};

/// A command line that makes sense. Members that the command does not take are as they are here.
struct Arguments {
  Command command = Command::Status;
  std::string control;  ///< path of the server's socket
  bool json = false;
  unsigned timeoutSeconds = 300;

  std::string zone;
  std::string file;
  std::string reason;
  bool forget = false;
  std::optional<std::uint64_t> generation, base;
  std::string source;
  std::vector<std::string> removals, overrides;
  bool dryRun = false;
  bool yes = false;
  bool strict = false;
  std::optional<std::uint64_t> from, to;
  bool removesAdded = false;
  bool verify = false;
  std::string outcome;  ///< that history lists; empty: all
  std::optional<std::uint64_t> limit;
  std::string name, type;
  std::vector<std::string> zones;
  double interval = 1;      ///< seconds
  std::uint64_t count = 0;  ///< looks that watch takes; 0: until it is ended
  std::string as;           ///< "json", "zone" or not said
};

/// Reads the command line. `defaultControl` is the socket where neither --control nor HOLDFAST_CONTROL names
/// one. Gives the exit status instead where nothing is left to do: help was asked for, or the usage is wrong
/// and was explained on `err`.
std::variant<Arguments, Exit> parseArguments(int argc, const char* const* argv,
                                             const std::string& defaultControl, std::ostream& out,
                                             std::ostream& err);

}  // namespace holdfast::zonectl
