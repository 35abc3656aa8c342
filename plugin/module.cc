#include "plugin/module.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace holdfast {

namespace {

/// A kind becomes part of a file name, so nothing that could lead to another folder.
bool isKind(std::string_view kind) noexcept {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !kind.empty() && kind.size() <= 64 && std::all_of(kind.begin(), kind.end(), legal);
}

std::string dynamicLinkerError() {
  // One server thread loads plugins, and dlerror() keeps its state per thread.
  const char* text = ::dlerror();  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? "the dynamic linker gives no cause" : text;
}

/// A table as the first version of this ABI had it: without run. Later members need not be there.
constexpr std::size_t kFirstTable = offsetof(holdfast_enactor_table, run);

/// Why the table cannot be used, or "".
std::string tableProblem(const holdfast_enactor_table* table, const std::string& kind) {
  if (table == nullptr) return "gives no plugin table";
  if (table->abi != HOLDFAST_ENACTOR_ABI)
    return "speaks Enactor ABI " + std::to_string(table->abi) + ", this server speaks " +
           std::to_string(HOLDFAST_ENACTOR_ABI) + ": build the plugin against this server's header";
  if (table->size < kFirstTable || table->size > kLargestStructure)
    return "has a plugin table of " + std::to_string(table->size) + " octets, expected from " +
           std::to_string(kFirstTable) + " to " + std::to_string(kLargestStructure) +
           ": build the plugin against this server's header";
  if (table->kind == nullptr || table->kind != kind)
    return "is of kind \"" + std::string(table->kind == nullptr ? "" : table->kind) +
           "\", which its file name contradicts: rename the file";
  if (table->create == nullptr || table->start == nullptr || table->stop == nullptr ||
      table->destroy == nullptr)
    return "has a plugin table with a function missing: it must offer create, start, stop and destroy";
  return "";
}

}  // namespace

Result<std::shared_ptr<const EnactorHost::Module>> EnactorHost::Module::load(
    const std::string& directory, const std::string& kind, const std::shared_ptr<ServerLink>& link) {
  if (!isKind(kind))
    return Error{ErrorKind::Invalid, kind, "is no kind of Enactor: a kind is of a-z, 0-9, - and _"};
  std::error_code ignored;  // a relative path then fails to load, and says so
  const std::filesystem::path relative =
      std::filesystem::path(directory) / ("holdfast_enactor_" + kind + ".so");
  const std::filesystem::path absolute = std::filesystem::absolute(relative, ignored);
  const std::string file = absolute.empty() ? relative.string() : absolute.string();
  if (!std::filesystem::exists(file, ignored))
    return Error{ErrorKind::NotFound, file,
                 "is missing, so there is no Enactor of kind \"" + kind +
                     "\": correct the kind or install its plugin"};

  void* const handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr)
    return Error{ErrorKind::Invalid, file, "does not load as an Enactor plugin: " + dynamicLinkerError()};
  void* symbol = ::dlsym(handle, HOLDFAST_ENACTOR_SYMBOL);
  if (symbol == nullptr)
    return Error{ErrorKind::Invalid, file, "is no Enactor plugin: " + dynamicLinkerError()};
  const auto function = reinterpret_cast<holdfast_enactor_plugin_function>(symbol);
  const holdfast_enactor_table* table = nullptr;
  try {
    table = function();
  } catch (...) {
    return Error{ErrorKind::Invalid, file, "throws from " HOLDFAST_ENACTOR_SYMBOL};
  }
  if (std::string problem = tableProblem(table, kind); !problem.empty())
    return Error{ErrorKind::Invalid, file, std::move(problem)};
  holdfast_enactor_table known{};
  std::memcpy(&known, table, std::min(wholeMembers(table->size), sizeof known));
  const std::shared_ptr<Module> module(new Module(known));
  module->watchThreads(kind, link);
  return std::shared_ptr<const Module>(module);
}

void EnactorHost::Module::watchThreads(const std::string& kind, const std::shared_ptr<ServerLink>& link) {
  report_ = std::make_shared<const UncaughtReport>(
      [kind, log = crashLog_, to = std::weak_ptr<ServerLink>(link)](const std::string& what) {
        {
          const std::lock_guard lock(log->mutex);
          ++log->crashes.count;
          log->crashes.last = what;
        }
        if (const std::shared_ptr<ServerLink> open = to.lock())
          open->say(LogLevel::Error, "", "an exception ended a thread of an Enactor of kind ", kind,
                    ", which stands still from now on: ", what,
                    ": the plugin must catch what it throws on threads of its own");
      });
  surviveUncaught(reinterpret_cast<const void*>(table_.create), report_);
}

EnactorHost::Module::Crashes EnactorHost::Module::crashes() const {
  const std::lock_guard lock(crashLog_->mutex);
  return crashLog_->crashes;
}

std::shared_ptr<const EnactorHost::Module> EnactorHost::Modules::running(const std::string& kind) const {
  const std::lock_guard lock(mutex_);
  const auto found = modules_.find(kind);
  return found == modules_.end() ? nullptr : found->second.lock();
}

Result<std::shared_ptr<const EnactorHost::Module>> EnactorHost::Modules::get(const std::string& kind) {
  if (std::shared_ptr<const Module> loaded = running(kind)) return loaded;
  Result<std::shared_ptr<const Module>> loaded = Module::load(directory_, kind, link_);
  if (!loaded) return loaded;
  const std::lock_guard lock(mutex_);
  std::weak_ptr<const Module>& known = modules_[kind];
  if (std::shared_ptr<const Module> faster = known.lock()) return faster;
  known = *loaded;
  return loaded;
}

}  // namespace holdfast
