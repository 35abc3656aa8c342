#include "zone/json_piece_threads.h"

#include <system_error>
#include <utility>

#include "zone/background.h"
#include "zone/parallel.h"

namespace holdfast {

namespace {

/// With fewer pieces than these no thread is worth its start.
constexpr std::size_t kPiecesWorthThreads = 4;
/// The memory of larger pieces is not kept.
constexpr std::size_t kLargestSpare = std::size_t{256} << 10;

}  // namespace

JsonPieceThreads::JsonPieceThreads(NameView zone, const PlanLimits& limits, std::atomic<std::size_t>& targets,
                                   NameTable known)
    : zone_(zone), limits_(limits), targets_(targets), known_(std::move(known)), own_(newReader()) {}

JsonPieceThreads::~JsonPieceThreads() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }
  end();
}

JsonPieceReader& JsonPieceThreads::newReader() {
  return *readers_.emplace_back(std::make_unique<JsonPieceReader>(zone_, limits_, targets_, known_));
}

void JsonPieceThreads::take(std::string& members) {
  std::unique_lock lock(mutex_);
  if (isOver_) return;
  std::string spare;
  if (!spare_.empty()) {
    spare = std::move(spare_.back());
    spare_.pop_back();
  }
  waiting_.push_back({taken_++, std::exchange(members, std::move(spare))});
  if (threads_.empty() && waiting_.size() >= kPiecesWorthThreads) startThreads();
  changed_.notify_one();
  if (waiting_.size() > kPiecesWorthThreads) readNext(own_, lock);
}

Result<bool> JsonPieceThreads::finish() {
  {
    std::unique_lock lock(mutex_);
    while (!waiting_.empty()) readNext(own_, lock);
  }
  end();
  if (thrown_) std::rethrow_exception(thrown_);
  return std::move(problem_);
}

void JsonPieceThreads::end() noexcept {
  {
    const std::lock_guard lock(mutex_);
    isOver_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
  spare_.clear();
}

void JsonPieceThreads::startThreads() {
  try {
    while (threads_.size() + 1 < parallelThreads()) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {  // no more threads: those there are do it
  }
}

void JsonPieceThreads::work() noexcept {
  enterBackground("json pieces");
  std::unique_lock lock(mutex_);
  try {
    JsonPieceReader& reader = newReader();
    for (;;) {
      changed_.wait(lock, [this] { return isOver_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      readNext(reader, lock);
    }
  } catch (...) {  // memory that runs out, for finish() to tell
    if (!lock.owns_lock()) lock.lock();
    thrown_ = std::current_exception();
    waiting_.clear();
    isOver_ = true;
  }
}

void JsonPieceThreads::readNext(JsonPieceReader& reader, std::unique_lock<std::mutex>& lock) {
  Piece piece = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  Result<bool> isJson = reader.read(piece.members);
  lock.lock();
  if (piece.members.capacity() <= kLargestSpare) spare_.push_back(std::move(piece.members));
  if (isJson && *isJson) return;
  const bool isFirst = (problem_ && *problem_) || piece.number < failedPiece_;
  if (isFirst) {
    problem_ = std::move(isJson);
    failedPiece_ = piece.number;
  }
  waiting_.clear();
  isOver_ = true;
}

}  // namespace holdfast
