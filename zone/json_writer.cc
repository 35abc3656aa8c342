#include "zone/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

namespace holdfast {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// What may stand behind the first octet of a character: how many octets, and the range of the next one. The
/// octets after that are 80 to bf. Unicode 15, table 3-7.
struct Lead {
  unsigned more = 0;
  unsigned char from = 0x80, to = 0xbf;
};

Lead leadOf(unsigned char c) noexcept {
  if (c >= 0xc2 && c <= 0xdf) return {1};
  if (c == 0xe0) return {2, 0xa0, 0xbf};
  if (c == 0xed) return {2, 0x80, 0x9f};
  if (c >= 0xe1 && c <= 0xef) return {2};
  if (c == 0xf0) return {3, 0x90, 0xbf};
  if (c >= 0xf1 && c <= 0xf3) return {3};
  if (c == 0xf4) return {3, 0x80, 0x8f};
  return {};
}

struct Character {
  std::size_t octets;  ///< of the text
  bool isWhole;
};

/// The character that a text begins with, or as much of it as there is; one octet where there is none.
Character characterAt(std::string_view text) noexcept {
  const Lead lead = leadOf(static_cast<unsigned char>(text[0]));
  if (lead.more == 0) return {1, false};
  for (std::size_t i = 1; i <= lead.more; ++i) {
    if (i == text.size()) return {i, false};
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < (i == 1 ? lead.from : 0x80) || c > (i == 1 ? lead.to : 0xbf)) return {i, false};
  }
  return {lead.more + 1, true};
}

void appendEscaped(std::string& out, char c) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  static constexpr std::string_view kMeant = "\b\f\n\r\t";
  static constexpr std::string_view kLetters = "bfnrt";
  out += '\\';
  if (c == '"' || c == '\\') {
    out += c;
  } else if (const std::size_t at = kMeant.find(c); at != std::string_view::npos) {
    out += kLetters[at];
  } else {
    out += "u00";
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 0xfU];
  }
}

bool standsForItself(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x20 && octet < 0x80 && c != '"' && c != '\\';
}

template <typename Number, typename... Format>
void appendNumber(std::string& out, Number number, Format... format) {
  std::array<char, 32> text{};  // the longest is a double, of 24 characters
  const auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), number, format...);
  out.append(text.data(), end);
}

/// Some readers take a number without a point for an integer, and people read no exponents.
void appendDouble(std::string& out, double number) {
  const double size = std::fabs(number);
  const bool isPlain = size == 0 || (size >= 1e-5 && size < 1e15);
  if (!isPlain) return appendNumber(out, number, std::chars_format::scientific);
  appendNumber(out, number, std::chars_format::fixed);
  if (number == std::trunc(number)) out += ".0";
}

void appendJsonText(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && standsForItself(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t taken = 1;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      appendEscaped(out, text[0]);
    } else {
      const Character character = characterAt(text);
      taken = character.octets;
      out.append(character.isWhole ? text.substr(0, taken) : kReplacement);
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

}  // namespace

std::string jsonText(std::string_view text) {
  std::string out;
  appendJsonText(out, text);
  return out;
}

void JsonWriter::value(std::string_view text) {
  separate();
  appendJsonText(out_, text);
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return literal("null");
  separate();
  appendDouble(out_, number);
}

void JsonWriter::whole(std::int64_t number) {
  separate();
  appendNumber(out_, number);
}

void JsonWriter::whole(std::uint64_t number) {
  separate();
  appendNumber(out_, number);
}

void JsonWriter::literal(std::string_view text) {
  separate();
  out_.append(text);
}

void JsonWriter::name(std::string_view key) {
  separate();
  appendJsonText(out_, key);
  out_ += ':';
  follows_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  follows_ = false;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  follows_ = true;
}

void JsonWriter::separate() {
  if (follows_) out_ += ',';
  follows_ = true;
}

}  // namespace holdfast
