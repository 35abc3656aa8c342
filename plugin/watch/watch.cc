// The watched-directory Enactor, spoken to through plugin/holdfast_enactor.h and nothing else.
#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plugin/holdfast_enactor.h"
#include "plugin/watch/watcher.h"

struct holdfast_enactor {
  holdfast::watch::Watcher watcher;
};

namespace {

using holdfast::watch::WatchOptions;

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kTimes{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"", 1000}}};
constexpr std::array<Unit, 4> kSizes{{{"K", 1ull << 10}, {"M", 1ull << 20}, {"G", 1ull << 30}, {"", 1}}};

constexpr std::uint64_t kShortestPollMs = 10, kLongestPollMs = 3'600'000;
constexpr std::uint64_t kLargestFile = 1ull << 40;

/// Reads "250ms" or "64M": a number with one of the units.
std::optional<std::uint64_t> readNumber(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units)
    if (rest == unit.suffix && number <= kLargestFile) return number * unit.factor;
  return std::nullopt;
}

/// Sets one option; returns what is wrong with it, or "".
std::string setOption(WatchOptions& options, std::string_view key, std::string_view value) {
  if (key == "poll") {
    const auto poll = readNumber(value, kTimes);
    if (!poll || *poll < kShortestPollMs || *poll > kLongestPollMs)
      return "poll: \"" + std::string(value) + "\" is no time from 10ms to 60m, such as 250ms or 2s";
    options.poll = std::chrono::milliseconds(*poll);
    return "";
  }
  if (key == "max-size") {
    const auto size = readNumber(value, kSizes);
    if (!size || *size == 0 || *size > kLargestFile)
      return "max-size: \"" + std::string(value) + "\" is no size from 1 to 1024G, such as 64M";
    options.maxOctets = *size;
    return "";
  }
  return "unknown option \"" + std::string(key) + "\": the watch Enactor knows poll and max-size";
}

void say(std::string_view text, char* error, std::size_t size) {
  if (size == 0) return;
  const std::size_t length = std::min(text.size(), size - 1);
  text.copy(error, length);
  error[length] = '\0';
}

holdfast_enactor* create(const holdfast_host* host, const char* /*zone*/, const char* argument,
                         const holdfast_option* given, std::size_t count, char* error,
                         std::size_t errorSize) {
  try {
    WatchOptions options;
    options.directory = argument;
    std::string problem;
    if (options.directory.empty()) problem = "watch: names no directory";
    for (const holdfast_option& option : std::span(given, count))
      if (problem.empty()) problem = setOption(options, option.key, option.value);
    if (problem.empty()) return new holdfast_enactor{{*host, std::move(options)}};
    say(problem, error, errorSize);
  } catch (const std::exception& thrown) {
    say(thrown.what(), error, errorSize);
  }
  return nullptr;
}

int start(holdfast_enactor* /*enactor*/, char* /*error*/, std::size_t /*errorSize*/) {
  return 0;
}

void run(holdfast_enactor* enactor) {
  enactor->watcher.run();
}

void stop(holdfast_enactor* enactor) {
  enactor->watcher.stop();
}

void destroy(holdfast_enactor* enactor) {
  delete enactor;
}

constexpr holdfast_enactor_table kTable{
    sizeof(holdfast_enactor_table), HOLDFAST_ENACTOR_ABI, 0, "watch", create, start, stop, destroy, run};

}  // namespace

extern "C" __attribute__((visibility("default"))) const holdfast_enactor_table* holdfast_enactor_plugin() {
  return &kTable;
}
