#include <csignal>

#include <fstream>
#include <iostream>

#include "tools/flood/report.h"
#include "tools/flood/run.h"
#include "tools/zonectl/screen.h"

namespace {

using namespace holdfast::flood;

volatile std::sig_atomic_t wasInterrupted = 0;

void interrupt(int /*signal*/) {
  wasInterrupted = 1;
}

/// Nothing where no file was asked for.
bool write(const std::string& file, std::string (*made)(const Options&, const Timeline&),
           const Options& options, const Timeline& timeline) {
  if (file.empty()) return true;
  std::ofstream out(file, std::ios::binary);
  out << made(options, timeline);
  out.close();
  if (!out) std::cerr << "flood: " << file << " cannot be written\n";
  return static_cast<bool>(out);
}

int flood(const Options& options) {
  const auto screen = holdfast::zonectl::Screen::ofProcess();
  const bool shows = screen.showsProgress && !options.isQuiet;
  const auto done = run(options, [&](const Timeline& timeline) {
    if (shows) std::cerr << "\r\033[K" << progressText(options, timeline) << std::flush;
    return wasInterrupted == 0;
  });
  if (shows) std::cerr << "\r\033[K";
  if (!done) {
    std::cerr << "flood: " << done.error().text() << '\n';
    return 2;
  }
  const int verdict = verdictOf(options, *done);
  if (!options.isQuiet || verdict != 0) std::cout << summaryText(options, *done, screen.palette);
  const bool isWritten =
      write(options.json, resultJson, options, *done) && write(options.html, resultHtml, options, *done);
  return isWritten ? verdict : 2;
}

}  // namespace

int main(int argc, char** argv) {
  const Words words = readOptions(argc, argv);
  if (!words.options) {
    (words.status == 0 ? std::cout : std::cerr) << words.text;
    return words.status;
  }
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  return flood(*words.options);
}
