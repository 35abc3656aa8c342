#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::differential {

/// A domain name as its labels, leftmost first, without the root's. Shares no code with the server under
/// test.
class Name {
 public:
  Name() = default;
  explicit Name(std::vector<std::string> labels) : labels_(std::move(labels)) {}

  /// From text, absolute or not; "\." and "\DDD" are understood. What is no name gives what could be read.
  static Name parse(std::string_view text);

  const std::vector<std::string>& labels() const { return labels_; }
  bool isRoot() const { return labels_.empty(); }
  /// Octets on the wire; a name that can be sent has at most 255, in labels of at most 63.
  std::size_t octets() const;
  bool fits() const;

  Name child(std::string_view label) const;
  Name parent() const;  ///< REQUIRES: not the root
  /// `relative`, then this name.
  Name below(const Name& relative) const;
  bool isAtOrBelow(const Name& above) const;

  Name lower() const;
  std::string text() const;  ///< absolute, escaped
  std::string wire() const;

  friend bool operator==(const Name& a, const Name& b) = default;
  friend bool operator<(const Name& a, const Name& b) { return a.labels_ < b.labels_; }

 private:
  std::vector<std::string> labels_;
};

/// ASCII only (RFC 4343).
char lowerCase(char c);

}  // namespace holdfast::differential
