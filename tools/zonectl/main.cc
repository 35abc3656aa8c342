#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "server/default_paths.h"
#include "tools/zonectl/commands.h"
#include "tools/zonectl/complete.h"

int main(int argc, char** argv) {
  using namespace holdfast;
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (!words.empty() && words.front() == "__complete")
      return static_cast<int>(
          zonectl::runCompletion({words.begin() + 1, words.end()}, defaultPaths().control, std::cout));
    const auto arguments = zonectl::parseArguments(argc, argv, defaultPaths().control, std::cout, std::cerr);
    if (const auto* ended = std::get_if<zonectl::Exit>(&arguments)) return static_cast<int>(*ended);
    const zonectl::Exit status =
        zonectl::run(std::get<zonectl::Arguments>(arguments), zonectl::Screen::ofProcess());
    std::cout.flush();
    if (!std::cout && status == zonectl::Exit::Done) {
      std::cerr << "zonectl: the output could not be written\n";
      return static_cast<int>(zonectl::Exit::Other);
    }
    return static_cast<int>(status);
  } catch (const std::exception& problem) {
    std::cerr << "zonectl: " << problem.what() << "\n";
    return static_cast<int>(zonectl::Exit::Other);
  }
}
