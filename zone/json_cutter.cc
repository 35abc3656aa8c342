#include "zone/json_cutter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "zone/json_block.h"
#include "zone/json_members.h"

namespace holdfast {

namespace {

bool isBlank(std::string_view text) noexcept {
  return std::ranges::all_of(text, isJsonBlank);
}

/// Whether a character says where values begin and end.
constexpr std::array<bool, 256> kIsStructure = [] {
  std::array<bool, 256> is{};
  for (const char c : {'"', '{', '[', '}', ']', ',', ':'}) is[static_cast<unsigned char>(c)] = true;
  return is;
}();

bool isStructure(char c) noexcept {
  return kIsStructure[static_cast<unsigned char>(c)];
}

/// A key that is longer is none that is looked for.
constexpr std::size_t kMaxKeyOctets = 64;

}  // namespace

JsonCutter::JsonCutter(std::string key, std::size_t octets, Take take)
    : key_(std::move(key)), octets_(octets), take_(std::move(take)) {}

void JsonCutter::feed(std::string_view text) {
  for (std::size_t at = 0; at < text.size() && where_ != Where::Lost;)
    where_ == Where::Members ? members(text, at) : around(text, at);
}

std::optional<std::string> JsonCutter::finish() {
  if (where_ != Where::Around || !wasCut_) return std::nullopt;
  return std::move(skeleton_);
}

/// To behind the closing quote, or to the end of the text. Returns whether it ended.
bool JsonCutter::skipString(std::string_view text, std::size_t& at) noexcept {
  if (isEscaped_ && at < text.size()) {
    ++at;
    isEscaped_ = false;
  }
  while (at < text.size()) {
    const void* found = std::memchr(text.data() + at, '"', text.size() - at);
    const std::size_t end = found == nullptr
                                ? text.size()
                                : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    std::size_t slashes = 0;
    while (end - slashes > at && text[end - slashes - 1] == '\\') ++slashes;
    at = end;
    if (found == nullptr) {
      isEscaped_ = slashes % 2 != 0;
      return false;
    }
    ++at;
    if (slashes % 2 == 0) {
      isInString_ = false;
      return true;
    }
  }
  return false;
}

void JsonCutter::around(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size()) {
    if (isInString_) {
      const std::size_t inside = at;
      const bool isOver = skipString(text, at);
      if (depth_ == 1 && isKeyNext_ && string_.size() <= kMaxKeyOctets)
        string_.append(text.substr(inside, at - inside - (isOver ? 1 : 0)));
      continue;
    }
    const char c = text[at];
    if (where_ == Where::BeforeObject && !isJsonBlank(c)) {
      if (c != '{' || std::exchange(wasCut_, true)) {
        where_ = Where::Lost;
        return;
      }
      skeleton_.append(text.substr(begin, ++at - begin));
      where_ = Where::Members;
      depth_ = 0;
      return;
    }
    ++at;
    if (isStructure(c)) structure(c);
    if (where_ == Where::Lost) return;
  }
  skeleton_.append(text.substr(begin, at - begin));
}

/// A character of the document around the object.
void JsonCutter::structure(char c) {
  switch (c) {
    case '"':
      isInString_ = true;
      if (depth_ == 1 && isKeyNext_) string_.clear();
      break;
    case '{':
    case '[':
      isKeyNext_ = ++depth_ == 1 && c == '{';
      break;
    case '}':
    case ']':
      if (depth_-- == 0) where_ = Where::Lost;
      break;
    case ',':
      isKeyNext_ = depth_ == 1;
      break;
    default:  // the colon behind a key
      if (depth_ == 1 && isKeyNext_ && string_ == key_) where_ = Where::BeforeObject;
      if (depth_ == 1) isKeyNext_ = false;
  }
}

/// Over a block of which nothing is cut. False where it must be looked at octet by octet: the object may end
/// in it, or something is escaped.
bool JsonCutter::skipBlock(const char* octets) noexcept {
  const JsonBlock block(octets);
  if (block.slashes != 0) return false;
  const std::uint64_t inside = block.inStrings(isInString_);
  const std::uint64_t opens = block.opens & ~inside, closes = block.closes & ~inside;
  unsigned depth = depth_;
  if (static_cast<unsigned>(std::popcount(closes)) > depth) {
    for (std::uint64_t left = opens | closes; left != 0; left &= left - 1) {
      const bool isOpen = (opens >> std::countr_zero(left) & 1U) != 0;
      if (!isOpen && depth == 0) return false;
      depth += isOpen ? 1U : ~0U;
    }
  } else {
    depth += static_cast<unsigned>(std::popcount(opens)) - static_cast<unsigned>(std::popcount(closes));
  }
  depth_ = depth;
  isInString_ = (inside >> (JsonBlock::kOctets - 1)) != 0;
  return true;
}

void JsonCutter::members(std::string_view text, std::size_t& at) {
  std::size_t begin = at;
  const auto keep = [&](std::size_t end) { piece_.append(text.substr(begin, end - begin)); };
  std::size_t slowly = JsonBlock::kIsFast ? 0 : text.size();  // up to there octet by octet
  while (at < text.size()) {
    if (at >= slowly && !isEscaped_ && text.size() - at >= JsonBlock::kOctets) {
      const bool mayCut = piece_.size() + at - begin + JsonBlock::kOctets >= octets_;
      if (!mayCut && skipBlock(text.data() + at)) {
        at += JsonBlock::kOctets;
        continue;
      }
      slowly = at + JsonBlock::kOctets;
    }
    if (isInString_) {
      skipString(text, at);
      continue;
    }
    const char c = text[at];
    if (!isStructure(c) || c == ':') {
      ++at;
      continue;
    }
    if (c == '"') isInString_ = true;
    if (c == '{' || c == '[') ++depth_;
    const bool isClose = c == '}' || c == ']';
    const bool isEnd = isClose && depth_ == 0;
    if (isClose && !isEnd) --depth_;
    if (isEnd || (c == ',' && depth_ == 0 && piece_.size() + at - begin >= octets_)) {
      keep(at);
      if (!endPiece(c)) return;
      begin = at + 1;
    }
    ++at;
  }
  keep(at);
}

/// Whether more members follow. A comma must stand between members and nowhere else: of a piece that is blank
/// the parser would make an empty object.
bool JsonCutter::endPiece(char by) {
  const bool isEmptyObject = by == '}' && !hasPieces_ && isBlank(piece_);
  if (by == ']' || (!isEmptyObject && isBlank(piece_))) {
    where_ = Where::Lost;
    return false;
  }
  if (!isEmptyObject) {
    hasPieces_ = true;
    take_(piece_);
    piece_.clear();
    piece_.reserve(octets_ + octets_ / 8);
  }
  if (by == ',') return true;
  where_ = Where::Around;
  depth_ = 2;  // the brace is yet to be seen
  isKeyNext_ = false;
  return false;
}

}  // namespace holdfast
