#include "zone/name.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL  // a call and a choice of processor would cost as much as the hash of a name
#include <xxhash.h>

namespace holdfast {

namespace {

template <class T>
T load(const std::uint8_t* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Sixteen octets that the compiler treats at once, on any processor.
using Octets16 [[gnu::vector_size(16)]] = std::uint8_t;

/// lowerOctet for each.
Octets16 lowerEach(Octets16 octets) noexcept {
  const auto isUpper = octets - 'A' < 'Z' - 'A' + 1;  // all bits of an octet, or none
  return octets | (reinterpret_cast<Octets16>(isUpper) & 0x20);
}

}  // namespace

void lowerOctets(std::span<const std::uint8_t> from, std::uint8_t* to) noexcept {
  constexpr std::size_t kStep = sizeof(Octets16);
  if (from.size() < kStep) {
    std::transform(from.begin(), from.end(), to, lowerOctet);
    return;
  }
  const auto lower = [&](std::size_t at) {
    const Octets16 lowered = lowerEach(load<Octets16>(from.data() + at));
    std::memcpy(to + at, &lowered, kStep);
  };
  for (std::size_t at = 0; at + kStep <= from.size(); at += kStep) lower(at);
  lower(from.size() - kStep);  // the rest, with some octets again
}

std::size_t nameOctets(std::span<const std::uint8_t> wire) noexcept {
  std::size_t at = 0;
  while (at < wire.size() && wire[at] != 0) {
    if (wire[at] > kMaxLabelOctets) return 0;
    at += wire[at] + 1u;
  }
  return at < wire.size() && at < kMaxNameOctets ? at + 1 : 0;
}

unsigned NameView::labels() const noexcept {
  unsigned count = 0;
  for (std::size_t at = 0; wire_[at] != 0; at += wire_[at] + 1u) ++count;
  return count;
}

bool NameView::isAtOrBelow(NameView ancestor) const noexcept {
  if (ancestor.size_ > size_) return false;
  const std::size_t start = size_ - ancestor.size_;
  if (std::memcmp(wire_ + start, ancestor.wire_, ancestor.size_) != 0) return false;
  std::size_t at = 0;
  while (at < start) at += wire_[at] + 1u;
  return at == start;  // else the bytes matched in the middle of a label
}

std::strong_ordering operator<=>(NameView a, NameView b) noexcept {
  std::array<std::uint8_t, kMaxLabels> offsetsA{};
  std::array<std::uint8_t, kMaxLabels> offsetsB{};
  const auto split = [](NameView name, std::array<std::uint8_t, kMaxLabels>& offsets) {
    unsigned count = 0;
    for (std::size_t at = 0; name.data()[at] != 0; at += name.data()[at] + 1u)
      offsets[count++] = static_cast<std::uint8_t>(at);
    return count;
  };
  unsigned i = split(a, offsetsA);
  unsigned j = split(b, offsetsB);
  while (i > 0 && j > 0) {
    const std::uint8_t* x = a.data() + offsetsA[--i];
    const std::uint8_t* y = b.data() + offsetsB[--j];
    const int order = std::memcmp(x + 1, y + 1, std::min(*x, *y));
    if (order != 0) return order <=> 0;
    if (*x != *y) return *x <=> *y;
  }
  return i <=> j;
}

std::string toText(NameView name) {
  if (name.isRoot()) return ".";
  std::string text;
  for (std::size_t at = 0; name.data()[at] != 0; at += name.data()[at] + 1u) {
    for (unsigned i = 1; i <= name.data()[at]; ++i) {
      const std::uint8_t c = name.data()[at + i];
      if (c <= ' ' || c >= 0x7f) {
        const char digits[] = {'\\', static_cast<char>('0' + c / 100), static_cast<char>('0' + c / 10 % 10),
                               static_cast<char>('0' + c % 10)};
        text.append(digits, sizeof digits);
        continue;
      }
      if (std::string_view(".\\\"();@$").find(static_cast<char>(c)) != std::string_view::npos) text += '\\';
      text += static_cast<char>(c);
    }
    text += '.';
  }
  return text;
}

std::string toRelativeText(NameView name, NameView origin) {
  if (name == origin) return "@";
  std::string text = toText(name);
  if (!name.isBelow(origin) || origin.isRoot()) return text;
  return text.substr(0, text.size() - toText(origin).size() - 1);
}

namespace {

Error nameError(std::string_view text, std::string what) {
  return {ErrorKind::Invalid, "name \"" + std::string(text.substr(0, 300)) + "\"", std::move(what)};
}

/// Reads the octet that is escaped at `at`, and moves past it. Returns -1 for a bad escape.
int readEscaped(std::string_view text, std::size_t& at) noexcept {
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  if (at + 1 >= text.size()) return -1;
  if (!digit(at + 1)) {
    at += 2;
    return static_cast<std::uint8_t>(text[at - 1]);
  }
  if (!digit(at + 2) || !digit(at + 3)) return -1;
  const int value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
  at += 4;
  return value > 255 ? -1 : value;
}

/// What a text says as a name: its octets, or the rule that it breaks.
struct NameReading {
  std::size_t octets = 0;
  const char* broken = nullptr;
};

/// `size` octets of labels are read; `rest` completes them.
NameReading complete(std::size_t size, NameView rest, std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  if (size + rest.size() > out.size()) return {0, "is over 255 octets"};
  std::memcpy(out.data() + size, rest.data(), rest.size());
  return {size + rest.size(), nullptr};
}

/// Goes on to the end where the octets do not fit, so that any other rule that is broken is told first.
template <Letters kLetters>
NameReading readName(std::string_view text, NameView origin,
                     std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  static constexpr std::uint8_t kRoot = 0;
  constexpr const char* kLongLabel = "has a label over 63 octets";
  if (text.empty()) return {0, "is empty"};
  if (text == "@") return complete(0, origin, out);
  if (text == ".") return complete(0, {&kRoot, 1}, out);
  std::size_t label = 0;  // where the length of the label goes that is being read
  std::size_t size = 1;
  const auto put = [&](std::size_t at, std::size_t octet) {
    if (at < out.size()) out[at] = static_cast<std::uint8_t>(octet);
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '.') {
      const int octet = text[at] == '\\' ? readEscaped(text, at) : static_cast<std::uint8_t>(text[at++]);
      if (octet < 0) return {0, "has a bad escape: use \\DDD with a value up to 255"};
      const auto written = static_cast<std::uint8_t>(octet);
      put(size++, kLetters == Letters::Lowered ? lowerOctet(written) : written);
      continue;
    }
    const std::size_t length = size - label - 1;
    if (length == 0) return {0, "has an empty label"};
    if (length > kMaxLabelOctets) return {0, kLongLabel};
    put(label, length);
    label = size++;
    ++at;
  }
  const std::size_t length = size - label - 1;
  if (length == 0) return complete(label, {&kRoot, 1}, out);  // ended with a dot
  if (length > kMaxLabelOctets) return {0, kLongLabel};
  put(label, length);
  return complete(size, origin, out);
}

/// The rule that an uncompressed name which should fill `wire` breaks; nullptr for none.
const char* whatIsWrong(std::span<const std::uint8_t> wire) noexcept {
  if (wire.empty() || wire.size() > kMaxNameOctets) return "is empty or over 255 octets";
  std::size_t at = 0;
  while (at < wire.size() && wire[at] != 0) {
    if (wire[at] > kMaxLabelOctets) return "has a label over 63 octets or a compression pointer";
    at += wire[at] + 1u;
  }
  return at + 1 == wire.size() ? nullptr : "does not end where its octets end";
}

}  // namespace

std::size_t nameFromText(std::string_view text, NameView origin, Letters letters,
                         std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  return letters == Letters::Lowered ? readName<Letters::Lowered>(text, origin, out).octets
                                     : readName<Letters::Kept>(text, origin, out).octets;
}

void NameBuffer::assign(NameView name) noexcept {
  size_ = name.size();
  std::memcpy(octets_.data(), name.data(), size_);
}

bool NameBuffer::keep(std::size_t size) noexcept {
  size_ = std::max(size, std::size_t{1});
  if (size == 0) octets_[0] = 0;
  return size > 0;
}

bool NameBuffer::assignText(std::string_view text, NameView origin) noexcept {
  return keep(nameFromText(text, origin, Letters::Lowered, octets_));
}

bool NameBuffer::assignWire(std::span<const std::uint8_t> wire) noexcept {
  if (whatIsWrong(wire) != nullptr) return keep(0);
  lowerOctets(wire, octets_.data());
  return keep(wire.size());
}

Result<Name> Name::fromText(std::string_view text, NameView origin) {
  std::array<std::uint8_t, kMaxNameOctets> octets;
  const NameReading read = readName<Letters::Lowered>(text, origin, octets);
  if (read.broken != nullptr) return nameError(text, read.broken);
  return Name(NameView(octets.data(), read.octets));
}

Result<Name> Name::fromWire(std::span<const std::uint8_t> wire) {
  if (const char* broken = whatIsWrong(wire); broken != nullptr)
    return Error{ErrorKind::Malformed, "wire-format name", broken};
  Name name;
  name.wire_.resize(wire.size());
  std::transform(wire.begin(), wire.end(), name.wire_.begin(),
                 [](std::uint8_t c) { return static_cast<char>(lowerOctet(c)); });
  return name;
}

Result<Name> Name::child(std::string_view label) const {
  if (label.empty() || label.size() > kMaxLabelOctets || wire_.size() + label.size() + 1 > kMaxNameOctets)
    return nameError(label, "does not fit as a label of " + text());
  std::string wire(1, static_cast<char>(label.size()));
  for (const char c : label) wire += static_cast<char>(lowerOctet(static_cast<std::uint8_t>(c)));
  Name name;
  name.wire_ = wire + wire_;
  return name;
}

std::uint64_t HashedName::of(NameView name) noexcept {
  return XXH3_64bits(name.data(), name.size());
}

/// Finds where the labels start. False where `wire` does not begin with a whole name.
bool HashedName::split(std::span<const std::uint8_t> wire) noexcept {
  const std::size_t end = std::min(wire.size(), kMaxNameOctets);
  unsigned labels = 0;  // a copy: what is stored below might be labels_ for all the compiler knows
  for (std::size_t at = 0; at < end;) {
    const std::uint8_t length = wire[at];
    if (length > kMaxLabelOctets) return false;
    offsets_[labels] = static_cast<std::uint8_t>(at);
    if (length == 0) {
      labels_ = labels;
      return true;
    }
    ++labels;
    at += length + 1u;
  }
  labels_ = 0;
  return false;
}

void HashedName::assign(NameView name) noexcept {
  name_ = name;
  split(name.bytes());
  hash_ = of(name_);
}

std::size_t HashedName::read(std::span<const std::uint8_t> wire, NameRoom& lowered) noexcept {
  name_ = {};
  if (!split(wire)) return 0;
  const std::size_t octets = offsets_[labels_] + 1u;
  // Length octets are below 64, so lower-casing them with the rest does not change them.
  lowerOctets(wire.first(octets), lowered.data());
  name_ = {lowered.data(), octets};
  hash_ = of(name_);
  return octets;
}

}  // namespace holdfast
