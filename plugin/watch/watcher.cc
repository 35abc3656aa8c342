#include "plugin/watch/watcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace holdfast::watch {

namespace {

/// A file that was opened for writing and then left alone for so long is told of: it will not be read.
constexpr auto kStalled = std::chrono::seconds(60);
/// A fault of the server is tried again ever more seldom, but not more seldom than this.
constexpr auto kLongestBackoff = std::chrono::seconds(10);

/// So long a delta waits for its base in silence, because files that belong together arrive one by one. Then
/// it is refused once, and goes on waiting; so often its base is asked for.
constexpr auto kBaseGrace = std::chrono::seconds(1);

/// Where there was no memory for a look: short, as nothing ends it.
constexpr auto kMemoryPause = std::chrono::milliseconds(100);

struct DirectoryCloser {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

bool Watcher::Waiting::isQuiet() const {
  return told || Clock::now() - since < kBaseGrace;
}

void Watcher::stop() noexcept {
  events_.stop();
}

void Watcher::run() {
  while (!events_.stopped()) {
    again_ = false;
    try {
      look();
      if (!again_) events_.wait(pause());
    } catch (const std::exception& problem) {  // out of memory: the next look may do better
      host_.health(&host_, 0, problem.what());
      std::this_thread::sleep_for(kMemoryPause);
    }
  }
}

Watcher::Clock::duration Watcher::pause() const {
  return waiting_.empty() ? Clock::duration(options_.poll)
                          : std::min<Clock::duration>(options_.poll, kBaseGrace);
}

void Watcher::look() {
  const Descriptor directory = openDirectory();
  if (!directory || Clock::now() < retryAt_) return;
  reportStalled();
  settledBy_ = 0;
  releaseWaiting();
  std::vector<FoundPlan> found = candidates(directory.get());
  if (events_.stopped()) return;
  if (std::exchange(arrived_, false)) skipOld(found);
  submitAll(directory.get(), std::move(found));
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

std::vector<FoundPlan> Watcher::candidates(int directory) {
  const std::vector<std::string> names = fileNames(directory);
  if (!well_) return {};
  const auto isGone = [&](const auto& known) {
    return !std::binary_search(names.begin(), names.end(), known.first);
  };
  std::erase_if(handled_, isGone);
  std::erase_if(waiting_, isGone);
  std::vector<FoundPlan> found;
  for (const std::string& name : names) {
    if (events_.stopped()) break;
    if (isHandled(directory, name) || events_.isBeingWritten(name)) continue;
    const FileFormat format = *planFormat(name);
    const PlanFile file = read(directory, name, format);
    if (file.state != PlanFile::State::Whole) continue;
    FoundPlan candidate{name, format, file.identity};
    if (describe(file, candidate)) found.push_back(std::move(candidate));
  }
  return found;
}

/// Asks the server what the document says of itself. False where it must be asked again later.
bool Watcher::describe(const PlanFile& file, FoundPlan& candidate) {
  const bool isJson = candidate.format == FileFormat::Json;
  holdfast_plan_facts facts{};
  facts.size = sizeof facts;
  std::array<char, 8> unused{};
  candidate.isPlan =
      host_.facts_of(&host_, isJson ? HOLDFAST_FORMAT_JSON : HOLDFAST_FORMAT_ZONE_FILE, file.body.data(),
                     file.body.size(), &facts, unused.data(), unused.size()) == 0;
  candidate.generation = facts.generation;
  candidate.base = facts.base;
  return !events_.stopped();
}

bool Watcher::isHandled(int directory, const std::string& name) const {
  const auto known = handled_.find(name);
  const auto waits = waiting_.find(name);
  if (known == handled_.end() && (waits == waiting_.end() || !waits->second.isQuiet())) return false;
  const FileIdentity& then = known != handled_.end() ? known->second : waits->second.candidate.identity;
  const std::optional<FileIdentity> now = identify(directory, name);
  return !now || *now == then || now->opened() == then;
}

void Watcher::handled(const std::string& name, const FileIdentity& identity) {
  waiting_.erase(name);
  handled_[name] = identity;
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
void Watcher::skipOld(std::vector<FoundPlan>& found) {
  const std::uint64_t committed = host_.committed(&host_);
  std::erase_if(found, [&](const FoundPlan& candidate) {
    if (candidate.target() == 0 || candidate.target() > committed) return false;
    log(HOLDFAST_LOG_INFO, candidate.name + ": generation " + std::to_string(candidate.target()) +
                               " is not newer than the committed " + std::to_string(committed));
    handled(candidate.name, candidate.identity);
    return true;
  });
}

void Watcher::submitAll(int directory, std::vector<FoundPlan> found) {
  while (!found.empty() && !events_.stopped() && Clock::now() >= retryAt_) {
    const std::uint64_t committed = host_.committed(&host_);
    if (settledBy_ != 0) passOver(found, settledBy_);
    const std::optional<std::size_t> next = nextToSubmit(found, committed);
    if (!next) {
      // A delta on what is past is refused for good; one on what is to come waits for it.
      for (const FoundPlan& candidate : found)
        if (!mustWait(candidate, committed) && Clock::now() >= retryAt_) submitOne(directory, candidate);
      return;
    }
    const FoundPlan candidate = std::move(found[*next]);
    found.erase(std::next(found.begin(), static_cast<std::ptrdiff_t>(*next)));
    submitOne(directory, candidate);
  }
}

/// Once something newer is committed, what would not be newer need not be submitted.
void Watcher::passOver(std::vector<FoundPlan>& found, std::uint64_t newest) {
  std::erase_if(found, [&](const FoundPlan& candidate) {
    if (!candidate.isPlan || candidate.target() > newest) return false;
    supersede(candidate, newest);
    return true;
  });
}

void Watcher::supersede(const FoundPlan& candidate, std::uint64_t by) {
  log(HOLDFAST_LOG_INFO, candidate.name + ": generation " + std::to_string(candidate.target()) +
                             " is superseded by " + std::to_string(by));
  handled(candidate.name, candidate.identity);
}

void Watcher::submitOne(int directory, const FoundPlan& candidate) {
  const PlanFile file = read(directory, candidate.name, candidate.format);
  if (file.state == PlanFile::State::Whole && file.identity == candidate.identity)
    submit(candidate, file.body);  // else it has changed: the next look takes it in
}

/// True while a delta waits in silence for a base that is not committed yet.
bool Watcher::mustWait(const FoundPlan& candidate, std::uint64_t committed) {
  if (!candidate.isPlan || candidate.base <= committed) return false;
  const auto [waits, isNew] = waiting_.try_emplace(candidate.name);
  if (isNew || waits->second.candidate.identity != candidate.identity)
    waits->second = {candidate, Clock::now(), false};
  handled_.erase(candidate.name);  // an earlier state of the file
  return waits->second.isQuiet();
}

/// Those whose base is committed now are looked at again; those whose base was passed over are done with.
void Watcher::releaseWaiting() {
  if (waiting_.empty()) return;
  const std::uint64_t committed = host_.committed(&host_);
  const std::map<std::string, Waiting> all = waiting_;
  for (const auto& [name, waits] : all) {
    const FoundPlan& candidate = waits.candidate;
    if (candidate.base < committed) {
      log(HOLDFAST_LOG_INFO, name + ": its base " + std::to_string(candidate.base) + " is superseded by " +
                                 std::to_string(committed));
      handled(name, candidate.identity);
    } else if (candidate.base == committed) {
      waiting_.erase(name);
    }
  }
}

void Watcher::submit(const FoundPlan& candidate, const std::string& body) {
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
  if (outcome.kind == HOLDFAST_FAILED) return failed(candidate, text.data());
  backoff_ = {};
  failure_.clear();
  judged(candidate, outcome);
}

/// A fault of the server, or too many submissions: the same again, later.
void Watcher::failed(const FoundPlan& candidate, const char* text) {
  if (events_.stopped()) return;
  backoff_ =
      std::min<Clock::duration>(std::max<Clock::duration>(backoff_ * 2, options_.poll), kLongestBackoff);
  retryAt_ = Clock::now() + backoff_;
  const std::string failure = candidate.name + ": could not be submitted, is tried again: " + text;
  if (std::exchange(failure_, failure) != failure) log(HOLDFAST_LOG_ERROR, failure);
  health(false, failure);
}

void Watcher::judged(const FoundPlan& candidate, const holdfast_outcome& outcome) {
  if (outcome.kind == HOLDFAST_SUPERSEDED) {
    settledBy_ = std::max(settledBy_, outcome.committed);
    supersede(candidate, outcome.committed);
    return health(true, candidate.name + ": superseded by " + std::to_string(outcome.committed));
  }
  if (outcome.kind == HOLDFAST_PUBLISHED) {
    handled(candidate.name, candidate.identity);
    settledBy_ = std::max(settledBy_, outcome.generation);
    again_ = !waiting_.empty();
    const std::string published =
        candidate.name + ": published generation " + std::to_string(outcome.generation);
    log(HOLDFAST_LOG_INFO, published);
    return health(true, published);
  }
  const std::string refused = candidate.name + ": refused by " + outcome.rule + ": " + outcome.text;
  log(HOLDFAST_LOG_INFO, refused);  // the server has told of it in full
  health(true, refused);
  if (std::strcmp(outcome.rule, "base-mismatch") == 0 && candidate.base > outcome.committed) {
    waiting_[candidate.name] = {candidate, Clock::now(), true};
    handled_.erase(candidate.name);
    return;
  }
  handled(candidate.name, candidate.identity);
  // Those behind it are older still.
  if (std::strcmp(outcome.rule, "stale-generation") == 0 && candidate.generation != 0)
    settledBy_ = std::max(settledBy_, outcome.committed);
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
