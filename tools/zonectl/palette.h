#pragma once

#include <string>
#include <string_view>

namespace holdfast::zonectl {

enum class Colour { None, Bold, Dim, Red, Green, Yellow };

/// Colours text where that was chosen, and leaves it alone elsewhere.
class Palette {
 public:
  explicit Palette(bool coloured) : coloured_(coloured) {}
  std::string paint(Colour colour, std::string_view text) const;

 private:
  bool coloured_;
};

/// `text` with every control character, which could drive the terminal, as "?". Names, sources and reasons
/// are other people's words. Line feeds become blanks.
std::string printable(std::string_view text);
/// Columns that UTF-8 text takes, one for each character.
std::size_t columnsOf(std::string_view text);

}  // namespace holdfast::zonectl
