#include "tools/zonectl/text_table.h"

#include <algorithm>

namespace holdfast::zonectl {

namespace {
constexpr std::size_t kGap = 2;
}  // namespace

TextTable::TextTable(const std::vector<std::string>& headings) {
  Row row;
  for (const std::string& heading : headings) {
    const bool right = heading.starts_with('>');
    alignRight_.push_back(right);
    row.cells.emplace_back(std::string_view(heading).substr(right ? 1 : 0), Colour::Bold);
  }
  rows_.push_back(std::move(row));
}

void TextTable::row(std::vector<Cell> cells) {
  rows_.push_back({std::move(cells), false});
}

void TextTable::note(std::string_view text, Colour colour) {
  rows_.push_back({{Cell(text, colour)}, true});
}

std::string TextTable::text(const Palette& palette) const {
  std::vector<std::size_t> widths(alignRight_.size(), 0);
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < row.cells.size() && !row.isNote; ++i)
      widths[i] = std::max(widths[i], columnsOf(row.cells[i].text));

  std::string out;
  for (const Row& row : rows_) {
    std::size_t blanks =
        row.isNote ? 2 * kGap : 0;  // owed: written only before text, so no line ends in them
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const Cell& cell = row.cells[i];
      const std::size_t pad = row.isNote ? 0 : widths[i] - columnsOf(cell.text);
      if (alignRight_[i]) blanks += pad;
      if (!cell.text.empty()) {
        out.append(blanks, ' ').append(palette.paint(cell.colour, cell.text));
        blanks = 0;
      }
      blanks += kGap + (alignRight_[i] ? 0 : pad);
    }
    out += '\n';
  }
  return out;
}

}  // namespace holdfast::zonectl
