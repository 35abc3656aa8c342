#include "zone/reception.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "zone/background.h"
#include "zone/parallel.h"

namespace holdfast {

namespace {

constexpr std::size_t kBlockOctets = std::size_t{256} << 10;
/// More at once would only wait for each other, and each has threads and half-made plans.
constexpr std::size_t kMostReading = 2;

}  // namespace

Reception::Reception(SpooledBody spool, const Zone& held, DocumentFormat format, const PlanLimits& limits,
                     Places places)
    : zone_(held.apex()),
      format_(format),
      limits_(limits),
      places_(std::move(places)),
      spool_(std::move(spool)) {
  const bool hasSeat = places_.seat != nullptr;
  if (format == DocumentFormat::Json)
    stream_ = std::make_unique<JsonPlanStream>(zone_, limits_, hasSeat ? held.names() : NameTable());
  if (!hasSeat) return;
  try {
    thread_ = std::jthread([this] { readAlong(); });
  } catch (const std::system_error&) {  // no more threads: it is read when it is there
  }
}

Reception::~Reception() {
  {
    const std::lock_guard lock(mutex_);
    isForgotten_ = isEnded_ = true;
  }
  more_.notify_one();
}

void Reception::feed(std::string_view octets) {
  if (isFull_) return;
  const std::uint64_t before = spool_.size();
  if (Status kept = spool_.append(octets); !kept) {
    isFull_ = true;
    fail(std::move(kept).error());
    spool_.clear();  // others need the room
  } else {
    const std::lock_guard lock(mutex_);
    written_ = spool_.size();
    if (written_ / kBlockOctets == before / kBlockOctets) return;  // nobody waits for less
  }
  more_.notify_one();
}

Result<Reception::Read> Reception::finish() {
  {
    const std::lock_guard lock(mutex_);
    isEnded_ = true;
  }
  more_.notify_one();
  if (thread_.joinable())
    thread_.join();
  else
    givingWay(true, [this] { read(); });
  if (problem_) std::rethrow_exception(problem_);
  if (failed_) return *std::move(failed_);
  return Read{toHex(digest_.finish()), *std::move(plan_)};
}

void Reception::readAlong() noexcept {
  enterBackground("reception");
  try {
    read();
  } catch (...) {  // memory that runs out, for finish() to tell
    problem_ = std::current_exception();
  }
  places_.seat.reset();
}

std::optional<std::size_t> Reception::await(std::uint64_t from, std::size_t most) {
  std::unique_lock lock(mutex_);
  more_.wait(lock, [&] { return written_ - from >= most || isEnded_ || failed_; });
  if (isForgotten_ || failed_) return std::nullopt;
  return static_cast<std::size_t>(std::min<std::uint64_t>(most, written_ - from));
}

void Reception::read() {
  const auto block = std::make_unique_for_overwrite<char[]>(kBlockOctets);
  auto stream = std::move(stream_);  // there may be much to give back, and this is the thread for it
  for (std::uint64_t at = 0;;) {
    const std::optional<std::size_t> size = await(at, kBlockOctets);
    if (!size) return;
    if (*size == 0) break;
    Result<std::string_view> octets = spool_.read(at, {block.get(), *size});
    if (octets && octets->size() < *size) octets = Error{ErrorKind::Store, "", "a large document is cut off"};
    if (!octets) return fail(std::move(octets).error());
    at += *size;
    digest_.add(*octets);
    if (stream) stream->feed(*octets);
  }
  if (stream) plan_ = stream->finish();
  stream.reset();
  if (!plan_) plan_ = readWhole();
}

/// The first failure is the one that is told: of a document that could not be kept, reading fails too.
void Reception::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!failed_) failed_ = std::move(error);
}

Result<Plan> Reception::readWhole() const {
  const Result<std::string> all = spool_.all();
  if (!all) return all.error();
  return format_ == DocumentFormat::Json ? parseJsonPlanWhole(*all, zone_, limits_)
                                         : parseZoneFilePlan(*all, zone_, limits_);
}

namespace {

/// One of at most so many; null where there are as many.
std::shared_ptr<void> take(const std::shared_ptr<std::atomic<std::size_t>>& count, std::size_t most) {
  if (count->fetch_add(1) < most) return {count.get(), [count](void*) { --*count; }};
  --*count;
  return nullptr;
}

}  // namespace

Receptions::Receptions(std::string directory, std::size_t most, const PlanLimits& limits)
    : directory_(std::move(directory)),
      most_(most),
      limits_(limits),
      open_(std::make_shared<Count>(0)),
      reading_(std::make_shared<Count>(0)) {}

Result<std::unique_ptr<Reception>> Receptions::begin(const Zone& held, DocumentFormat format,
                                                     std::uint64_t octets) const {
  std::shared_ptr<void> place = take(open_, most_);
  if (place == nullptr)
    return Error{ErrorKind::Store, directory_,
                 "holds " + std::to_string(most_) + " large documents already (limits.submissions-running)"};
  Result<SpooledBody> spool = SpooledBody::in(directory_, octets);
  if (!spool) return std::move(spool).error();
  return std::make_unique<Reception>(*std::move(spool), held, format, limits_,
                                     Reception::Places{std::move(place), take(reading_, kMostReading)});
}

}  // namespace holdfast
