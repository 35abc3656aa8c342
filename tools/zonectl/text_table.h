#pragma once

#include <string>
#include <vector>

#include "tools/zonectl/palette.h"

namespace holdfast::zonectl {

/// Columns of text that line up, under headings.
class TextTable {
 public:
  struct Cell {
    Cell(std::string_view content, Colour paint = Colour::None) : text(printable(content)), colour(paint) {}
    Cell(const char* content) : Cell(std::string_view(content)) {}
    Cell(const std::string& content) : Cell(std::string_view(content)) {}
    std::string text;
    Colour colour;
  };

  /// A heading that begins with ">" makes its column align right.
  explicit TextTable(const std::vector<std::string>& headings);

  /// Missing cells at the end are empty.
  void row(std::vector<Cell> cells);
  /// A line below the last row that takes no part in the columns, indented.
  void note(std::string_view text, Colour colour = Colour::Dim);
  bool empty() const noexcept { return rows_.empty(); }

  /// Where the palette's columns do not hold it, the widest columns are narrowed: a cell that is too long for
  /// its column is followed by a line break, and the row goes on below.
  std::string text(const Palette& palette) const;

 private:
  struct Row {
    std::vector<Cell> cells;
    bool isNote = false;
  };
  std::vector<std::size_t> widthsFor(std::size_t columns) const;
  std::string rowText(const Row& row, const std::vector<std::size_t>& widths, const Palette& palette) const;
  std::vector<Row> rows_;  // the first is that of the headings
  std::vector<bool> alignRight_;
};

}  // namespace holdfast::zonectl
