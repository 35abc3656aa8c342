#include "tests/bench/probe.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace holdfast::bench {

namespace {

constexpr unsigned kServices = 97;
constexpr std::size_t kHeader = 12;
constexpr std::uint8_t kTypeA = 1;
constexpr std::uint8_t kTypeAaaa = 28;
constexpr std::uint8_t kClassIn = 1;
constexpr std::uint8_t kPointer = 0xc0;

std::string withLength(std::string_view label) {
  return static_cast<char>(label.size()) + std::string(label);
}

unsigned number(std::span<const std::uint8_t> octets, std::size_t at) {
  return unsigned{octets[at]} << 8 | octets[at + 1];
}

/// Where the name that begins at `at` ends; past the message where it does not end in it.
std::size_t pastName(std::span<const std::uint8_t> message, std::size_t at) {
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if ((length & kPointer) == kPointer) return at + 2;
    at += length + std::size_t{1};
    if (length == 0) return at;
  }
  return at;
}

std::optional<unsigned> tagOf(std::span<const std::uint8_t> message) {
  constexpr std::size_t kQuestionFixed = 4;
  constexpr std::size_t kRecordFixed = 10;
  if (number(message, 4) != 1 || number(message, 6) == 0) return std::nullopt;
  const std::size_t fixed = pastName(message, pastName(message, kHeader) + kQuestionFixed);
  if (fixed + kRecordFixed + 4 > message.size() || number(message, fixed) != kTypeA) return std::nullopt;
  return message[fixed + kRecordFixed] / 2;
}

}  // namespace

Question QuestionDraw::next() {
  if (percent_(random_) < firstPercent_) return {};
  const unsigned endpoint = endpoint_(random_);
  const unsigned share = percent_(random_);
  return {endpoint, share < 95, share >= 85 && share < 95};
}

std::size_t writeQuery(std::span<std::uint8_t, kQueryOctets> out, std::uint16_t id,
                       const Question& question) {
  const std::array<std::uint8_t, kHeader> header{
      static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const std::string name = withLength((question.exists ? "ep" : "nx") + std::to_string(question.endpoint)) +
                           withLength("svc" + std::to_string(question.endpoint % kServices)) +
                           withLength("us-east-1") + withLength("example") + withLength("net") + '\0';
  const std::array<std::uint8_t, 4> fixed{0, question.addressOf6 ? kTypeAaaa : kTypeA, 0, kClassIn};
  auto end = std::ranges::copy(header, out.begin()).out;
  end = std::ranges::copy(name, end).out;
  end = std::ranges::copy(fixed, end).out;
  return static_cast<std::size_t>(end - out.begin());
}

std::optional<Reply> readReply(std::span<const std::uint8_t> message) {
  constexpr std::uint8_t kQr = 0x80;
  constexpr std::uint8_t kRcode = 0x0f;
  if (message.size() < kHeader || (message[2] & kQr) == 0) return std::nullopt;
  return Reply{static_cast<std::uint16_t>(number(message, 0)), static_cast<std::uint8_t>(message[3] & kRcode),
               tagOf(message)};
}

}  // namespace holdfast::bench
