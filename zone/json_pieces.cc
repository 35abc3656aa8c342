#include "zone/json_pieces.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace holdfast {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool isSpace(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// What a character means for where values begin and end.
enum class Mark : std::uint8_t { None, Quote, Open, Close, Comma };

constexpr std::array<Mark, 256> kMarks = [] {
  std::array<Mark, 256> marks{};
  marks['"'] = Mark::Quote;
  marks['{'] = marks['['] = Mark::Open;
  marks['}'] = marks[']'] = Mark::Close;
  marks[','] = Mark::Comma;
  return marks;
}();

/// Walks over a document without reading its values.
class Walker {
 public:
  explicit Walker(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  std::size_t at() const noexcept { return at_; }
  bool isAtEnd() const noexcept { return at_ >= text_.size(); }

  void skipSpace() noexcept {
    while (!isAtEnd() && isSpace(text_[at_])) ++at_;
  }
  bool take(char c) noexcept {
    skipSpace();
    if (isAtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// The raw text of a string; none where there is no whole one.
  std::optional<std::string_view> takeString() noexcept {
    if (!take('"')) return std::nullopt;
    const std::size_t begin = at_;
    if (!skipString()) return std::nullopt;
    return text_.substr(begin, at_ - 1 - begin);
  }
  /// To the comma or the closing brace that ends the value here, or false.
  bool skipValue() noexcept {
    for (unsigned depth = 0; !isAtEnd(); ++at_) {
      const Mark mark = kMarks[static_cast<unsigned char>(text_[at_])];
      if (mark == Mark::None) continue;
      if (depth == 0 && (mark == Mark::Comma || mark == Mark::Close)) return true;
      if (mark == Mark::Open) ++depth;
      if (mark == Mark::Close) --depth;
      if (mark != Mark::Quote) continue;
      ++at_;
      if (!skipString()) return false;
      --at_;
    }
    return false;
  }

 private:
  /// From behind the opening quote to behind the closing one.
  bool skipString() noexcept {
    while (!isAtEnd()) {
      const void* quote = std::memchr(text_.data() + at_, '"', text_.size() - at_);
      if (quote == nullptr) return false;
      const auto end = static_cast<std::size_t>(static_cast<const char*>(quote) - text_.data());
      std::size_t slashes = 0;
      while (end - slashes > at_ && text_[end - slashes - 1] == '\\') ++slashes;
      at_ = end + 1;
      if (slashes % 2 == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_;
};

/// From behind the opening brace to behind the closing one.
bool cutMembers(Walker& walker, std::string_view body, std::size_t octets,
                std::vector<std::string_view>& pieces) {
  Walker look = walker;
  if (look.take('}')) {
    walker = look;
    return true;
  }
  for (std::size_t begin = walker.at();;) {
    if (!walker.takeString() || !walker.take(':') || !walker.skipValue()) return false;
    const std::size_t end = walker.at();
    const bool isLast = body[end] != ',';
    if (isLast && body[end] != '}') return false;
    if (isLast || end - begin >= octets) {
      pieces.push_back(body.substr(begin, end - begin));
      begin = end + 1;
    }
    walker = Walker(body, end + 1);
    if (isLast) return true;
  }
}

}  // namespace

std::optional<JsonPieces> cutJson(std::string_view body, std::string_view key, std::size_t octets) {
  Walker walker(body);
  if (!walker.take('{')) return std::nullopt;
  std::size_t begin = kNone, end = kNone;
  JsonPieces cut;
  for (;;) {
    const auto name = walker.takeString();
    if (!name || !walker.take(':')) return std::nullopt;
    walker.skipSpace();
    if (*name == key) {
      if (begin != kNone || !walker.take('{')) return std::nullopt;
      begin = walker.at();
      if (!cutMembers(walker, body, octets, cut.members)) return std::nullopt;
      end = walker.at() - 1;
      walker.skipSpace();
    }
    if (!walker.skipValue()) return std::nullopt;
    if (!walker.take(',')) break;
  }
  if (begin == kNone) return std::nullopt;
  cut.skeleton = std::string(body.substr(0, begin)) + std::string(body.substr(end));
  return cut;
}

}  // namespace holdfast
