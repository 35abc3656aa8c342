#pragma once

#include <cstdint>
#include <vector>

#include "tools/flood/pending.h"
#include "tools/flood/questions.h"
#include "tools/flood/tally.h"

namespace holdfast::flood {

/// What a flow asks, and how it is judged. Outlives it.
struct Asking {
  const Questions& questions;
  bool isStamped = false;    ///< addresses carry the generation
  std::int64_t timeout = 0;  ///< nanoseconds; what has no answer by then is lost
};

/// One socket that asks one server, and judges what comes back. Times are nanoseconds of the steady clock.
/// One thread.
class Flow {
 public:
  explicit Flow(const Asking& asking) : asking_(asking), judge_(asking.questions.groups()) {}
  virtual ~Flow() = default;
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  virtual int socket() const noexcept = 0;
  /// Whether there is something that only waits for the socket to take it.
  virtual bool wantsToSend() const noexcept = 0;
  /// Whether ask() has room.
  virtual bool hasRoom() const noexcept = 0;
  /// Makes a message ready for the next send(). It is `due` when its time counts from. REQUIRES: hasRoom().
  virtual void ask(const Message& message, std::int64_t due, Tally& tally) = 0;
  /// Sends what is ready; what the system does not take stays.
  virtual void send(std::int64_t now, Tally& tally) = 0;
  /// Takes all that has come.
  virtual void receive(Tally& tally) = 0;

  /// Questions without an answer so far.
  std::uint32_t waiting() const noexcept { return pending_.questions(); }
  /// What waits for too long is lost.
  void expire(std::int64_t now, Tally& tally) noexcept;

 protected:
  /// Enters a message, and writes its ID into `octets`, which are to be sent.
  void enter(const Message& message, std::int64_t due, std::span<std::uint8_t> octets) noexcept;
  /// What waits, the oldest first, which then does no longer.
  std::vector<Pending::Entry> takeWaiting();
  const Questions& questions() const noexcept { return asking_.questions; }
  /// Judges what came.
  void judge(std::span<const std::uint8_t> response, std::int64_t now, Tally& tally) noexcept;
  bool hasId() const noexcept { return !pending_.isFull(); }

 private:
  void lose(const Pending::Entry& entry, Tally& tally) noexcept;

  const Asking& asking_;
  Pending pending_;
  Judge judge_;
};

/// Nanoseconds of the steady clock.
std::int64_t now() noexcept;

}  // namespace holdfast::flood
