#include "tools/flood/flow.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "zone/network_order.h"

namespace holdfast::flood {

std::int64_t now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Flow::enter(const Message& message, std::int64_t due, std::span<std::uint8_t> octets) noexcept {
  std::copy(message.octets.begin(), message.octets.end(), octets.begin());
  store16(octets.data(), pending_.nextId());
  pending_.add(message.number, due);
}

void Flow::judge(std::span<const std::uint8_t> response, std::int64_t now, Tally& tally) noexcept {
  const Pending::Entry* entry =
      response.size() < 2 ? nullptr
                          : pending_.take(static_cast<std::uint16_t>(response[0] << 8 | response[1]));
  if (entry == nullptr) {
    ++tally.unasked;
    return;
  }
  if (entry->number == kGarbage) {
    ++tally.garbageAnswered;
    return;
  }
  Expectation expected = asking_.questions.expectation(entry->number);
  expected.isStamped = asking_.isStamped;
  const Verdict verdict = judge_.judge(asking_.questions.message(entry->number), response, expected);
  tally.count(verdict, static_cast<std::uint64_t>(std::max<std::int64_t>(now - entry->due, 0)));
}

void Flow::lose(const Pending::Entry& entry, Tally& tally) noexcept {
  if (entry.number != kGarbage) ++tally.lost;  // who sends garbage is owed nothing
}

void Flow::expire(std::int64_t now, Tally& tally) noexcept {
  while (const Pending::Entry* entry = pending_.takeDueBefore(now - asking_.timeout)) lose(*entry, tally);
}

std::vector<Pending::Entry> Flow::takeWaiting() {
  constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();
  std::vector<Pending::Entry> waiting;
  while (const Pending::Entry* entry = pending_.takeDueBefore(kEver)) waiting.push_back(*entry);
  return waiting;
}

}  // namespace holdfast::flood
