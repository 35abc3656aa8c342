#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast {

inline bool isDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Takes a zone file apart into entries (RFC 1035 section 5.1), before anything is made of them. Borrows the
/// text. One thread.
class ZoneTextReader {
 public:
  explicit ZoneTextReader(std::string_view text) noexcept : text_(text) {}

  /// Moves to the next entry that is not blank; false at the end. An Error names the line: a quote that its
  /// line does not close and a parenthesis that the file does not, so that a file cut off in the middle never
  /// passes for a whole one (I4); a parenthesis closed but not opened; a backslash, carriage return, form
  /// feed or vertical tab where none can be.
  Result<bool> next();

  /// The entry as one line: comments are left out, parentheses and the line ends they span are blanks. Quotes
  /// and escapes are as they were. Valid until next().
  std::string_view entry() const noexcept { return entry_; }
  /// The line the entry began on, from 1.
  int line() const noexcept { return begin_; }

 private:
  bool takeLine() noexcept;
  Status joinLines();
  Error at(int line, std::string what) const;

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  int begin_ = 1;
  std::string_view entry_;  // of the text, or of joined_
  std::string joined_;
};

/// Takes the first field off `rest`: up to a blank that is neither quoted nor escaped. Empty at the end.
std::string_view takeField(std::string_view& rest) noexcept;

/// What stands before the RDATA of a record. Borrows the entry.
struct RecordHead {
  std::string_view owner;            ///< empty: that of the record before
  std::optional<std::uint32_t> ttl;  ///< in seconds
  std::string_view type;             ///< not looked up
  std::string_view rdata;
};

/// TTL and class may stand in either order, and either may be missing. An Error quotes the field: a TTL that
/// is none, a class other than IN, a type that is missing. REQUIRES: an entry as ZoneTextReader makes it.
Result<RecordHead> headOf(std::string_view entry);

/// A TTL in seconds, or in the units s, m, h, d and w as in "1h30m", up to 4294967295 s.
Result<std::uint32_t> parseTtl(std::string_view text);

/// `text` for a message: in quotes, cut to a length that a line can show, what does not print as \DDD.
std::string quotedForMessage(std::string_view text);

bool equalsIgnoringCase(std::string_view a, std::string_view b) noexcept;

}  // namespace holdfast
