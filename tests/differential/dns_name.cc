#include "tests/differential/dns_name.h"

#include <algorithm>

namespace holdfast::differential {

namespace {

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// The octet that an escape stands for; `at` is after the backslash and moves to the escape's last character.
char unescaped(std::string_view text, std::size_t& at) {
  if (at + 2 < text.size() && isDigit(text[at]) && isDigit(text[at + 1]) && isDigit(text[at + 2])) {
    const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
    at += 2;
    return static_cast<char>(value);
  }
  return text[at];
}

}  // namespace

char lowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

Name Name::parse(std::string_view text) {
  std::vector<std::string> labels;
  std::string label;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (!label.empty()) labels.push_back(std::move(label));
      label.clear();
    } else if (text[at] == '\\' && at + 1 < text.size()) {
      label += unescaped(text, ++at);
    } else {
      label += text[at];
    }
  }
  if (!label.empty()) labels.push_back(std::move(label));
  return Name(std::move(labels));
}

std::size_t Name::octets() const {
  std::size_t sum = 1;
  for (const std::string& label : labels_) sum += label.size() + 1;
  return sum;
}

bool Name::fits() const {
  return octets() <= 255 &&
         std::all_of(labels_.begin(), labels_.end(), [](const auto& label) { return label.size() <= 63; });
}

Name Name::child(std::string_view label) const {
  std::vector<std::string> labels{std::string(label)};
  labels.insert(labels.end(), labels_.begin(), labels_.end());
  return Name(std::move(labels));
}

Name Name::parent() const {
  return Name({labels_.begin() + 1, labels_.end()});
}

Name Name::below(const Name& relative) const {
  std::vector<std::string> labels = relative.labels_;
  labels.insert(labels.end(), labels_.begin(), labels_.end());
  return Name(std::move(labels));
}

bool Name::isAtOrBelow(const Name& above) const {
  if (above.labels_.size() > labels_.size()) return false;
  return std::equal(above.labels_.rbegin(), above.labels_.rend(), labels_.rbegin(),
                    [](const std::string& a, const std::string& b) {
                      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                                        [](char x, char y) { return lowerCase(x) == lowerCase(y); });
                    });
}

Name Name::lower() const {
  Name result = *this;
  for (std::string& label : result.labels_)
    std::transform(label.begin(), label.end(), label.begin(), lowerCase);
  return result;
}

std::string Name::text() const {
  if (labels_.empty()) return ".";
  std::string out;
  for (const std::string& label : labels_) {
    for (const char c : label) {
      const auto octet = static_cast<unsigned char>(c);
      const bool plain = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') || isDigit(c) ||
                         octet == '-' || octet == '_' || octet == '*' || octet == '/' || octet == '+';
      if (plain) {
        out += c;
      } else {
        out += '\\';
        out += static_cast<char>('0' + octet / 100);
        out += static_cast<char>('0' + octet / 10 % 10);
        out += static_cast<char>('0' + octet % 10);
      }
    }
    out += '.';
  }
  return out;
}

std::string Name::wire() const {
  std::string out;
  for (const std::string& label : labels_) {
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
  return out;
}

}  // namespace holdfast::differential
