#include "tools/zonectl/complete.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace holdfast::zonectl;

namespace {

std::vector<std::string> wordsOf(const std::vector<std::string>& typed, bool* files = nullptr) {
  const CompletionSources sources{
      [] {
        return std::vector<std::string>{"example.net.", "example.org."};
      },
      [](const std::string& zone) {
        return zone == "example.net." ? std::vector<std::string>{"7", "6"} : std::vector<std::string>{};
      }};
  const Completion completion = complete(typed, sources);
  if (files != nullptr) *files = completion.files;
  std::vector<std::string> words;
  for (const Candidate& candidate : completion.candidates) words.push_back(candidate.word);
  return words;
}

std::vector<std::string> sorted(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  return words;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("commands and their subcommands") {
  CHECK(wordsOf({"ro"}) == Words{"rollback"});
  CHECK(wordsOf({"zone", ""}) == Words{"add", "remove"});
  CHECK(wordsOf({"--format", "json", "st"}) == Words{"status"});
  CHECK(wordsOf({"--control=/s", "st"}) == Words{"status"});
  CHECK(wordsOf({""}).size() == 12);
}

TEST_CASE("options of the command, and those of all") {
  CHECK(sorted(wordsOf({"rollback", "example.net.", "--rem"})) == Words{"--remove", "--remove-added"});
  CHECK(wordsOf({"rollback", "--for"}) == Words{"--format"});
  CHECK(wordsOf({"zone", "remove", "--for"}) == Words{"--forget", "--format"});
}

TEST_CASE("values come from the server or from the definition") {
  CHECK(wordsOf({"push", ""}) == Words{"example.net.", "example.org."});
  CHECK(wordsOf({"diff", "example.net.", ""}) == Words{"7", "6"});
  CHECK(wordsOf({"diff", "example.net.", "6", ""}) == Words{"7", "6"});
  CHECK(wordsOf({"diff", "example.org.", ""}).empty());
  CHECK(wordsOf({"rollback", "example.net.", "--to", ""}) == Words{"7", "6"});
  CHECK(wordsOf({"watch", "example.net.", "example.o"}) == Words{"example.org."});
  CHECK(sorted(wordsOf({"--format", ""})) == Words{"json", "text"});
  CHECK(wordsOf({"show", "example.net.", "--as", "z"}) == Words{"zone"});
  CHECK(wordsOf({"explain", "example.net.", "AA"}) == Words{"AAAA"});
  const Words rules = wordsOf({"push", "example.net.", "plan", "--allow", ""});
  CHECK(std::find(rules.begin(), rules.end(), "floor") != rules.end());
  CHECK(std::find(rules.begin(), rules.end(), "stale-generation") == rules.end());
  // The value of an option is no positional, and after both nothing is left.
  CHECK(wordsOf({"show", "--as", "zone", ""}) == Words{"example.net.", "example.org."});
  CHECK(wordsOf({"show", "example.net.", "7", ""}).empty());
}

TEST_CASE("files where files stand") {
  bool files = false;
  CHECK(wordsOf({"push", "example.net.", ""}, &files).empty());
  CHECK(files);
  CHECK(wordsOf({"push", "example.net.", "f", "--source", ""}, &files).empty());
  CHECK_FALSE(files);
  wordsOf({"diff", "example.net.", "--file", "/tmp/x"}, &files);
  CHECK(files);
}
