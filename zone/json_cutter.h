#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

/// Cuts the object that a JSON document has under one key into pieces, while the document comes in, so that
/// the pieces are parsed each while it is in the processor's caches, and by several threads. Where skeleton
/// and pieces are JSON, so is the document, and it says the same. Any octets are safe input. One thread.
class JsonCutter {
 public:
  /// Members of the object, some at once, in order: with braces around them an object. May take them and
  /// leave another string in their place, whose memory is used for the next ones and whose octets are of no
  /// account.
  using Take = std::function<void(std::string& members)>;

  /// Cuts the document's object `key` into pieces of about `octets`.
  JsonCutter(std::string key, std::size_t octets, Take take);

  /// The next of the document.
  void feed(std::string_view text);
  /// After the last: the document with an empty object as the one that was cut. None where there is no such
  /// object, or it comes twice, or braces do not match: then the document is to be read as a whole, which
  /// tells what is wrong with it.
  std::optional<std::string> finish();

 private:
  enum class Where : std::uint8_t { Around, BeforeObject, Members, Lost };

  /// Each looks at text from `at` on, and moves it behind what it has seen.
  void around(std::string_view text, std::size_t& at);
  void members(std::string_view text, std::size_t& at);
  bool skipBlock(const char* octets) noexcept;
  bool skipString(std::string_view text, std::size_t& at) noexcept;
  void structure(char c);
  bool endPiece(char by);

  const std::string key_;
  const std::size_t octets_;
  const Take take_;

  Where where_ = Where::Around;
  unsigned depth_ = 0;  // of brackets; within the object relative to it
  bool isInString_ = false;
  bool isEscaped_ = false;  // the next octet of the string
  bool isKeyNext_ = false;  // the next string of the document's own object is a key
  bool wasCut_ = false;
  bool hasPieces_ = false;
  std::string string_;  // the last key of the document's own object, as written
  std::string skeleton_, piece_;
};

}  // namespace holdfast
