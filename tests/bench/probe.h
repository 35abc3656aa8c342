#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <span>

namespace holdfast::bench {

/// What one query of the prober asks for.
struct Question {
  unsigned endpoint = 0;
  bool exists = true;
  bool addressOf6 = false;
};

/// What a response says, as far as the prober looks.
struct Reply {
  std::uint16_t id = 0;
  std::uint8_t rcode = 0;
  /// The generation that the zone's data carry in their addresses (tools/bench/data.py): the first octet of
  /// the first A record, halved. Nothing where the answer does not begin with an A record.
  std::optional<unsigned> tag;
};

/// Draws questions as `Workload` does, except that `firstPercent` of them ask for the addresses of endpoint
/// 0, which is among the endpoints that every change of the data changes.
class QuestionDraw {
 public:
  /// REQUIRES: endpoints > 0, firstPercent <= 100.
  QuestionDraw(unsigned endpoints, unsigned firstPercent)
      : endpoint_(0, endpoints - 1), firstPercent_(firstPercent) {}

  Question next();

 private:
  std::mt19937 random_{1};
  std::uniform_int_distribution<unsigned> percent_{0, 99};
  std::uniform_int_distribution<unsigned> endpoint_;
  unsigned firstPercent_;
};

inline constexpr std::size_t kQueryOctets = 80;

/// Writes the query (RFC 1035 section 4.1) for epI.svcJ.us-east-1.example.net; returns its length.
std::size_t writeQuery(std::span<std::uint8_t, kQueryOctets> out, std::uint16_t id, const Question& question);

/// Reads a response; nothing where the message is none.
std::optional<Reply> readReply(std::span<const std::uint8_t> message);

}  // namespace holdfast::bench
