#include "zone/zone_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "zone/name.h"

namespace holdfast {

namespace {

constexpr std::size_t kQuotedOctets = 120;

constexpr std::array<bool, 256> makeSpecial() {
  std::array<bool, 256> special{};
  for (const char c : std::string_view("\n\r\f\v\\\";()")) special[static_cast<unsigned char>(c)] = true;
  return special;
}
/// What does not just stand for itself: all else is copied in runs.
constexpr std::array<bool, 256> kSpecial = makeSpecial();

bool isSpecial(char c) noexcept {
  return kSpecial[static_cast<unsigned char>(c)];
}

// Sixteen octets that the compiler treats at once, on any processor.
using Octets16 [[gnu::vector_size(16)]] = std::uint8_t;

/// Whether a line, without its end, has octets that do not just stand for themselves.
bool hasSpecial(std::string_view line) noexcept {
  constexpr std::size_t kStep = sizeof(Octets16);
  if (line.size() < kStep) return std::any_of(line.begin(), line.end(), isSpecial);
  Octets16 found{};
  const auto look = [&](std::size_t at) {
    Octets16 octets;
    std::memcpy(&octets, line.data() + at, kStep);
    found |= reinterpret_cast<Octets16>((octets == '\\') | (octets == '"') | (octets == ';') |
                                        ((octets & 0xfe) == '(') | (octets - '\v' < 3));
  };
  static_assert(('(' | 1) == ')' && '\v' + 1 == '\f' && '\f' + 1 == '\r');
  for (std::size_t at = 0; at + kStep <= line.size(); at += kStep) look(at);
  look(line.size() - kStep);  // the rest, with some octets again
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), &found, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/// How much of a line, without its end, is an entry by itself: all but a comment and a carriage return. None
/// where there is a parenthesis, or something wrong.
std::optional<std::size_t> lengthOfEntry(std::string_view line) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool isLast = i + 1 == line.size();
    switch (line[i]) {
      case '\\':
        if (isLast || line[++i] == '\r') return std::nullopt;
        break;
      case '"':
        quoted = !quoted;
        break;
      case ';':
        if (!quoted) return i;
        break;
      case '(':
      case ')':
        if (!quoted) return std::nullopt;
        break;
      case '\r':
        if (isLast && !quoted) return i;
        return std::nullopt;
      case '\f':
      case '\v':
        return std::nullopt;
      default:
        break;
    }
  }
  return quoted ? std::nullopt : std::optional(line.size());
}

bool isBlank(char c) noexcept {
  return c == ' ' || c == '\t';
}

/// 0 for what is no unit.
std::uint64_t secondsIn(char unit) noexcept {
  switch (unit | 0x20) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 604800;
    default:
      return 0;
  }
}

bool isClass(std::string_view field) noexcept {
  static constexpr std::array<std::string_view, 6> kClasses = {"IN", "CH", "HS", "CS", "NONE", "ANY"};
  if (field.size() > 5 && equalsIgnoringCase(field.substr(0, 5), "CLASS"))
    return std::all_of(field.begin() + 5, field.end(), isDigit);
  return std::any_of(kClasses.begin(), kClasses.end(),
                     [&](std::string_view known) { return equalsIgnoringCase(field, known); });
}

}  // namespace

bool equalsIgnoringCase(std::string_view a, std::string_view b) noexcept {
  const auto same = [](char x, char y) {
    return lowerOctet(static_cast<std::uint8_t>(x)) == lowerOctet(static_cast<std::uint8_t>(y));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

std::string quotedForMessage(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, kQuotedOctets)) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= ' ' && octet < 0x7f) {
      quoted += c;
    } else if (c == '\t') {
      quoted += ' ';
    } else {
      const std::string number = std::to_string(octet);
      quoted += '\\' + std::string(3 - number.size(), '0') + number;
    }
  }
  return quoted + (text.size() > kQuotedOctets ? "...\"" : "\"");
}

Error ZoneTextReader::at(int line, std::string what) const {
  return {ErrorKind::Malformed, "line " + std::to_string(line), std::move(what)};
}

Result<bool> ZoneTextReader::next() {
  while (at_ < text_.size()) {
    if (!takeLine()) {
      if (Status joined = joinLines(); !joined) return std::move(joined).error();
      entry_ = joined_;
    }
    if (entry_.find_first_not_of(" \t") != std::string_view::npos) return true;
  }
  return false;
}

/// Where the entry is all on one line it is borrowed; else nothing is done.
bool ZoneTextReader::takeLine() noexcept {
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  const std::string_view line = text_.substr(at_, end - at_);
  const std::optional<std::size_t> length = hasSpecial(line) ? lengthOfEntry(line) : line.size();
  if (!length) return false;
  entry_ = line.substr(0, *length);
  begin_ = line_++;
  at_ = std::min(end + 1, text_.size());
  return true;
}

/// Reads an entry of any form, and says what is wrong with it.
Status ZoneTextReader::joinLines() {
  joined_.clear();
  begin_ = line_;
  bool quoted = false;
  int depth = 0;
  int opened = 0;  // the line of the outermost open parenthesis
  while (at_ < text_.size()) {
    // An entry that begins with a parenthesis does not begin with a blank: its owner follows.
    while (depth > 0 && joined_.empty() && at_ < text_.size() && isBlank(text_[at_])) ++at_;
    std::size_t end = at_;
    while (end < text_.size() && !isSpecial(text_[end])) ++end;
    joined_.append(text_.substr(at_, end - at_));
    at_ = end;
    if (at_ == text_.size()) break;
    const char c = text_[at_++];
    const char following = at_ < text_.size() ? text_[at_] : '\n';
    if (c == '\n') {
      if (quoted) break;
      ++line_;
      if (depth == 0) return Done{};
      if (!joined_.empty()) joined_ += ' ';
    } else if (c == '\\') {
      if (following == '\n' || following == '\r') return at(line_, "a backslash at the end of the line");
      joined_ += c;
      joined_ += following;
      ++at_;
    } else if (c == '"') {
      quoted = !quoted;
      joined_ += c;
    } else if (c == '\r' || c == '\f' || c == '\v') {
      if (c != '\r' || following != '\n')
        return at(line_, "a control character that neither is a blank nor ends a line");
    } else if (quoted) {
      joined_ += c;
    } else if (c == ';') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '(') {
      if (depth++ == 0) opened = line_;
      if (!joined_.empty()) joined_ += ' ';
    } else {
      if (depth-- == 0) return at(line_, "a parenthesis is closed that is not open");
      if (!joined_.empty()) joined_ += ' ';
    }
  }
  if (quoted) return at(line_, "the quote is never closed");
  if (depth > 0) return at(opened, "the parenthesis is never closed");
  return Done{};
}

std::string_view takeField(std::string_view& rest) noexcept {
  while (!rest.empty() && isBlank(rest.front())) rest.remove_prefix(1);
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || !isBlank(rest[end])); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (rest[end] == '\\') ++end;
  }
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(field.size());
  return field;
}

Result<RecordHead> headOf(std::string_view entry) {
  RecordHead head;
  if (!entry.empty() && !isBlank(entry.front())) head.owner = takeField(entry);
  bool hasClass = false;
  for (;;) {
    const std::string_view field = takeField(entry);
    if (field.empty()) return malformed("the record has no type");
    // No type and no class begins with a digit.
    if (isDigit(field.front())) {
      const Result<std::uint32_t> ttl = parseTtl(field);
      if (!ttl) return ttl.error();
      if (head.ttl) return malformed("a second TTL " + quotedForMessage(field));
      head.ttl = *ttl;
    } else if (!hasClass && isClass(field)) {
      if (!equalsIgnoringCase(field, "IN") && !equalsIgnoringCase(field, "CLASS1"))
        return malformed("the class is not IN but " + quotedForMessage(field));
      hasClass = true;
    } else {
      head.type = field;
      head.rdata = entry;
      return head;
    }
  }
}

Result<std::uint32_t> parseTtl(std::string_view text) {
  const auto wrong = [&](const char* rule) {
    return malformed("the TTL " + quotedForMessage(text) + ' ' + rule);
  };
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  constexpr const char* kForm =
      "is not a number of seconds, nor numbers with units s, m, h, d, w (\"1h30m\")";
  std::uint64_t total = 0;
  std::size_t i = 0;
  do {
    std::uint64_t number = 0;
    const std::size_t first = i;
    for (; i < text.size() && isDigit(text[i]); ++i)
      number = std::min(number * 10 + static_cast<unsigned>(text[i] - '0'), kMax + 1);
    const bool isPlain = first == 0 && i == text.size();
    const std::uint64_t unit = isPlain ? 1 : i < text.size() ? secondsIn(text[i++]) : 0;
    if (i == first || unit == 0 || !isDigit(text[first])) return wrong(kForm);
    total = std::min(total + number * unit, kMax + 1);
  } while (i < text.size());
  if (total > kMax) return wrong("is over 4294967295 s");
  return static_cast<std::uint32_t>(total);
}

}  // namespace holdfast
