#include "tools/zonectl/text_table.h"

#include <algorithm>
#include <numeric>

namespace holdfast::zonectl {

namespace {
constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 4;  // no column is made narrower than this
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

std::vector<std::size_t> TextTable::widthsFor(std::size_t columns) const {
  std::vector<std::size_t> widths(alignRight_.size(), 0);
  for (const Row& row : rows_)
    for (std::size_t i = 0; i < row.cells.size() && !row.isNote; ++i)
      widths[i] = std::max(widths[i], columnsOf(row.cells[i].text));
  if (columns == 0) return widths;
  for (;;) {
    const std::size_t all = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
    std::size_t widest = 0;  // of the columns of text: a number that breaks off misleads
    for (std::size_t i = 1; i < widths.size(); ++i)
      if (!alignRight_[i] && (alignRight_[widest] || widths[i] > widths[widest])) widest = i;
    if (all <= columns || alignRight_[widest] || widths[widest] <= kNarrowest) return widths;
    // Bit by bit, so that two long columns share what has to go.
    const std::size_t excess = std::min(all - columns, widths[widest] - kNarrowest);
    widths[widest] -= (excess + 1) / 2;
  }
}

std::string TextTable::rowText(const Row& row, const std::vector<std::size_t>& widths,
                               const Palette& palette) const {
  std::string out;
  std::size_t at = 0, begin = 0;  // the column reached, and where the next cell belongs
  for (std::size_t i = 0; i < row.cells.size(); begin += widths[i] + kGap, ++i) {
    const Cell& cell = row.cells[i];
    if (cell.text.empty()) continue;
    const std::size_t size = columnsOf(cell.text);
    const std::size_t start = begin + (alignRight_[i] && size < widths[i] ? widths[i] - size : 0);
    const bool isOver = size > widths[i] && i + 1 == row.cells.size() && palette.columns() != 0;
    if ((at != 0 && at + kGap > start) || (isOver && at != 0)) {
      out += '\n';
      at = 0;
    }
    if (isOver) {
      out += wrapped(cell.text, 2 * kGap, palette.columns(), palette, cell.colour);
      return out;
    }
    out.append(start - at, ' ').append(palette.paint(cell.colour, cell.text));
    at = start + size;
  }
  return out + "\n";
}

std::string TextTable::text(const Palette& palette) const {
  const std::vector<std::size_t> widths = widthsFor(palette.columns());
  std::string out;
  for (const Row& row : rows_)
    out += row.isNote ? wrapped(row.cells[0].text, 2 * kGap, palette.columns(), palette, row.cells[0].colour)
                      : rowText(row, widths, palette);
  return out;
}

}  // namespace holdfast::zonectl
