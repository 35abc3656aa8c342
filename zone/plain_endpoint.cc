#include "zone/plain_endpoint.h"

#include <bit>
#include <cstring>

#include "zone/address_text.h"
#include "zone/json_members.h"

namespace holdfast {

namespace {

constexpr std::uint64_t kEach = 0x0101010101010101u;  // times an octet: that octet eight times

/// The first of eight octets in the lowest bits.
std::uint64_t loadEight(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return std::endian::native == std::endian::big ? __builtin_bswap64(word) : word;
}

/// The top bit of the first of eight octets that does not stand for itself in a string: what ends it, what
/// escapes, what controls, and what is not ASCII. Bits above that one may be wrong, as a difference borrows
/// from the octet behind; 0 is right.
std::uint64_t firstUnusual(std::uint64_t word) noexcept {
  const std::uint64_t quote = word ^ kEach * '"';
  const std::uint64_t backslash = word ^ kEach * '\\';
  const std::uint64_t isControl = (word - kEach * ' ') & ~word;
  const std::uint64_t isQuote = (quote - kEach) & ~quote;
  const std::uint64_t isBackslash = (backslash - kEach) & ~backslash;
  return (word | isControl | isQuote | isBackslash) & kEach * 0x80;
}

bool isUnusual(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet < ' ' || octet >= 0x80 || octet == '"' || octet == '\\';
}

/// Takes JSON apart from its front. Each take skips blanks before, and is false where that is not what comes.
class PlainJson {
 public:
  explicit PlainJson(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}

  const char* at() const noexcept { return at_; }

  bool take(char c) noexcept {
    if (at_ == end_ || *at_ != c) {
      skipBlanks();
      if (at_ == end_ || *at_ != c) return false;
    }
    ++at_;
    return true;
  }
  /// The rest of a string that begins so, its closing quote included. Blanks are not skipped.
  template <std::size_t N>
  bool takeRest(const char (&rest)[N]) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < N - 1 || std::memcmp(at_, rest, N - 1) != 0) return false;
    at_ += N - 1;
    return true;
  }
  bool takeString(std::string_view& text) noexcept { return take('"') && takeRestOfString(text); }
  bool takeRestOfString(std::string_view& text) noexcept {
    const char* const begin = at_;
    std::uint64_t unusual = 0;
    while (end_ - at_ >= 8 && (unusual = firstUnusual(loadEight(at_))) == 0) at_ += 8;
    if (unusual != 0)
      at_ += std::countr_zero(unusual) / 8;
    else
      while (at_ < end_ && !isUnusual(*at_)) ++at_;
    if (at_ == end_ || *at_ != '"') return false;
    text = {begin, static_cast<std::size_t>(at_++ - begin)};
    return true;
  }
  /// Digits, of which no more are taken than fit. REQUIRES: most < 2^32
  template <class T>
  bool takeNumber(std::uint32_t least, std::uint32_t most, T& number) noexcept {
    skipBlanks();
    const char* const begin = at_;
    std::uint64_t value = 0;
    for (; at_ < end_ && *at_ >= '0' && *at_ <= '9' && value <= most; ++at_)
      value = value * 10 + static_cast<unsigned>(*at_ - '0');
    if (at_ == begin || (*begin == '0' && at_ - begin > 1) || value < least || value > most) return false;
    number = static_cast<T>(value);
    return true;
  }
  /// An address of either family, in a string.
  bool takeAddress(std::uint8_t* octets, bool& isIpv4) noexcept {
    if (!take('"')) return false;
    const std::size_t size = readIpv4Front({at_, static_cast<std::size_t>(end_ - at_)}, octets);
    isIpv4 = size > 0 && at_ + size < end_ && at_[size] == '"';
    if (isIpv4) {
      at_ += size + 1;
      return true;
    }
    std::string_view text;
    return takeRestOfString(text) && readIpv6(text, octets);
  }
  /// Whether a comma or nothing comes.
  bool isAtEndOfMember() noexcept {
    skipBlanks();
    return at_ == end_ || *at_ == ',';
  }

 private:
  void skipBlanks() noexcept {
    while (at_ < end_ && isJsonBlank(*at_)) ++at_;
  }

  const char* at_;
  const char* const end_;
};

/// Keys that came already: each may come once.
class KeysSeen {
 public:
  bool isFirst(unsigned key) noexcept {
    const unsigned before = seen_;
    seen_ |= 1u << key;
    return seen_ != before;
  }

 private:
  unsigned seen_ = 0;
};

bool takeTarget(PlainJson& json, EndpointDraft& endpoint) {
  if (!json.take('{')) return false;
  KeysSeen seen;
  NodeWriter::TargetView target{{}, kDefaultWeight, {}};
  bool hasAddress = false;
  bool isIpv4 = false;
  do {
    if (!json.take('"')) return false;
    if (json.takeRest("address\"")) {
      hasAddress = seen.isFirst(0) && json.take(':') && json.takeAddress(target.address.data(), isIpv4);
      if (!hasAddress) return false;
    } else if (json.takeRest("weight\"")) {
      if (!seen.isFirst(1) || !json.take(':') || !json.takeNumber(0, kMaxWeight, target.weight)) return false;
    } else if (json.takeRest("id\"")) {
      if (!seen.isFirst(2) || !json.take(':') || !json.takeString(target.id)) return false;
      if (target.id.size() > kMaxTargetIdOctets) return false;
    } else {
      return false;
    }
  } while (json.take(','));
  if (!json.take('}') || !hasAddress) return false;
  (isIpv4 ? endpoint.a : endpoint.aaaa).push_back(target);
  return true;
}

bool takeTargets(PlainJson& json, EndpointDraft& endpoint) {
  if (!json.take('[')) return false;
  do {
    if (!takeTarget(json, endpoint)) return false;
  } while (json.take(','));
  return json.take(']');
}

bool takeAnswer(PlainJson& json, std::uint16_t mostPick, std::uint16_t& pick) noexcept {
  if (json.take('"')) return json.takeRest("all\"");
  return json.take('{') && json.take('"') && json.takeRest("pick\"") && json.take(':') &&
         json.takeNumber(1, mostPick, pick) && json.take('}');
}

bool takeEndpoint(PlainJson& json, std::uint16_t mostPick, EndpointDraft& endpoint) {
  if (!json.take('{')) return false;
  KeysSeen seen;
  do {
    if (!json.take('"')) return false;
    if (json.takeRest("targets\"")) {
      if (!seen.isFirst(0) || !json.take(':') || !takeTargets(json, endpoint)) return false;
    } else if (json.takeRest("ttl\"")) {
      if (!seen.isFirst(1) || !json.take(':') || !json.takeNumber(0, kMaxTtl, endpoint.ttl)) return false;
    } else if (json.takeRest("answer\"")) {
      if (!seen.isFirst(2) || !json.take(':') || !takeAnswer(json, mostPick, endpoint.pick)) return false;
    } else {
      return false;
    }
  } while (json.take(','));
  return json.take('}') && endpoint.targets() > 0;
}

}  // namespace

std::size_t PlainEndpointReader::read(std::string_view members) {
  endpoint_.clear();
  PlainJson json(members);
  const bool isPlain = json.takeString(name_) && json.take(':') && takeEndpoint(json, mostPick_, endpoint_) &&
                       json.isAtEndOfMember();
  return isPlain ? static_cast<std::size_t>(json.at() - members.data()) : 0;
}

}  // namespace holdfast
