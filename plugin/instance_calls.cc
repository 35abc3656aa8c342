// What an Enactor does with the server: each call waits for its turn, is bounded, and is counted.
#include <algorithm>
#include <cstring>
#include <utility>

#include "plugin/instance.h"

namespace holdfast {

namespace {

/// So many findings of one refusal go to the log; all of them stand in the history.
constexpr std::size_t kLoggedReasons = 10;

/// What a holdfast_document must hold at least: its body.
constexpr std::size_t kSmallestDocument = offsetof(holdfast_document, source);

constexpr std::uint32_t kKnownGiven = HOLDFAST_GIVEN_GENERATION | HOLDFAST_GIVEN_BASE;

Error garbage(std::string what) {
  return {ErrorKind::Invalid, "the Enactor's document", std::move(what)};
}

Result<DocumentFormat> formatOf(std::uint32_t format) {
  if (format == HOLDFAST_FORMAT_JSON) return DocumentFormat::Json;
  if (format == HOLDFAST_FORMAT_ZONE_FILE) return DocumentFormat::ZoneFile;
  return garbage("is in format " + std::to_string(format) + ": known are 1 (JSON) and 2 (zone file)");
}

Status checkSize(std::uint64_t octets, const EnactorLimits& limits) {
  if (octets <= limits.planBytes) return Done{};
  return Error{ErrorKind::TooLarge, "the Enactor's document",
               "is of " + std::to_string(octets) + " octets, over limits.plan-bytes, which is " +
                   std::to_string(limits.planBytes)};
}

/// What is known of the document that the plugin handed in: members beyond its size are null. An Error where
/// not even that can be told.
Result<holdfast_document> copyOf(const holdfast_document* document) {
  if (document == nullptr) return garbage("is NULL");
  if (document->size < kSmallestDocument || document->size > kLargestStructure)
    return garbage("says it is of size " + std::to_string(document->size) +
                   ": set size to sizeof(holdfast_document)");
  holdfast_document known{};
  std::memcpy(&known, document, std::min(wholeMembers(document->size), sizeof known));
  return known;
}

/// Takes over what the plugin said. A condition that is not understood is never dropped.
Status fillIn(Document& document, const holdfast_document& from, const EnactorLimits& limits) {
  const Result<DocumentFormat> format = formatOf(from.format);
  if (!format) return format.error();
  document.format = *format;
  if (Status fits = checkSize(from.body_size, limits); !fits) return fits;
  if (from.body == nullptr && from.body_size > 0)
    return garbage("has no body, but " + std::to_string(from.body_size) + " octets of it");
  if (from.body != nullptr) document.body = {from.body, from.body_size};
  if ((from.given & ~kKnownGiven) != 0)
    return garbage("gives what this server does not know: given is " + std::to_string(from.given));
  if ((from.given & HOLDFAST_GIVEN_GENERATION) != 0) {
    if (!HOLDFAST_HAS(holdfast_document, &from, generation))
      return garbage("gives a generation beyond its own size");
    if (from.generation < 1 || from.generation > kMaxPlannedGeneration)
      return garbage("gives generation " + std::to_string(from.generation) + ", not from 1 to " +
                     std::to_string(kMaxPlannedGeneration));
    document.generation = from.generation;
  }
  if ((from.given & HOLDFAST_GIVEN_BASE) != 0) {
    if (!HOLDFAST_HAS(holdfast_document, &from, base)) return garbage("gives a base beyond its own size");
    if (from.base > kMaxGeneration)
      return garbage("gives base " + std::to_string(from.base) + ", above " + std::to_string(kMaxGeneration));
    document.base = from.base;
  }
  return Done{};
}

/// The one place that knows both. A kind that is added to Outcome takes a line here.
std::uint32_t kindOf(Outcome::Kind kind) noexcept {
  switch (kind) {
    case Outcome::Kind::Published:
      return HOLDFAST_PUBLISHED;
    case Outcome::Kind::Superseded:
      return HOLDFAST_SUPERSEDED;
    case Outcome::Kind::Accepted:  // of a dry run, which no Enactor can ask for
    case Outcome::Kind::Refused:
      return HOLDFAST_REFUSED;
  }
  return HOLDFAST_FAILED;
}

/// Leaves the turnstile at the end of a call.
struct Turn {
  Turnstile& turnstile;
  ~Turn() { turnstile.leave(); }
};

}  // namespace

Status EnactorHost::Instance::takeTurn(Turnstile& turnstile, bool counted) {
  const EnactorLimits limits = link_->limits();
  const Error stopped{ErrorKind::Conflict, name_, "is being stopped"};
  if (stopping_) return stopped;
  switch (turnstile.enter({limits.concurrent, counted ? limits.rate : 0, limits.burst, limits.wait})) {
    case Turnstile::Answer::Entered:
      return Done{};
    case Turnstile::Answer::Stopped:
      return stopped;
    case Turnstile::Answer::TooMany:
      return Error{ErrorKind::Conflict, name_,
                   "waited too long (limits.enactor-wait): more submissions at once than "
                   "limits.enactor-concurrent, which is " +
                       std::to_string(limits.concurrent)};
    case Turnstile::Answer::TooFast:
      break;
  }
  return Error{ErrorKind::Conflict, name_,
               "waited too long (limits.enactor-wait): more submissions a second than limits.enactor-rate, "
               "which is " +
                   std::to_string(limits.rate)};
}

/// Runs `work` beside the intake. Meanwhile it is the server that takes its time, not the plugin.
bool EnactorHost::Instance::serve(const std::function<void(const Intake&)>& work) {
  struct Busy {
    Instance& instance;
    explicit Busy(Instance& busy) : instance(busy) {
      const std::lock_guard lock(instance.mutex_);
      ++instance.busy_;
    }
    ~Busy() {
      {
        const std::lock_guard lock(instance.mutex_);
        --instance.busy_;
        if (instance.phase_ != Phase::Ended) instance.since_ = Clock::now();
      }
      instance.bell_->ring();
    }
  } const busy{*this};
  return link_->call(work);
}

EnactorHost::Instance::Submitted EnactorHost::Instance::submit(const holdfast_document* given) {
  Submitted outcome;
  const Result<holdfast_document> from = copyOf(given);
  const Status turn = from ? takeTurn(turnstile_, true) : Status(from.error());
  if (turn) {
    const Turn leave{turnstile_};
    Document document;
    document.zone = zone_;
    document.caller = caller_;
    document.source = cut(from->source);
    const Status sane = fillIn(document, *from, link_->limits());
    outcome = judge(document, sane);
  } else {
    outcome.text = turn.error().text();
    if (!stopping_) writeLog(LogLevel::Warning, "a submission failed: " + outcome.text);
  }
  count(outcome);
  return outcome;
}

EnactorHost::Instance::Submitted EnactorHost::Instance::judge(const Document& document, const Status& sane) {
  Result<Outcome> outcome = Error{ErrorKind::Conflict, name_, "the server is not there any more"};
  serve([&](const Intake& intake) {
    if (sane) outcome = intake.submit(document);
    // What is garbage or contradicts itself is a refusal too, and stays one however often it is tried.
    const Error* error = !sane ? &sane.error() : !outcome ? &outcome.error() : nullptr;
    if (error != nullptr && (!sane || error->kind == ErrorKind::Invalid)) {
      const Error told = *error;
      outcome = intake.publisher().refuse(zone_, caller_, "", told, false);
    }
  });
  Submitted submitted;
  if (!outcome) {
    submitted.text = outcome.error().text();
    return submitted;
  }
  logOutcome(*outcome);
  submitted.kind = kindOf(outcome->kind);
  submitted.generation = outcome->generation;
  submitted.committed = outcome->committed;
  if (!outcome->verdict.reasons.empty()) {
    const Reason& first = outcome->verdict.reasons.front();
    submitted.rule = toText(first.rule);
    submitted.text = first.detail.empty() ? first.observed : first.detail;
  }
  return submitted;
}

void EnactorHost::Instance::count(const Submitted& outcome) {
  const std::lock_guard lock(mutex_);
  ++health_.submitted;
  switch (outcome.kind) {
    case HOLDFAST_PUBLISHED:
      ++health_.published;
      health_.lastOutcome = "published " + std::to_string(outcome.generation);
      break;
    case HOLDFAST_REFUSED:
      ++health_.refused;
      health_.lastOutcome = "refused by " + outcome.rule;
      break;
    case HOLDFAST_SUPERSEDED:
      ++health_.superseded;
      health_.lastOutcome = "superseded by " + std::to_string(outcome.committed);
      break;
    default:
      ++health_.failed;
      health_.lastOutcome = "failed: " + outcome.text;
      break;
  }
  health_.lastAt = wallClock();
}

void EnactorHost::Instance::logUnrecorded(const Outcome& outcome) const {
  if (outcome.unrecorded)
    say(LogLevel::Error, "a refusal is missing from the history: " + outcome.unrecorded->text());
}

/// A refusal in full (I12), so that no plugin has to tell it.
void EnactorHost::Instance::logOutcome(const Outcome& outcome) const {
  if (kindOf(outcome.kind) != HOLDFAST_REFUSED) {
    say(LogLevel::Debug,
        (kindOf(outcome.kind) == HOLDFAST_PUBLISHED ? "published generation " : "superseded: generation ") +
            std::to_string(outcome.generation));
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

void EnactorHost::Instance::unreadable(std::string where, std::string what) {
  if (const Status turn = takeTurn(turnstile_, true); !turn) {
    // Not in the history, but told and counted: one that floods it must not fill the disk.
    writeLog(LogLevel::Error,
             where + ": unreadable: " + what + " (not recorded: " + turn.error().text() + ")");
    const std::lock_guard lock(mutex_);
    ++health_.failed;
    return;
  }
  const Turn leave{turnstile_};
  writeLog(LogLevel::Error, where + ": unreadable: " + what);
  serve([&](const Intake& intake) {
    logUnrecorded(intake.unreadable(zone_, caller_, std::move(where), std::move(what)));
  });
  const std::lock_guard lock(mutex_);
  ++health_.refused;
}

Result<Intake::Facts> EnactorHost::Instance::factsOf(std::uint32_t format, std::string_view body) {
  const Result<DocumentFormat> known = formatOf(format);
  if (!known) return known.error();
  if (Status fits = checkSize(body.size(), link_->limits()); !fits) return fits.error();
  // It takes memory as a submission does, so it waits like one; it leaves nothing behind, so it is not rated.
  if (const Status turn = takeTurn(turnstile_, false); !turn) return turn.error();
  const Turn leave{turnstile_};
  Result<Intake::Facts> facts = Error{ErrorKind::Conflict, name_, "the server is not there any more"};
  serve([&](const Intake& intake) { facts = intake.factsOf(zone_, *known, body); });
  return facts;
}

Generation EnactorHost::Instance::committed() {
  if (!takeTurn(questions_, false)) return 0;  // "not known": the commit compares in any case
  const Turn leave{questions_};
  Generation generation = 0;
  serve([&](const Intake& intake) {
    if (const auto status = intake.publisher().status(zone_)) generation = status->committed;
  });
  return generation;
}

void EnactorHost::Instance::writeLog(LogLevel level, const std::string& text) {
  const std::uint64_t lines = link_->limits().logLines;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    if (logBucket_.take(Clock::now(), lines, 10 * lines) != Clock::duration{}) {
      ++health_.linesDropped;
      ++unsaidDrops_;
      return;
    }
    dropped = std::exchange(unsaidDrops_, 0);
  }
  if (dropped > 0)
    say(LogLevel::Warning,
        std::to_string(dropped) + " lines were dropped: more a second than limits.enactor-log-lines");
  say(level, text);
}

void EnactorHost::Instance::report(bool healthy, std::string detail) {
  const std::lock_guard lock(mutex_);
  health_.healthy = healthy;
  health_.detail = std::move(detail);
}

/// A text of the plugin's as one line, as much of it as limits.enactor-text allows; that is where the search
/// for its NUL ends too.
std::string EnactorHost::Instance::cut(const char* text) const {
  if (text == nullptr) return "";
  const std::size_t limit = link_->limits().textOctets;
  std::size_t size = ::strnlen(text, limit + 1);
  if (size <= limit) return oneLine({text, size});
  size = limit;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
  return oneLine({text, size}) + "...";
}

}  // namespace holdfast
