#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/flood/judge.h"
#include "zone/result.h"

namespace holdfast::flood {

/// How the questions of a file are drawn.
struct Draw {
  double zipf = 0;     ///< exponent; 0: all alike. The first of the file is asked for most
  double garbage = 0;  ///< share of messages that are no legal questions
};

/// A message to be sent, but for its ID, which is the first two octets. Borrows.
struct Message {
  std::span<const std::uint8_t> octets;
  std::uint32_t number = 0;  ///< of the question; kGarbage for none
};
inline constexpr std::uint32_t kGarbage = UINT32_MAX;

/// The questions of a file as dnsperf reads it: a name and a type a line, ";" begins a comment. Of the names
/// that have addresses in every plan the line ends with "!": an answer without is a fault. "!N" puts a name
/// in group N instead of 0, "!-" in none. Any thread.
class Questions {
 public:
  /// Errors name file, line and rule.
  static Result<Questions> read(const std::filesystem::path& file);
  static Result<Questions> parse(std::string_view text, const std::string& file);

  std::size_t size() const noexcept { return ends_.size(); }
  /// REQUIRES: number < size().
  std::span<const std::uint8_t> message(std::uint32_t number) const noexcept;
  /// As far as the file tells.
  Expectation expectation(std::uint32_t number) const noexcept { return expectations_[number]; }
  /// One more than the greatest.
  std::size_t groups() const noexcept { return groups_; }

 private:
  Status add(std::string_view line);

  std::vector<std::uint8_t> octets_;  // the messages one behind the other, IDs 0
  std::vector<std::size_t> ends_;
  std::vector<Expectation> expectations_;
  std::size_t groups_ = 1;
};

/// Draws messages from questions, the same ones for the same seed. One thread.
class Drawing {
 public:
  /// REQUIRES: questions outlive it and are not empty.
  Drawing(const Questions& questions, const Draw& draw, std::uint64_t seed);

  /// Until the next call.
  Message next() noexcept;

 private:
  std::uint64_t below(std::uint64_t bound) noexcept;
  double share() noexcept;
  std::uint32_t number() noexcept;
  Message garbage() noexcept;

  const Questions& questions_;
  const Draw draw_;
  std::mt19937_64 random_;
  std::vector<double> cumulated_;  // of Zipf's weights; empty where all are alike
  std::vector<std::uint8_t> spoilt_;
};

}  // namespace holdfast::flood
