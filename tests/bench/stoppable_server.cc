#include "tests/bench/stoppable_server.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace holdfast::bench {

namespace {

std::string textOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// As proc(5) has it: R, S, T, Z and so on; blank where the thread is gone.
char stateOf(const std::string& task) {
  const std::string text = textOf(task + "/stat");
  const std::size_t nameEnds = text.rfind(')');
  return nameEnds == std::string::npos || nameEnds + 2 >= text.size() ? ' ' : text[nameEnds + 2];
}

}  // namespace

StoppableServer::StoppableServer(pid_t pid) : pid_(pid), tasks_("/proc/" + std::to_string(pid) + "/task") {
  std::error_code ended;
  for (const auto& task : std::filesystem::directory_iterator(tasks_, ended))
    if (textOf(task.path().string() + "/comm").starts_with("udp-")) workers_.push_back(task.path().string());
}

void StoppableServer::stop() {
  ::kill(pid_, SIGSTOP);
  const auto runs = [](const auto& task) {
    const char state = stateOf(task.path().string());
    return state != 'T' && state != 'Z' && state != 'X' && state != ' ';
  };
  for (;;) {
    std::error_code ended;
    if (std::ranges::none_of(std::filesystem::directory_iterator(tasks_, ended), runs)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void StoppableServer::goOn() noexcept {
  ::kill(pid_, SIGCONT);
}

bool StoppableServer::isAtRest() const {
  return std::ranges::all_of(workers_, [](const std::string& worker) { return stateOf(worker) == 'S'; });
}

std::vector<std::int64_t> StoppableServer::cpuNanoseconds() const {
  std::vector<std::int64_t> times;
  for (const std::string& worker : workers_)
    times.push_back(std::strtoll(textOf(worker + "/schedstat").c_str(), nullptr, 10));
  return times;
}

}  // namespace holdfast::bench
