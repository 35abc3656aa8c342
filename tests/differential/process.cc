#include "tests/differential/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace holdfast::differential {

namespace {

std::string tail(const std::string& text, std::size_t octets) {
  return text.size() <= octets ? text : "…" + text.substr(text.size() - octets);
}

/// In the child: never returns. Only what is safe after fork.
[[noreturn]] void become(char* const* argv, const char* directory, const char* log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int input = ::open("/dev/null", O_RDONLY);
  if (output < 0 || input < 0 || ::chdir(directory) != 0) ::_exit(126);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::execvp(argv[0], argv);
  ::_exit(127);
}

}  // namespace

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = other.pid_;
    other.pid_ = -1;
  }
  return *this;
}

Result<Process> Process::start(const std::vector<std::string>& command, const std::string& directory,
                               const std::string& log) {
  std::vector<std::string> arguments = command;
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return Error{ErrorKind::System, command[0], "cannot be started"};
  if (pid == 0) become(argv.data(), directory.c_str(), log.c_str());
  Process process;
  process.pid_ = pid;
  return process;
}

bool Process::isRunning() {
  if (pid_ < 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void Process::end() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int Process::wait() {
  int status = 0;
  while (pid_ >= 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Status run(const std::vector<std::string>& command, const std::string& directory) {
  const std::string log = directory + "/run.log";
  std::filesystem::remove(log);
  auto process = Process::start(command, directory, log);
  if (!process) return process.error();
  const int status = process->wait();
  if (status == 0) return Done{};
  std::string line;
  for (const std::string& word : command) line += (line.empty() ? "" : " ") + word;
  return Error{ErrorKind::System, line,
               "exit status " + std::to_string(status) + "\n" + tail(readFile(log), 2000)};
}

TemporaryDirectory::TemporaryDirectory() {
  const char* const base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/holdfast-differential-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Status writeFile(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  if (!file) return Error{ErrorKind::System, path, "cannot be written"};
  return Done{};
}

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace holdfast::differential
