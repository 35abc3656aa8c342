#include "tools/zonectl/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

namespace holdfast::zonectl {

namespace {
constexpr std::chrono::milliseconds kQuiet{400};  // answers faster than this need no line
constexpr std::chrono::milliseconds kFrame{100};
constexpr std::uint64_t kProgressColumns = 24;

/// Columns of the terminal at `descriptor`; 0 where there is none.
std::size_t columnsAt(int descriptor) {
  winsize size{};
  if (::isatty(descriptor) != 1) return 0;
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Screen Screen::ofProcess() {
  const char* noColor = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): there is one thread yet
  const bool colours = noColor == nullptr || *noColor == '\0';
  const bool outIsTerminal = ::isatty(STDOUT_FILENO) == 1, errIsTerminal = ::isatty(STDERR_FILENO) == 1;
  return {std::cin,
          std::cout,
          std::cerr,
          ::isatty(STDIN_FILENO) == 1 && errIsTerminal,
          errIsTerminal,
          Palette(colours && outIsTerminal, columnsAt(STDOUT_FILENO)),
          Palette(colours && errIsTerminal, columnsAt(STDERR_FILENO)),
          outIsTerminal};
}

bool Screen::confirm(std::string_view question) const {
  err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(in, answer);
  return answer == "y" || answer == "Y" || answer == "yes" || answer == "Yes";
}

ProgressLine::~ProgressLine() {
  if (frame_ > 0) screen_.err << "\r\033[K" << std::flush;
}

void ProgressLine::update(std::uint64_t sent, std::uint64_t all) {
  const Clock::time_point now = Clock::now();
  if (!screen_.showsProgress || now - begun_ < kQuiet || now - drawn_ < kFrame) return;
  drawn_ = now;
  screen_.err << "\r\033[K" << progressText(sent, all, frame_++) << std::flush;
}

std::string progressText(std::uint64_t sent, std::uint64_t all, unsigned frame) {
  constexpr std::string_view kSpinner = "|/-\\";
  if (all == 0 || sent >= all) return std::string("judging… ") + kSpinner[frame % kSpinner.size()];
  const std::uint64_t filled = sent * kProgressColumns / all;
  std::string percent = std::to_string(sent * 100 / all);
  percent.insert(0, 3 - percent.size(), ' ');
  return "uploading [" + std::string(filled, '#') + std::string(kProgressColumns - filled, '-') + "] " +
         percent + " %";
}

}  // namespace holdfast::zonectl
