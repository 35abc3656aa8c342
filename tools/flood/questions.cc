#include "tools/flood/questions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>

#include "zone/name.h"
#include "zone/network_order.h"
#include "zone/record_text.h"
#include "zone/rrset.h"

namespace holdfast::flood {

namespace {

constexpr std::size_t kHeadOctets = 12;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::size_t kMostGarbage = 512;

/// The words of a line, without what is behind ";".
std::vector<std::string_view> wordsOf(std::string_view line) {
  line = line.substr(0, line.find(';'));
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\r";
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

/// What the words behind the type say.
Result<Expectation> expectationOf(std::span<const std::string_view> words) {
  const Error error{
      ErrorKind::Invalid, "",
      "a line has a name, a type, and where there are to be addresses \"!\", \"!-\" or \"!0\" to \"!65535\""};
  if (words.size() == 2) return Expectation{};
  if (words.size() != 3 || words[2].front() != '!') return error;
  const std::string_view group = words[2].substr(1);
  if (group.empty()) return Expectation{true};
  if (group == "-") return Expectation{true, false, std::nullopt};
  Expectation expected{true};
  const auto [end, fault] =
      std::from_chars(group.data(), group.data() + group.size(), expected.group.emplace());
  if (fault != std::errc{} || end != group.data() + group.size()) return error;
  return expected;
}

}  // namespace

Result<Questions> Questions::read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorKind::System, file.string(), "cannot be read"};
  return parse(std::string(std::istreambuf_iterator<char>(in), {}), file.string());
}

Result<Questions> Questions::parse(std::string_view text, const std::string& file) {
  Questions questions;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const Status added = questions.add(text.substr(0, end)); !added)
      return Error{ErrorKind::Invalid, file + ':' + std::to_string(line), added.error().text()};
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (questions.size() == 0) return Error{ErrorKind::Invalid, file, "has no question"};
  return questions;
}

Status Questions::add(std::string_view line) {
  const auto words = wordsOf(line);
  if (words.empty()) return Done{};
  const auto expected = expectationOf(words);
  if (!expected) return expected.error();
  const auto name = Name::absolute(words[0]);
  if (!name) return name.error();
  const auto type = parseType(words[1]);
  if (!type) return type.error();
  if (words.size() > 2 && !isAddressType(*type))
    return Error{ErrorKind::Invalid, "", "\"!\" asks for addresses: only A and AAAA have them"};
  std::array<std::uint8_t, kHeadOctets> header{};
  store16(header.data() + 2, kRecursionDesired);
  store16(header.data() + 4, 1);
  octets_.insert(octets_.end(), header.begin(), header.end());
  const auto wire = name->view().bytes();
  octets_.insert(octets_.end(), wire.begin(), wire.end());
  std::array<std::uint8_t, 4> fixed{};
  store16(store16(fixed.data(), static_cast<std::size_t>(*type)), kClassIn);
  octets_.insert(octets_.end(), fixed.begin(), fixed.end());
  ends_.push_back(octets_.size());
  expectations_.push_back(*expected);
  if (expected->group) groups_ = std::max<std::size_t>(groups_, *expected->group + 1u);
  return Done{};
}

std::span<const std::uint8_t> Questions::message(std::uint32_t number) const noexcept {
  const std::size_t start = number == 0 ? 0 : ends_[number - 1];
  return std::span(octets_).subspan(start, ends_[number] - start);
}

Drawing::Drawing(const Questions& questions, const Draw& draw, std::uint64_t seed)
    : questions_(questions), draw_(draw), random_(seed), spoilt_(kMostGarbage) {
  if (draw.zipf <= 0) return;
  cumulated_.reserve(questions.size());
  double sum = 0;
  for (std::size_t i = 0; i < questions.size(); ++i)
    cumulated_.push_back(sum += 1 / std::pow(static_cast<double>(i + 1), draw.zipf));
}

/// The bias is below bound / 2^53.
std::uint64_t Drawing::below(std::uint64_t bound) noexcept {
  return static_cast<std::uint64_t>(share() * static_cast<double>(bound));
}

/// Uniform in [0, 1).
double Drawing::share() noexcept {
  return static_cast<double>(random_() >> 11) * 0x1p-53;
}

Message Drawing::next() noexcept {
  if (draw_.garbage > 0 && share() < draw_.garbage) return garbage();
  const std::uint32_t number = this->number();
  return {questions_.message(number), number};
}

std::uint32_t Drawing::number() noexcept {
  if (cumulated_.empty()) return static_cast<std::uint32_t>(below(questions_.size()));
  const double drawn = share() * cumulated_.back();
  const auto found = std::upper_bound(cumulated_.begin(), cumulated_.end() - 1, drawn);
  return static_cast<std::uint32_t>(found - cumulated_.begin());
}

/// A question with octets changed or cut off, or octets of no sense at all.
Message Drawing::garbage() noexcept {
  std::size_t size = 0;
  if (below(2) == 0) {
    const auto whole = questions_.message(number());
    size = 2 + below(whole.size() - 1);
    std::copy_n(whole.begin(), size, spoilt_.begin());
    for (unsigned changes = 0; changes < 3 && size > 2; ++changes)
      spoilt_[2 + below(size - 2)] = static_cast<std::uint8_t>(random_());
  } else {
    size = 2 + below(kMostGarbage - 2);
    for (std::size_t i = 2; i < size; ++i) spoilt_[i] = static_cast<std::uint8_t>(random_());
  }
  return {std::span(spoilt_).first(size), kGarbage};
}

}  // namespace holdfast::flood
