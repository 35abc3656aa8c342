#include "tools/flood/judge.h"

#include <algorithm>
#include <array>

namespace holdfast::flood {

namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::size_t kHeaderOctets = 12;
constexpr std::uint16_t kTypeA = 1, kTypeAaaa = 28;
constexpr std::uint8_t kFormErr = 1, kNxDomain = 3;

std::uint16_t read16(Octets octets, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(octets[at] << 8 | octets[at + 1]);
}

/// Where a name ends that begins at `at`, compressed or not; 0 where it runs over the end.
std::size_t endOfName(Octets message, std::size_t at) noexcept {
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if (length >= 0xc0) return at + 2 <= message.size() ? at + 2 : 0;
    if (length > 63) return 0;
    at += length + 1u;
    if (length == 0) return at <= message.size() ? at : 0;
  }
  return 0;
}

/// The octets of the question, name, type and class; none where there is not just one.
Octets questionOf(Octets message) noexcept {
  if (message.size() < kHeaderOctets || read16(message, 4) != 1) return {};
  const std::size_t end = endOfName(message, kHeaderOctets);
  if (end == 0 || message.size() - end < 4) return {};
  return message.subspan(kHeaderOctets, end + 4 - kHeaderOctets);
}

/// What the answer section says.
struct Addresses {
  bool isWhole = true;
  bool isTorn = false;
  std::optional<Stamp> stamp;  // none without addresses
};

Addresses addressesOf(Octets response, std::size_t at, std::uint16_t type) noexcept {
  Addresses found;
  for (unsigned left = read16(response, 6); left > 0; --left) {
    at = endOfName(response, at);
    if (at == 0 || response.size() - at < 10) return {false, false, {}};
    const std::uint16_t recordType = read16(response, at), octets = read16(response, at + 8);
    at += 10;
    if (response.size() - at < octets) return {false, false, {}};
    const std::size_t wanted = type == kTypeA ? 4 : 16;
    if (recordType == type && octets == wanted) {
      const Stamp stamp = stampOf(response.subspan(at, octets));
      found.isTorn |= found.stamp && *found.stamp != stamp;
      found.stamp = stamp;
    }
    at += octets;
  }
  return found;
}

bool isAddressType(std::uint16_t type) noexcept {
  return type == kTypeA || type == kTypeAaaa;
}

}  // namespace

const char* nameOf(Fault fault) noexcept {
  constexpr std::array<const char*, kFaults> kNames{"none",  "malformed", "other",   "failed",
                                                    "empty", "torn",      "backward"};
  return kNames.at(static_cast<std::size_t>(fault));
}

Verdict Judge::judge(Octets question, Octets response, Expectation expected) noexcept {
  Verdict verdict;
  const auto with = [&](Fault fault) {
    verdict.fault = fault;
    return verdict;
  };
  if (response.size() < kHeaderOctets || (response[2] & 0x80) == 0) return with(Fault::Malformed);
  verdict.rcode = response[3] & 0x0f;
  verdict.isTruncated = (response[2] & 0x02) != 0;
  const Octets asked = questionOf(question), answered = questionOf(response);
  // What was no legal question may be answered with none.
  if (asked.empty()) return verdict;
  if (answered.empty() && read16(response, 4) == 1) return with(Fault::Malformed);
  if (answered.empty()) return with(verdict.rcode == kFormErr ? Fault::Failed : Fault::Other);
  if (!std::equal(asked.begin(), asked.end(), answered.begin(), answered.end())) return with(Fault::Other);
  if (verdict.rcode != 0 && verdict.rcode != kNxDomain) return with(Fault::Failed);
  const std::uint16_t type = read16(asked, asked.size() - 4);
  if (!isAddressType(type) || verdict.isTruncated) return verdict;
  const Addresses found = addressesOf(response, kHeaderOctets + answered.size(), type);
  if (!found.isWhole) return with(Fault::Malformed);
  if (!found.stamp) return expected.hasAddresses ? with(Fault::Empty) : verdict;
  if (!expected.isStamped) return verdict;
  if (expected.group == Group{0}) verdict.stamp = found.stamp;
  return with(found.isTorn ? Fault::Torn : faultOf(*found.stamp, expected.group));
}

Fault Judge::faultOf(Stamp stamp, std::optional<Group> group) noexcept {
  if (!group) return Fault::None;
  std::optional<Stamp>& newest = newest_[*group];
  if (newest && stamp.isBefore(*newest)) return Fault::Backward;
  newest = stamp;
  return Fault::None;
}

}  // namespace holdfast::flood
