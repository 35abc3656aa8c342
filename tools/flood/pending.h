#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "tools/flood/questions.h"

namespace holdfast::flood {

/// The questions of one socket that wait for their answers, by ID: IDs are given out in turn, so that the
/// oldest is always known. One thread.
class Pending {
 public:
  static constexpr std::uint32_t kIds = 65'536;

  struct Entry {
    std::int64_t due = 0;      ///< when it should have been sent, nanoseconds of the steady clock
    std::uint32_t number = 0;  ///< of the question, or kGarbage
    bool waits = false;
  };

  /// Questions; garbage is owed no answer.
  std::uint32_t questions() const noexcept { return questions_; }
  bool isFull() const noexcept { return next_ - oldest_ >= kIds; }

  /// The ID of the next question. REQUIRES: !isFull().
  std::uint16_t nextId() const noexcept { return static_cast<std::uint16_t>(next_); }
  /// That question is sent.
  void add(std::uint32_t number, std::int64_t due) noexcept {
    (*entries_)[next_++ % kIds] = {due, number, true};
    questions_ += number != kGarbage;
  }
  /// What waits with that ID, which then does no longer; nullptr for nothing. Until add() is called so often
  /// again.
  const Entry* take(std::uint16_t id) noexcept {
    Entry& entry = (*entries_)[id];
    if (!entry.waits) return nullptr;
    entry.waits = false;
    questions_ -= entry.number != kGarbage;
    passAnswered();
    return &entry;
  }
  /// The same of the oldest, where it was due before `time`; nullptr for none.
  const Entry* takeDueBefore(std::int64_t time) noexcept {
    passAnswered();
    if (oldest_ == next_ || (*entries_)[oldest_ % kIds].due >= time) return nullptr;
    return take(static_cast<std::uint16_t>(oldest_ % kIds));
  }

 private:
  void passAnswered() noexcept {
    while (oldest_ != next_ && !(*entries_)[oldest_ % kIds].waits) ++oldest_;
  }

  using Entries = std::array<Entry, kIds>;
  std::unique_ptr<Entries> entries_ = std::make_unique<Entries>();
  std::uint64_t next_ = 0;    // IDs modulo kIds
  std::uint64_t oldest_ = 0;  // that may still wait
  std::uint32_t questions_ = 0;
};

}  // namespace holdfast::flood
