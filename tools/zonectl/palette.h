#pragma once

#include <string>
#include <string_view>

namespace holdfast::zonectl {

enum class Colour { None, Bold, Dim, Red, Green, Yellow };

/// What the other end can show. Colours text where that was chosen, and leaves it alone elsewhere.
class Palette {
 public:
  explicit Palette(bool coloured, std::size_t columns = 0) : coloured_(coloured), columns_(columns) {}
  std::string paint(Colour colour, std::string_view text) const;
  /// Of one line; 0: as many as it takes.
  std::size_t columns() const noexcept { return columns_; }
  /// The same with fewer columns. REQUIRES: columns() > by.
  Palette narrowed(std::size_t by) const { return Palette(coloured_, columns_ - by); }

 private:
  bool coloured_;
  std::size_t columns_;
};

/// Lines of at most `columns` (0: one line), broken between words, each behind `indent` blanks and ended. A
/// word that is too long gets a line of its own.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns, const Palette& palette,
                    Colour colour = Colour::None);

/// `text` with every control character, which could drive the terminal, as "?". Names, sources and reasons
/// are other people's words. Line feeds become blanks.
std::string printable(std::string_view text);
/// Columns that UTF-8 text takes, one for each character.
std::size_t columnsOf(std::string_view text);

}  // namespace holdfast::zonectl
