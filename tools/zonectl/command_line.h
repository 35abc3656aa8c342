#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tools/zonectl/arguments.h"

namespace holdfast::zonectl {

/// The command line, defined here and nowhere else: parser, help and completion go by it. Of zonectl's own
/// sources only.
class CommandLine {
 public:
  explicit CommandLine(const std::string& defaultControl);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  std::variant<Arguments, Exit> parse(int argc, const char* const* argv, std::ostream& out,
                                      std::ostream& err);
  const CLI::App& app() const noexcept { return app_; }
  const std::string& control() const noexcept { return arguments_.control; }

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* description, Command command);
  void addZone(CLI::App* sub);
  CLI::Option* addReason(CLI::App* sub, const char* why);
  CLI::Option* addGeneration(CLI::App* sub, const char* name, std::optional<std::uint64_t>& to,
                             const char* description, std::uint64_t least = 1);
  void addSubmission(CLI::App* sub);
  void addZoneCommands();
  void addPush();
  void addComparisons();
  void addReaders();
  void addWatch();
  void addCheck();

  CLI::App app_{"Drives a Holdfast server."};
  Arguments arguments_;
  std::string format_ = "text";
};

}  // namespace holdfast::zonectl
