#include "plugin/uncaught.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <span>
#include <vector>

#include "plugin/one_line.h"

namespace holdfast {

namespace {

constexpr int kFrames = 256;
/// A thread seldom has calls of more plugins than one. Not a vector: there may be no memory.
using Reports = std::array<std::shared_ptr<const UncaughtReport>, 8>;

struct Watched {
  const void* base = nullptr;  // where the shared object is mapped
  std::weak_ptr<const UncaughtReport> report;
};

/// std::set_terminate knows no context, so what its handler needs is the process's. Never destroyed: a thread
/// may end at any time.
struct Registry {
  std::mutex mutex;
  std::vector<Watched> watched;
  std::terminate_handler before = nullptr;
};
Registry& registry() {
  static Registry* const only = new Registry;
  return *only;
}

thread_local const UncaughtReport* whileLoading = nullptr;

const void* baseOf(const void* address) noexcept {
  Dl_info info{};
  return ::dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

/// The reports about the shared objects among the calling thread's calls; none where it is the server's own
/// fault. libstdc++ asks before it unwinds anything, so all calls are still there.
Reports concerned(bool& isPlugin) noexcept {
  std::array<void*, kFrames> frames{};
  const int found = ::backtrace(frames.data(), kFrames);
  Reports reports;
  std::size_t known = 0;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  for (const Watched& each : all.watched) {
    const auto inside = [&](const void* frame) { return baseOf(frame) == each.base; };
    const std::span<void* const> calls(frames.data(), static_cast<std::size_t>(std::max(found, 0)));
    if (std::none_of(calls.begin(), calls.end(), inside)) continue;
    isPlugin = true;
    if (known < reports.size() && (reports[known] = each.report.lock())) ++known;
  }
  return reports;
}

/// Without memory nobody is told, which must not keep the thread from standing still.
void tell(const UncaughtReport& report, const std::string& what) noexcept {
  try {
    report(what);
  } catch (...) {
    return;
  }
}

[[noreturn]] void onTerminate() noexcept {
  bool isPlugin = whileLoading != nullptr;
  const auto reports = concerned(isPlugin);
  if (isPlugin) {
    const std::string what = std::current_exception() ? currentProblem() : "std::terminate";
    for (const auto& report : reports)
      if (report) tell(*report, what);
    if (whileLoading != nullptr) tell(*whileLoading, what);
    standStill();
  }
  if (const std::terminate_handler before = registry().before; before != nullptr) before();
  std::abort();
}

/// REQUIRES: the registry's mutex.
void takeOver(Registry& all) {
  if (std::get_terminate() == &onTerminate) return;
  std::array<void*, 1> first{};
  ::backtrace(first.data(), 1);  // loads what it needs, which is not to be done by the handler
  all.before = std::set_terminate(&onTerminate);
}

}  // namespace

std::string currentProblem() noexcept {
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      return kOutOfMemory;
    } catch (const std::exception& problem) {
      return oneLine(problem.what());  // a plugin's word
    } catch (...) {
      return "an exception that is none of the standard library's";
    }
  } catch (...) {
    return kOutOfMemory;
  }
}

UncaughtWhileLoading::UncaughtWhileLoading(const UncaughtReport& report) noexcept {
  const std::lock_guard lock(registry().mutex);
  takeOver(registry());
  whileLoading = &report;
}

UncaughtWhileLoading::~UncaughtWhileLoading() {
  whileLoading = nullptr;
}

void standStill() noexcept {
  for (;;) ::pause();
}

void surviveUncaught(const void* address, const std::shared_ptr<const UncaughtReport>& report) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.watched, [&](const Watched& each) {
    // Of those that nobody listens to any more one for each object remains: its threads may still end.
    return each.report.expired() && each.base == baseOf(address);
  });
  all.watched.push_back({baseOf(address), report});
  takeOver(all);
}

}  // namespace holdfast
