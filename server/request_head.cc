#include "server/request_head.h"

#include <algorithm>
#include <limits>

#include "zone/zone_text.h"

namespace holdfast {

namespace {

constexpr std::string_view kField = "content-length:";
// The field with more digits than any number that can be counted.
constexpr std::size_t kLineKept = 96;

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

void RequestHead::feed(std::string_view octets) {
  for (const char c : octets) {
    if (isOver_) return;
    if (c == '\n')
      endLine();
    else if (line_.size() < kLineKept && c != '\r')
      line_ += c;
  }
}

void RequestHead::endLine() {
  const std::string_view line = line_;
  if (equalsIgnoringCase(line.substr(0, kField.size()), kField))
    announced_ = std::max(announced_, numberIn(line.substr(kField.size())));
  isOver_ = line_.empty();
  line_.clear();
}

}  // namespace holdfast
