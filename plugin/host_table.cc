// The functions that a plugin is given. Whatever comes from the other side is looked at before it is used,
// and nothing thrown on this side passes through: it becomes a failure that is told.
#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "plugin/instance.h"
#include "plugin/uncaught.h"

namespace holdfast {

namespace {

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

/// A thread that is cancelled in here would take locks with it.
class NotCancelled {
 public:
  NotCancelled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~NotCancelled() { ::pthread_setcancelstate(before_, nullptr); }
  NotCancelled(const NotCancelled&) = delete;
  NotCancelled& operator=(const NotCancelled&) = delete;

 private:
  int before_ = 0;
};

/// Where an outcome goes: as many of its members as lie within the size that the plugin gave.
class OutcomeWriter {
 public:
  explicit OutcomeWriter(holdfast_outcome* out) noexcept : out_(out) {
    if (out_ == nullptr) return;
    size_ = out_->size;
    if (size_ > kLargestStructure) size_ = offsetof(holdfast_outcome, reserved);  // garbage, but for the kind
    if (isUsable()) write(HOLDFAST_FAILED, 0, 0, "", "");
  }

  bool isUsable() const noexcept { return out_ != nullptr && has(offsetof(holdfast_outcome, reserved)); }
  bool isSane() const noexcept { return isUsable() && out_->size <= kLargestStructure; }

  void write(std::uint32_t kind, Generation generation, Generation committed, std::string_view rule,
             std::string_view text) noexcept {
    out_->kind = kind;
    if (has(offsetof(holdfast_outcome, generation))) out_->reserved = 0;
    if (has(offsetof(holdfast_outcome, committed))) out_->generation = generation;
    if (has(offsetof(holdfast_outcome, rule))) out_->committed = committed;
    if (has(offsetof(holdfast_outcome, text))) copyText(rule, out_->rule);
    if (has(sizeof(holdfast_outcome))) copyText(text, bufferOf(out_->text, out_->text_size));
  }

 private:
  bool has(std::size_t end) const noexcept { return size_ >= end; }

  holdfast_outcome* const out_;
  std::size_t size_ = 0;
};

LogLevel levelOf(std::uint32_t level) noexcept {
  return static_cast<LogLevel>(std::min<std::uint32_t>(level, HOLDFAST_LOG_ERROR));
}

}  // namespace

EnactorHost::Instance* EnactorHost::Instance::of(const holdfast_host* host) noexcept {
  return host == nullptr ? nullptr : static_cast<Instance*>(host->context);
}

/// Runs what a host function is for. What it throws is told.
template <class Call>
void EnactorHost::Instance::answer(const holdfast_host* host, const char* function, Call call) noexcept {
  Instance* const instance = of(host);
  if (instance == nullptr) return;  // nobody knows whose call it is
  const NotCancelled whole;
  try {
    call(*instance);
  } catch (...) {
    instance->say(LogLevel::Error, function, " could not be done: ", currentProblem());
  }
}

int EnactorHost::Instance::answerFacts(const holdfast_host* host, std::uint32_t format, std::string_view body,
                                       holdfast_plan_facts& facts, std::span<char> error) noexcept {
  copyText("the server could not read it", error);
  int result = -1;
  answer(host, "facts_of", [&](Instance& instance) {
    const Result<Intake::Facts> found = instance.factsOf(format, body);
    if (!found) return copyText(found.error().text(), error);
    facts.kind = found->kind == PlanKind::Delta ? HOLDFAST_PLAN_DELTA : HOLDFAST_PLAN_FULL;
    facts.generation = found->generation;
    facts.base = found->base;
    copyText("", error);
    result = 0;
  });
  return result;
}

holdfast_host EnactorHost::Instance::hostTable() noexcept {
  holdfast_host host{};
  host.size = sizeof host;
  host.abi = HOLDFAST_ENACTOR_ABI;
  host.context = this;
  host.submit = [](const holdfast_host* self, const holdfast_document* document,
                   holdfast_outcome* out) noexcept {
    OutcomeWriter writer(out);
    answer(self, "submit", [&](Instance& instance) {
      if (!writer.isSane())
        return instance.writeLog(LogLevel::Warning,
                                 "submit was called without a holdfast_outcome of a size to write to");
      try {
        const Submitted outcome = instance.submit(document);
        writer.write(outcome.kind, outcome.generation, outcome.committed, outcome.rule, outcome.text);
      } catch (...) {
        writer.write(HOLDFAST_FAILED, 0, 0, "", currentProblem());
        throw;
      }
    });
  };
  host.unreadable = [](const holdfast_host* self, const char* where, const char* what) noexcept {
    answer(self, "unreadable",
           [&](Instance& instance) { instance.unreadable(instance.cut(where), instance.cut(what)); });
  };
  host.generation_of = [](const holdfast_host* self, std::uint32_t format, const char* body, std::size_t size,
                          std::uint64_t* generation, char* error, std::size_t errorSize) noexcept -> int {
    holdfast_plan_facts facts{};
    const std::string_view bytes = body == nullptr ? std::string_view() : std::string_view(body, size);
    const int result = answerFacts(self, format, bytes, facts, bufferOf(error, errorSize));
    if (result == 0 && generation != nullptr) *generation = facts.generation;
    return result;
  };
  host.committed = [](const holdfast_host* self) noexcept -> std::uint64_t {
    Generation committed = 0;
    answer(self, "committed", [&](Instance& instance) { committed = instance.committed(); });
    return committed;
  };
  host.log = [](const holdfast_host* self, std::uint32_t level, const char* text) noexcept {
    answer(self, "log", [&](Instance& instance) { instance.writeLog(levelOf(level), instance.cut(text)); });
  };
  host.health = [](const holdfast_host* self, int healthy, const char* text) noexcept {
    answer(self, "health", [&](Instance& instance) { instance.report(healthy != 0, instance.cut(text)); });
  };
  host.facts_of = [](const holdfast_host* self, std::uint32_t format, const char* body, std::size_t size,
                     holdfast_plan_facts* out, char* error, std::size_t errorSize) noexcept -> int {
    const std::span<char> text = bufferOf(error, errorSize);
    if (out == nullptr || out->size < sizeof(holdfast_plan_facts) || out->size > kLargestStructure) {
      copyText("facts_of was called without a holdfast_plan_facts of its size", text);
      return -1;
    }
    out->kind = out->reserved = 0;
    out->generation = out->base = 0;
    const std::string_view bytes = body == nullptr ? std::string_view() : std::string_view(body, size);
    return answerFacts(self, format, bytes, *out, text);
  };
  host.stopping = [](const holdfast_host* self) noexcept -> int {
    const Instance* const instance = of(self);
    return instance == nullptr || instance->stopping_ ? 1 : 0;
  };
  return host;
}

}  // namespace holdfast
