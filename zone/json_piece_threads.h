#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "zone/json_piece_reader.h"

namespace holdfast {

/// Reads the pieces of a plan's endpoints while they are handed over, on the thread that hands them over and,
/// where there are some, on as many others as the machine has processors, at a low priority.
class JsonPieceThreads {
 public:
  /// What JsonEndpoints needs. All but `known` is borrowed.
  JsonPieceThreads(NameView zone, const PlanLimits& limits, std::atomic<std::size_t>& targets,
                   NameTable known);
  /// Before finish(): waits for the pieces that are being read, and drops the others.
  ~JsonPieceThreads();
  JsonPieceThreads(const JsonPieceThreads&) = delete;
  JsonPieceThreads& operator=(const JsonPieceThreads&) = delete;

  /// The next piece, as JsonCutter::Take: a piece's memory goes to and fro, as to get so much from the system
  /// each time takes longer than to fill it. Reads one itself where enough are waiting: what is handed over
  /// never piles up.
  void take(std::string& members);
  /// After the last, once. False where a piece is not JSON. What was begun is finished, so that the first
  /// problem of all is among those found, and it is the one that is told.
  Result<bool> finish();
  /// Calls `visit(JsonEndpoints&)` with what each thread has read. After finish().
  template <class Visit>
  void forEachShare(const Visit& visit) {
    for (const auto& reader : readers_) visit(reader->endpoints());
  }

 private:
  struct Piece {
    std::size_t number;
    std::string members;
  };
  JsonPieceReader& newReader();
  void startThreads();
  void work() noexcept;
  /// With the lock held, which it gives back meanwhile.
  void readNext(JsonPieceReader& reader, std::unique_lock<std::mutex>& lock);
  void end() noexcept;

  const NameView zone_;
  const PlanLimits& limits_;
  std::atomic<std::size_t>& targets_;
  const NameTable known_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> waiting_;
  std::vector<std::string> spare_;  // memory of pieces that were read
  std::size_t taken_ = 0;
  bool isOver_ = false;  // no more pieces, or none that matters
  std::vector<std::unique_ptr<JsonPieceReader>> readers_;
  JsonPieceReader& own_;
  std::size_t failedPiece_ = 0;
  Result<bool> problem_ = true;
  std::exception_ptr thrown_;

  std::vector<std::jthread> threads_;
};

}  // namespace holdfast
