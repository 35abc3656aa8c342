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

std::optional<std::string_view> valueOf(std::string_view line, std::string_view field) {
  if (!equalsIgnoringCase(line.substr(0, field.size()), field)) return std::nullopt;
  line.remove_prefix(field.size());
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
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
    if (c == '\n')
      endLine();
    else if (line_.size() < (sawRequest_ ? kFieldKept : kRequestKept) && c != '\r')
      line_ += c;
  }
  return octets.size();
}

void RequestHead::endLine() {
  if (!sawRequest_) {
    sawRequest_ = !line_.empty();  // evhttp passes over empty lines before it
    if (line_.size() < kRequestKept) request_ = line_;
  } else if (const auto length = valueOf(line_, kLength)) {
    isPlain_ = isPlain_ && announced_ == 0;  // not one of several
    announced_ = std::max(announced_, numberIn(*length));
  } else if (const auto type = valueOf(line_, kType)) {
    contentType_ = *type;
  } else {
    isPlain_ = isPlain_ && !valueOf(line_, kCoding);
    isOver_ = line_.empty();
  }
  line_.clear();
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
