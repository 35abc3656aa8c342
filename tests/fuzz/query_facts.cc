#include "tests/fuzz/query_facts.h"

#include <stdexcept>

namespace holdfast::test {

namespace {

constexpr unsigned kOpt = 41;

/// Throws std::out_of_range where the message ends early, std::invalid_argument where it is not legal.
class Walk {
 public:
  explicit Walk(std::span<const std::uint8_t> message) : message_(message) {}

  unsigned octet(std::size_t at) const {
    if (at >= message_.size()) throw std::out_of_range("end");
    return message_[at];
  }
  unsigned number(std::size_t at) const { return octet(at) << 8 | octet(at + 1); }
  std::size_t position() const { return at_; }
  void pass(std::size_t octets) {
    if (octets > message_.size() - at_) throw std::out_of_range("end");
    at_ += octets;
  }
  bool atEnd() const { return at_ == message_.size(); }

  /// Returns how many octets the name takes here.
  std::size_t passName(bool mayPoint) {
    const std::size_t begin = at_;
    for (;;) {
      const unsigned length = octet(at_);
      if (length >= 0xc0) {
        const std::size_t target = number(at_) & 0x3fff;
        if (!mayPoint || target < 12 || target >= begin) throw std::invalid_argument("pointer");
        pass(2);
        return at_ - begin;
      }
      if (length > 63) throw std::invalid_argument("label");
      pass(length + 1);
      if (at_ - begin > 255) throw std::invalid_argument("name");
      if (length == 0) return at_ - begin;
    }
  }

 private:
  std::span<const std::uint8_t> message_;
  std::size_t at_ = 12;
};

void passOptions(const Walk& walk, std::size_t at, std::size_t end) {
  while (at < end) {
    if (end - at < 4) throw std::invalid_argument("option");
    at += 4 + walk.number(at + 2);
  }
  if (at != end) throw std::invalid_argument("option");
}

void passRecord(Walk& walk, bool additional, QueryFacts& facts) {
  const bool root = walk.passName(true) == 1;
  const std::size_t fixed = walk.position();
  walk.pass(10);
  const std::size_t rdata = walk.position();
  walk.pass(walk.number(fixed + 8));
  if (walk.number(fixed) != kOpt) return;
  if (!additional || !root || facts.payload) throw std::invalid_argument("OPT");
  passOptions(walk, rdata, walk.position());
  facts.payload = static_cast<std::uint16_t>(walk.number(fixed + 2));
}

}  // namespace

std::optional<QueryFacts> readQueryFacts(std::span<const std::uint8_t> message) {
  Walk walk(message);
  QueryFacts facts;
  try {
    if (walk.number(4) != 1) return std::nullopt;
    walk.passName(false);
    walk.pass(4);
    facts.question = message.subspan(12, walk.position() - 12);
    const unsigned before = walk.number(6) + walk.number(8);
    const unsigned records = before + walk.number(10);
    for (unsigned i = 0; i < records; ++i) passRecord(walk, i >= before, facts);
  } catch (const std::logic_error&) {
    return std::nullopt;
  }
  return facts;
}

}  // namespace holdfast::test
