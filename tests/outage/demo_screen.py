"""Draws the demo's two sides on a terminal, in place."""

import os
import shutil
import sys

from demo_side import BAD, DIM, GOOD, MEANS, NOTE, PLAIN, STRONG, TITLES

LEAST = (80, 24)  # columns and lines
CODES = {PLAIN: "", DIM: "2", GOOD: "32", BAD: "1;31", NOTE: "33", STRONG: "1"}
LABEL = 10  # columns of a row's label
HEAD, FOOT = 3, 4  # lines above and below the two sides


def fits():
    """Whether standard output is a terminal on which the screen has room."""
    size = shutil.get_terminal_size()
    has_room = size.columns >= LEAST[0] and size.lines >= LEAST[1]
    return has_room and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def cut(text, width):
    return text if len(text) <= width else text[:width - 1] + "…"


class Screen:
    def __init__(self, colour):
        self._colour = colour
        self._drawn = False

    def paint(self, text, style):
        code = CODES[style]
        return f"\x1b[{code}m{text}\x1b[0m" if code and self._colour and text else text

    def cell(self, text, style, width):
        """Padded to the width, and painted."""
        return self.paint(cut(text, width).ljust(width), style)

    def __enter__(self):
        sys.stdout.write("\x1b[?25l\x1b[2J")
        return self

    def __exit__(self, *_):
        sys.stdout.write("\x1b[?25h\n")
        sys.stdout.flush()

    def draw(self, sides, title, caption):
        """`caption`: pairs of a text and a style, at most three, below the sides."""
        columns, lines = shutil.get_terminal_size()
        width = (columns - 3) // 2
        out = [self.cell(title[0], STRONG, columns - len(title[1]) - 1) + " " + self.paint(title[1], DIM),
               self.paint("─" * columns, DIM)]
        for row in zip(*(self.side(side, width, lines - HEAD - FOOT) for side in sides)):
            out.append(self.paint(" │ ", DIM).join(row))
        out.append(self.paint("─" * columns, DIM))
        out += [self.cell(text, style, columns) for text, style in caption]
        frame = "\n".join(line + "\x1b[K" for line in out[:lines])
        sys.stdout.write("\x1b[H" + frame + "\x1b[J")
        sys.stdout.flush()

    def side(self, side, width, height):
        name = TITLES[side.target]
        lines = [self.paint(name, STRONG) + self.cell("  " + MEANS[side.target], DIM, width - len(name))]
        for label, text, style in side.rows():
            lines.append(self.cell(label, DIM, LABEL) + " " + self.cell(text, style, width - LABEL - 1))
        lines.append(self.paint("┄" * width, DIM))
        room = height - len(lines)
        for least in (0, 1, 2):
            log = [line for line in side.log if line.rank >= least]
            if len(log) <= room:
                break
        log = log[-room:]
        for line in log:
            lines.append(self.cell(f"{line.at:5.1f}", DIM, 6) + self.cell(line.text, line.style, width - 6))
        lines += [" " * width] * (room - len(log))
        return lines
