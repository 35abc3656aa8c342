#include "plugin/instance.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <span>
#include <system_error>
#include <thread>

namespace holdfast {

namespace {

/// Room for what a plugin says about its failure.
constexpr std::size_t kErrorOctets = 1024;

/// So many findings of one refusal go to the log; all of them stand in the history.
constexpr std::size_t kLoggedReasons = 10;

/// Copies what fits, never half a UTF-8 character, and ends with a NUL.
void copyText(std::string_view text, std::span<char> out) noexcept {
  if (out.empty()) return;
  std::size_t size = std::min(text.size(), out.size() - 1);
  if (size < text.size())
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
  if (size > 0) std::memcpy(out.data(), text.data(), size);
  out[size] = '\0';
}

std::span<char> bufferOf(char* data, std::size_t size) noexcept {
  return data == nullptr ? std::span<char>() : std::span<char>(data, size);
}

std::string_view textOf(const char* text) noexcept {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

/// Runs `work` on a thread of the server's own that is registered for RCU, and waits for it. The plugin's
/// thread may be registered already (the server's own thread, inside create), may have been made by another
/// language's runtime, or have a small stack; this works for all of them, costs some tens of microseconds
/// for each plan, and leaves room to give up on a call that takes too long.
template <class Work>
void onServerThread(Work work) {
  std::exception_ptr thrown;
  std::thread thread([&] {
    try {
      const RcuThread rcu;
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  thread.join();
  if (thrown) std::rethrow_exception(thrown);
}

/// What is in flight as an exception, as text. Only inside a catch block.
std::string currentProblem() {
  try {
    throw;
  } catch (const std::exception& problem) {
    return problem.what();
  } catch (...) {
    return "an exception that is none of the standard library's";
  }
}

void fill(const Outcome& outcome, holdfast_outcome& out) noexcept {
  out.kind = outcome.kind == Outcome::Kind::Published ? HOLDFAST_PUBLISHED : HOLDFAST_REFUSED;
  out.generation = outcome.generation;
  out.committed = outcome.committed;
  if (outcome.verdict.reasons.empty()) return;
  const Reason& first = outcome.verdict.reasons.front();
  copyText(toText(first.rule), out.rule);
  const std::span<char> text = bufferOf(out.text, out.text_size);
  copyText(first.detail.empty() ? first.observed : first.detail, text);
}

DocumentFormat formatOf(std::uint32_t format) noexcept {
  return format == HOLDFAST_FORMAT_ZONE_FILE ? DocumentFormat::ZoneFile : DocumentFormat::Json;
}

/// Runs a call into the plugin; a plugin that throws, against the contract, has failed and no more.
template <class Call>
Status guarded(const std::string& name, const char* what, Call call) {
  try {
    return call();
  } catch (...) {
    return Error{ErrorKind::System, name, std::string("threw in ") + what + ": " + currentProblem()};
  }
}

}  // namespace

EnactorHost::Instance::Instance(const Intake& intake, const Log& log, Name zone, EnactorSpec spec,
                                std::shared_ptr<const Module> module)
    : intake_(intake),
      log_(log),
      zone_(std::move(zone)),
      zoneText_(zone_.text()),
      spec_(std::move(spec)),
      name_(nameOf(spec_)),
      caller_{"enactor " + name_, true},
      module_(std::move(module)),
      host_(hostTable()) {
  health_.zone = zone_;
  health_.name = name_;
  health_.detail = "starting";
}

EnactorHost::Instance::~Instance() {
  stopping_ = true;
  const holdfast_enactor_table& table = module_->table();
  const auto end = [&](const char* what, void (*call)(holdfast_enactor*)) {
    const Status ended = guarded(name_, what, [&]() -> Status {
      call(enactor_);
      return Done{};
    });
    if (!ended) say(LogLevel::Error, ended.error().what);
  };
  if (started_) end("stop", table.stop);
  if (enactor_ != nullptr) end("destroy", table.destroy);
}

Status EnactorHost::Instance::start() {
  std::vector<holdfast_option> options;
  options.reserve(spec_.options.size());
  for (const auto& [key, value] : spec_.options) options.push_back({key.c_str(), value.c_str()});
  std::string error(kErrorOctets, '\0');
  const auto failed = [&](const char* what) {
    error.resize(::strnlen(error.data(), error.size()));
    return Error{ErrorKind::Invalid, name_,
                 error.empty() ? std::string("failed in ") + what + " without saying why" : error};
  };
  Status created = guarded(name_, "create", [&]() -> Status {
    enactor_ = module_->table().create(&host_, zoneText_.c_str(), spec_.argument.c_str(), options.data(),
                                       options.size(), error.data(), error.size());
    if (enactor_ == nullptr) return failed("create");
    return Done{};
  });
  if (!created) return created;
  return guarded(name_, "start", [&]() -> Status {
    if (module_->table().start(enactor_, error.data(), error.size()) != 0) return failed("start");
    started_ = true;
    return Done{};
  });
}

EnactorHealth EnactorHost::Instance::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void EnactorHost::Instance::say(LogLevel level, std::string_view text) const noexcept {
  try {
    log_(level, zoneText_, name_ + ": " + std::string(text));
  } catch (...) {
    // There is nowhere left to say it, and it must not take the caller down.
    return;
  }
}

void EnactorHost::Instance::logUnrecorded(const Outcome& outcome) const {
  if (outcome.unrecorded)
    say(LogLevel::Error, "a refusal is missing from the history: " + outcome.unrecorded->text());
}

/// A refusal in full (I12), so that no plugin has to tell it.
void EnactorHost::Instance::logOutcome(const Outcome& outcome) const {
  if (outcome.kind != Outcome::Kind::Refused) {
    say(LogLevel::Debug, "published generation " + std::to_string(outcome.generation));
    return;
  }
  std::size_t told = 0;
  for (const Reason& reason : outcome.verdict.reasons) {
    if (told++ == kLoggedReasons) break;
    say(LogLevel::Warning, "refused by " + std::string(toText(reason.rule)) + ": " + reason.name +
                               (reason.type.empty() ? "" : "/" + reason.type) + ": seen " + reason.observed +
                               ", limit " + reason.limit + ": " + reason.detail);
  }
  const std::uint64_t all = outcome.verdict.reasons.size() + outcome.verdict.unlisted;
  if (all > kLoggedReasons)
    say(LogLevel::Warning, "and " + std::to_string(all - kLoggedReasons) + " findings more");
  logUnrecorded(outcome);
}

Result<Outcome> EnactorHost::Instance::submit(const holdfast_document& from) {
  if (stopping_) return Error{ErrorKind::Conflict, name_, "is being stopped"};
  Document document;
  document.zone = zone_;
  document.format = formatOf(from.format);
  if (from.body != nullptr) document.body = {from.body, from.body_size};
  if ((from.given & HOLDFAST_GIVEN_GENERATION) != 0) document.generation = from.generation;
  if ((from.given & HOLDFAST_GIVEN_BASE) != 0) document.base = from.base;
  document.source = textOf(from.source);
  document.caller = caller_;

  Result<Outcome> outcome = Error{};
  onServerThread([&] {
    outcome = intake_.submit(document);
    // What contradicts itself is a refusal too, and stays one however often it is tried.
    if (!outcome && outcome.error().kind == ErrorKind::Invalid)
      outcome = intake_.publisher().refuse(zone_, caller_, "", outcome.error(), false);
  });
  if (outcome) logOutcome(*outcome);

  const std::lock_guard lock(mutex_);
  ++health_.submitted;
  if (outcome && outcome->kind == Outcome::Kind::Published) ++health_.published;
  if (outcome && outcome->kind == Outcome::Kind::Refused) ++health_.refused;
  return outcome;
}

void EnactorHost::Instance::unreadable(std::string where, std::string what) {
  say(LogLevel::Error, where + ": unreadable: " + what);
  onServerThread(
      [&] { logUnrecorded(intake_.unreadable(zone_, caller_, std::move(where), std::move(what))); });
  const std::lock_guard lock(mutex_);
  ++health_.refused;
}

void EnactorHost::Instance::report(bool healthy, std::string detail) {
  const std::lock_guard lock(mutex_);
  health_.healthy = healthy;
  health_.detail = std::move(detail);
}

/// What the plugin sees. Nothing thrown on this side passes through: it becomes a failure that is told.
holdfast_host EnactorHost::Instance::hostTable() noexcept {
  holdfast_host host{};
  host.size = sizeof host;
  host.abi = HOLDFAST_ENACTOR_ABI;
  host.context = this;
  host.submit = [](const holdfast_host* self, const holdfast_document* document,
                   holdfast_outcome* out) noexcept {
    out->kind = HOLDFAST_FAILED;
    out->reserved = 0;
    out->generation = out->committed = 0;
    out->rule[0] = '\0';
    const std::span<char> text = bufferOf(out->text, out->text_size);
    copyText("", text);
    try {
      const Result<Outcome> outcome = of(self).submit(*document);
      if (outcome)
        fill(*outcome, *out);
      else
        copyText(outcome.error().text(), text);
    } catch (...) {
      copyText(currentProblem(), text);
    }
  };
  host.unreadable = [](const holdfast_host* self, const char* where, const char* what) noexcept {
    try {
      of(self).unreadable(std::string(textOf(where)), std::string(textOf(what)));
    } catch (...) {
      of(self).say(LogLevel::Error, "a refusal could not be recorded: " + currentProblem());
    }
  };
  host.generation_of = [](const holdfast_host* self, std::uint32_t format, const char* body, std::size_t size,
                          std::uint64_t* generation, char* error, std::size_t errorSize) noexcept -> int {
    const std::span<char> text = bufferOf(error, errorSize);
    try {
      const std::string_view bytes = body == nullptr ? std::string_view() : std::string_view(body, size);
      const Result<Generation> found = of(self).intake_.generationOf(of(self).zone_, formatOf(format), bytes);
      if (found) {
        *generation = *found;
        return 0;
      }
      copyText(found.error().text(), text);
    } catch (...) {
      copyText(currentProblem(), text);
    }
    return -1;
  };
  host.committed = [](const holdfast_host* self) noexcept -> std::uint64_t {
    Generation committed = 0;
    try {
      onServerThread([&] {
        if (const auto status = of(self).intake_.publisher().status(of(self).zone_))
          committed = status->committed;
      });
    } catch (...) {
      committed = 0;  // "not known": the commit compares in any case
    }
    return committed;
  };
  host.log = [](const holdfast_host* self, std::uint32_t level, const char* text) noexcept {
    of(self).say(static_cast<LogLevel>(std::min<std::uint32_t>(level, HOLDFAST_LOG_ERROR)), textOf(text));
  };
  host.health = [](const holdfast_host* self, int healthy, const char* text) noexcept {
    try {
      of(self).report(healthy != 0, std::string(textOf(text)));
    } catch (...) {
      of(self).say(LogLevel::Error, "the state of health could not be kept: " + currentProblem());
    }
  };
  return host;
}

}  // namespace holdfast
