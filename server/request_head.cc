#include "server/request_head.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "zone/zone_text.h"

namespace holdfast {

namespace {

constexpr std::string_view kLength = "content-length:", kType = "content-type:",
                           kCoding = "transfer-encoding:";
// The field with more digits than any number that can be counted; a request line with a long query.
constexpr std::size_t kFieldKept = 96, kRequestKept = 4096;

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::optional<std::string_view> valueOf(std::string_view line, std::string_view field) {
  if (!equalsIgnoringCase(line.substr(0, field.size()), field)) return std::nullopt;
  return trimmed(line.substr(field.size()));
}

bool isDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::uint64_t numberIn(std::string_view text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t') continue;
    if (c < '0' || c > '9') return 0;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    number = number > (kMost - digit) / 10 ? kMost : number * 10 + digit;
  }
  return number;
}

}  // namespace

void RequestHead::restart() {
  *this = RequestHead();
}

std::size_t RequestHead::feed(std::string_view octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (isOver_) return i;
    const char c = octets[i];
    if (c == '\n') {
      endLine();
      continue;
    }
    if (endsInReturn_ || c == '\0') isPlain_ = false;  // a return that ends no line
    endsInReturn_ = c == '\r';
    if (endsInReturn_) continue;
    if (line_.size() < (sawRequest_ ? kFieldKept : kRequestKept))
      line_ += c;
    else
      isCut_ = true;
  }
  return octets.size();
}

void RequestHead::endLine() {
  if (!sawRequest_) {
    sawRequest_ = true;
    isOver_ = line_.empty();
    if (!isCut_) request_ = line_;
  } else if (const auto length = valueOf(line_, kLength)) {
    if (sawLength_ || !isDigits(*length) || isCut_) isPlain_ = false;
    sawLength_ = true;
    announced_ = std::max(announced_, numberIn(*length));
  } else if (const auto type = valueOf(line_, kType)) {
    if (sawType_ || isCut_) isPlain_ = false;
    sawType_ = true;
    contentType_ = *type;
  } else {
    const bool isFolded = line_.starts_with(' ') || line_.starts_with('\t');
    if (isFolded || valueOf(line_, kCoding)) isPlain_ = false;
    isOver_ = line_.empty();
  }
  line_.clear();
  isCut_ = endsInReturn_ = false;
}

std::string_view RequestHead::method() const noexcept {
  const std::string_view line = request_;
  return line.substr(0, std::min(line.find(' '), line.size()));
}

std::string_view RequestHead::target() const noexcept {
  std::string_view line = request_;
  line.remove_prefix(std::min(method().size() + 1, line.size()));
  return line.substr(0, std::min(line.rfind(' '), line.size()));
}

}  // namespace holdfast
