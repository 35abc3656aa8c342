#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "tools/zonectl/exit_status.h"

namespace holdfast::zonectl {

/// What completion may ask the server for. Each gives nothing where no server answers.
struct CompletionSources {
  std::function<std::vector<std::string>()> zones;
  std::function<std::vector<std::string>(const std::string& zone)> generations;
};

/// One word that may stand where the cursor is, and what it means.
struct Candidate {
  std::string word, description;
};
struct Completion {
  std::vector<Candidate> candidates;
  bool files = false;  ///< file names may stand there too
};

/// What may stand in place of the last of `words`, which the words before it lead up to; without the name of
/// the program. Goes by the definition of the command line (command_line.h), so there is nothing else to keep
/// in step with it.
Completion complete(const std::vector<std::string>& words, const CompletionSources& sources);

/// The hidden command that the completion scripts of the shells call: `zonectl __complete WORD...`. Prints
/// ":files" where file names may follow, then a candidate per line, its description behind a tab.
Exit runCompletion(const std::vector<std::string>& words, const std::string& defaultControl,
                   std::ostream& out);

}  // namespace holdfast::zonectl
