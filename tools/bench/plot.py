"""How the cost grows with the number of endpoints, as SVG: a panel per cost, a line per server, both axes logarithmic.

Written by hand: it is a few dozen lines, needs no package, and the same run makes the same text.
"""

import math
import xml.sax.saxutils

from bench.targets import Results

COLOURS = {"holdfast": "#c2410c", "gdnsd": "#1d4ed8", "knot": "#15803d", "nsd": "#7e22ce", "bind": "#a16207",
           "powerdns": "#0e7490", "null": "#6b7280"}
WIDTH, HEIGHT = 400, 290  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 36, 40
COLUMNS = 3
LEGEND = 34

PANELS = [
    ("user CPU per answered query, ns", "cpu", {}, lambda row: row["user_ns"]),
    ("start to first answer, s", "start", {}, lambda row: row["seconds"]),
    ("memory (PSS), MB", "memory", {}, lambda row: row["pss_octets"] / 1e6),
    ("full swap until the new answer, s", "swap", {"exchanged": "all"}, lambda row: row["seconds"]),
    ("peak memory during it, MB", "swap", {"exchanged": "all"}, lambda row: row["peak_octets"] / 1e6),
    ("p99.9 during it, ms", "swap", {"exchanged": "all"}, lambda row: row["during"]["p999_ms"]),
]


def lines_of(results, measure, which, value):
    """The points (endpoints, value) of each server, smallest first."""
    lines = {}
    for server in results.servers(measure):
        rows = [results.row(measure, server, size, **which) for size in results.sizes(measure, server)]
        points = [(row["endpoints"], value(row)) for row in rows if row is not None]
        if any(amount > 0 for _, amount in points):
            lines[server] = [(size, amount) for size, amount in points if amount > 0]
    return lines


class Scale:
    """From values to places, by their logarithms, whole decades or at least the room between two marks."""

    def __init__(self, values, first, last):
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        if self.high - self.low < 1:
            middle = (self.high + self.low) / 2
            self.low, self.high = min(self.low, middle - 0.5), max(self.high, middle + 0.5)
        self.low, self.high = self.low - 0.05, self.high + 0.05
        self.first, self.last = first, last

    def place(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)

    def marks(self):
        steps = (1, 2, 5) if self.high - self.low < 2.5 else (1,)
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            for step in steps:
                if self.low <= math.log10(step) + power <= self.high:
                    yield step * 10.0 ** power


def short(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def text(x, y, content, anchor="middle", **more):
    attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>'
            f'{xml.sax.saxutils.escape(content)}</text>')


def panel(title, lines, left, top):
    """One chart; nothing where there are no points."""
    points = [point for line in lines.values() for point in line]
    yield text(left + WIDTH / 2, top + 20, title, font_weight="bold")
    if not points:
        yield text(left + WIDTH / 2, top + HEIGHT / 2, "not measured", fill="#6b7280")
        return
    across = Scale([size for size, _ in points], left + LEFT, left + WIDTH - RIGHT)
    up = Scale([value for _, value in points], top + HEIGHT - BOTTOM, top + TOP)
    for mark in up.marks():
        y = up.place(mark)
        yield f'<path d="M{across.first:.1f} {y:.1f}H{across.last:.1f}" stroke="#e5e7eb"/>'
        yield text(across.first - 6, y + 4, short(mark), "end")
    for size in sorted({size for size, _ in points}):
        x = across.place(size)
        yield f'<path d="M{x:.1f} {up.first:.1f}v5" stroke="#6b7280"/>'
        yield text(x, up.first + 18, short(size))
    yield f'<path d="M{across.first:.1f} {up.last:.1f}V{up.first:.1f}H{across.last:.1f}" fill="none" stroke="#6b7280"/>'
    yield text((across.first + across.last) / 2, up.first + 34, "endpoints", fill="#6b7280")
    for server, line in lines.items():
        places = [(across.place(size), up.place(value)) for size, value in line]
        colour = COLOURS.get(server, "#111827")
        yield (f'<polyline fill="none" stroke="{colour}" stroke-width="{3 if server == "holdfast" else 1.6}" '
               f'points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
        for (x, y), (size, value) in zip(places, line):
            label = xml.sax.saxutils.escape(f"{server}, {size:,} endpoints: {value:,.4g}")
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{label}</title></circle>'


def svg(rows):
    """The whole drawing."""
    results = Results(rows)
    charts = [(title, lines_of(results, measure, which, value)) for title, measure, which, value in PANELS]
    width, height = COLUMNS * WIDTH, LEGEND + -(-len(charts) // COLUMNS) * HEIGHT
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="12" fill="#111827">',
           '<rect width="100%" height="100%" fill="#ffffff"/>']
    shown = [server for server in COLOURS if any(server in lines for _, lines in charts)]
    for i, server in enumerate(shown):
        x = LEFT + 110 * i
        out.append(f'<path d="M{x} 20h22" stroke="{COLOURS[server]}" stroke-width="3"/>')
        out.append(text(x + 28, 24, server, "start"))
    for i, (title, lines) in enumerate(charts):
        out += panel(title, lines, i % COLUMNS * WIDTH, LEGEND + i // COLUMNS * HEIGHT)
    return "\n".join([*out, "</svg>"]) + "\n"
