#include "plugin/watch/watcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

namespace holdfast::watch {

namespace {

/// A file that was opened for writing and then left alone for so long is told of: it will not be read.
constexpr auto kStalled = std::chrono::seconds(60);
/// A fault of the server is tried again ever more seldom, but not more seldom than this.
constexpr auto kLongestBackoff = std::chrono::seconds(10);

/// In place of the generation of what is no plan at all: it comes first, so that it is refused, in the
/// server's words, however new the others are.
constexpr std::uint64_t kNoPlan = std::numeric_limits<std::uint64_t>::max();

std::string errorText(int error) {
  return std::generic_category().message(error);
}

/// No signal is to be handled on a thread made while this lives.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

struct DirectoryCloser {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

void Watcher::start() {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

void Watcher::stop() noexcept {
  events_.stop();
  if (thread_.joinable()) thread_.join();
}

void Watcher::run() {
  while (!events_.stopped()) {
    try {
      look();
    } catch (const std::exception& problem) {  // out of memory: the next look may do better
      host_.health(&host_, 0, problem.what());
    }
    events_.wait(options_.poll);
  }
}

void Watcher::look() {
  const Descriptor directory = openDirectory();
  if (!directory || Clock::now() < retryAt_) return;
  reportStalled();
  std::vector<Candidate> found = candidates(directory.get());
  if (events_.stopped()) return;
  if (std::exchange(arrived_, false)) skipOld(found);
  // The newest first; of those without a generation, the one written last.
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.generation, a.identity.modifiedSeconds, a.identity.modifiedNanos) >
           std::tie(b.generation, b.identity.modifiedSeconds, b.identity.modifiedNanos);
  });
  submitNewest(directory.get(), found);
}

/// The directory as it is at its path now, followed by the kernel where possible.
Descriptor Watcher::openDirectory() {
  const char* path = options_.directory.c_str();
  Descriptor directory(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!directory || ::fstat(directory.get(), &status) != 0) {
    directoryProblem(errorText(errno));
    return Descriptor();
  }
  const bool same = status.st_dev == device_ && status.st_ino == inode_;
  if (following_ && same && events_.attached()) return directory;
  if (!following_ || !same) {
    if (!events_.attach(options_.directory))
      log(HOLDFAST_LOG_WARNING, options_.directory + " cannot be followed by inotify (" + errorText(errno) +
                                    "): looking at it every " + std::to_string(options_.poll.count()) +
                                    " ms instead");
    arrived_ = true;
  } else {
    events_.attach(options_.directory);  // quietly: it was told of before
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  following_ = true;
  return directory;
}

std::vector<std::string> Watcher::fileNames(int directory) {
  std::vector<std::string> names;
  Descriptor again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, DirectoryCloser> entries(again ? ::fdopendir(again.get()) : nullptr);
  if (!entries) {
    directoryProblem(errorText(errno));
    return names;
  }
  again.release();  // closed with `entries`
  const auto next = [&] {
    errno = 0;
    return ::readdir(entries.get());
  };
  while (const dirent* entry = next())
    if (planFormat(entry->d_name)) names.emplace_back(entry->d_name);
  if (errno != 0) {
    directoryProblem(errorText(errno));
    names.clear();
    return names;
  }
  directoryWell();
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Watcher::Candidate> Watcher::candidates(int directory) {
  const std::vector<std::string> names = fileNames(directory);
  if (!well_) return {};
  std::erase_if(handled_, [&](const auto& known) {
    return !std::binary_search(names.begin(), names.end(), known.first);
  });
  std::vector<Candidate> found;
  for (const std::string& name : names) {
    if (events_.stopped()) break;
    if (isHandled(directory, name) || events_.isBeingWritten(name)) continue;
    const FileFormat format = *planFormat(name);
    const PlanFile file = read(directory, name, format);
    if (file.state != PlanFile::State::Whole) continue;
    Candidate candidate{name, format, file.identity, 0};
    std::array<char, 8> unused{};
    const std::uint32_t form = format == FileFormat::Json ? HOLDFAST_FORMAT_JSON : HOLDFAST_FORMAT_ZONE_FILE;
    if (host_.generation_of(&host_, form, file.body.data(), file.body.size(), &candidate.generation,
                            unused.data(), unused.size()) != 0)
      candidate.generation = kNoPlan;
    found.push_back(std::move(candidate));
  }
  return found;
}

bool Watcher::isHandled(int directory, const std::string& name) const {
  const auto known = handled_.find(name);
  if (known == handled_.end()) return false;
  const std::optional<FileIdentity> now = identify(directory, name);
  return !now || *now == known->second || now->opened() == known->second;
}

/// Reads a file and sees to it that nobody writes to it. What cannot be read is told of, once.
PlanFile Watcher::read(int directory, const std::string& name, FileFormat format) {
  PlanFile file =
      readPlanFile(directory, name, format, options_.maxOctets, [this] { return events_.stopped(); });
  // A writer that came while we read told so before it could change anything.
  events_.drain();
  if (file.state != PlanFile::State::Gone && events_.isBeingWritten(name))
    file.state = PlanFile::State::Changing;
  if (file.state == PlanFile::State::Unreadable) {
    unreadable(name, file.problem);
    handled(name, file.identity);
  }
  return file;
}

/// When a directory comes into sight, what is not newer than what is committed is its past, and no news.
void Watcher::skipOld(std::vector<Candidate>& found) {
  const std::uint64_t committed = host_.committed(&host_);
  std::erase_if(found, [&](const Candidate& candidate) {
    if (candidate.generation == 0 || candidate.generation > committed) return false;
    log(HOLDFAST_LOG_INFO, candidate.name + ": generation " + std::to_string(candidate.generation) +
                               " is not newer than the committed " + std::to_string(committed));
    handled(candidate.name, candidate.identity);
    return true;
  });
}

void Watcher::submitNewest(int directory, const std::vector<Candidate>& found) {
  Settled settled;
  for (const Candidate& candidate : found) {
    if (events_.stopped() || Clock::now() < retryAt_) return;
    if (settled.settled) {
      log(HOLDFAST_LOG_INFO, candidate.name + ": generation " + std::to_string(candidate.generation) +
                                 " is superseded by " + std::to_string(settled.generation));
      handled(candidate.name, candidate.identity);
      continue;
    }
    const PlanFile file = read(directory, candidate.name, candidate.format);
    if (file.state == PlanFile::State::Whole && file.identity == candidate.identity)
      submit(candidate, file.body, settled);  // else it has changed: the next look takes it in
  }
}

void Watcher::submit(const Candidate& candidate, const std::string& body, Settled& settled) {
  holdfast_document document{};
  document.size = sizeof document;
  document.format = candidate.format == FileFormat::Json ? HOLDFAST_FORMAT_JSON : HOLDFAST_FORMAT_ZONE_FILE;
  document.body = body.data();
  document.body_size = body.size();
  document.source = candidate.name.c_str();
  std::array<char, 512> text{};
  holdfast_outcome outcome{};
  outcome.size = sizeof outcome;
  outcome.text = text.data();
  outcome.text_size = text.size();
  host_.submit(&host_, &document, &outcome);

  if (outcome.kind == HOLDFAST_FAILED) {
    if (events_.stopped()) return;
    backoff_ =
        std::min<Clock::duration>(std::max<Clock::duration>(backoff_ * 2, options_.poll), kLongestBackoff);
    retryAt_ = Clock::now() + backoff_;
    const std::string failure = candidate.name + ": could not be submitted, is tried again: " + text.data();
    if (std::exchange(failure_, failure) != failure) log(HOLDFAST_LOG_ERROR, failure);
    health(false, failure);
    return;
  }
  backoff_ = {};
  failure_.clear();
  handled(candidate.name, candidate.identity);
  if (outcome.kind == HOLDFAST_PUBLISHED) {
    settled = {true, outcome.generation};
    const std::string published =
        candidate.name + ": published generation " + std::to_string(outcome.generation);
    log(HOLDFAST_LOG_INFO, published);
    health(true, published);
    return;
  }
  // Those behind it are older still.
  if (std::strcmp(outcome.rule, "stale-generation") == 0 && candidate.generation != 0)
    settled = {true, outcome.committed};
  const std::string refused = candidate.name + ": refused by " + outcome.rule + ": " + text.data();
  log(HOLDFAST_LOG_INFO, refused);  // the server has told of it in full
  health(true, refused);
}

void Watcher::reportStalled() {
  for (const std::string& name : events_.stalled(kStalled))
    if (planFormat(name))
      unreadable(name, "was opened for writing " + std::to_string(kStalled.count()) +
                           " s ago and not closed: write it elsewhere, then rename it in");
}

void Watcher::directoryProblem(const std::string& problem) {
  events_.detach();
  following_ = well_ = false;
  const std::string what = "the directory cannot be read: " + problem;
  health(false, what);
  if (std::exchange(directoryProblem_, problem) != problem)
    host_.unreadable(&host_, options_.directory.c_str(), what.c_str());
}

void Watcher::directoryWell() {
  if (std::exchange(well_, true)) return;
  if (!directoryProblem_.empty()) log(HOLDFAST_LOG_INFO, options_.directory + " can be read again");
  directoryProblem_.clear();
  health(true, "watching");
}

void Watcher::unreadable(const std::string& name, const std::string& problem) {
  host_.unreadable(&host_, path(name).c_str(), problem.c_str());
  health(true, name + ": unreadable: " + problem);
}

void Watcher::log(std::uint32_t level, const std::string& text) const {
  host_.log(&host_, level, text.c_str());
}

void Watcher::health(bool healthy, const std::string& text) const {
  host_.health(&host_, healthy ? 1 : 0, text.c_str());
}

}  // namespace holdfast::watch
