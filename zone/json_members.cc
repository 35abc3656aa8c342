#include "zone/json_members.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace holdfast {

namespace {

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

/// Walks over members without reading their values.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::size_t at() const noexcept { return at_; }
  bool isAtEnd() const noexcept { return at_ >= text_.size(); }

  void skipSpace() noexcept {
    while (!isAtEnd() && isJsonBlank(text_[at_])) ++at_;
  }
  bool take(char c) noexcept {
    skipSpace();
    if (isAtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// False where there is no whole one.
  bool takeString() noexcept { return take('"') && skipString(); }
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
  std::size_t at_ = 0;
};

}  // namespace

std::size_t membersSize(std::string_view members, std::size_t count) noexcept {
  Walker walker(members);
  walker.skipSpace();
  if (walker.isAtEnd()) return 0;
  for (;;) {
    if (!walker.takeString() || !walker.take(':') || !walker.skipValue()) return members.size();
    const std::size_t end = walker.at();
    if (!walker.take(',')) return members.size();
    if (--count == 0) return end;
  }
}

}  // namespace holdfast
