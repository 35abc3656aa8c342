"""The tables of a run, as text for people and as Markdown."""

import math

from bench.targets import OURS, Results

RED, GREEN, BOLD, DIM, PLAIN = "\033[31m", "\033[32m", "\033[1m", "\033[2m", "\033[0m"
NONE = "–"


class Table:
    def __init__(self, title, header, rows, note=None):
        self.title, self.header, self.rows, self.note = title, header, [list(map(str, row)) for row in rows], note

    def markdown(self):
        yield f"## {self.title}\n"
        yield f"| {' | '.join(self.header)} |"
        yield "|" + "---|" * len(self.header)
        yield from (f"| {' | '.join(row)} |" for row in self.rows)
        if self.note:
            yield f"\n{self.note}"
        yield ""

    def text(self, colour):
        widths = [max(len(row[i]) for row in [self.header, *self.rows]) for i in range(len(self.header))]
        yield painted(self.title, BOLD, colour)
        for row in [self.header, *self.rows]:
            cells = [cell.ljust(width) for cell, width in zip(row, widths)]
            shade = {"met": GREEN, "MISSED": RED}.get(row[-1]) or (DIM if row is self.header else None)
            yield "  " + painted("  ".join(cells).rstrip(), shade, colour)
        if self.note:
            yield painted(f"  {self.note}", DIM, colour)
        yield ""


def painted(text, shade, colour):
    return f"{shade}{text}{PLAIN}" if colour and shade else text


def number(value, unit="", scale=1.0):
    """Three digits that count."""
    if value is None:
        return NONE
    value /= scale
    digits = 0 if value == 0 or abs(value) >= 100 else 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{digits}f}{unit}"


def target_table(lines):
    def row(line):
        sign = "≥" if line["at_least"] else "≤"
        measured = NONE if line["measured"] is None else \
            f"{line['measured']:g}" if not line["unit"] else f"{line['measured']:.3g}{line['unit']}"
        verdict = {True: "met", False: "MISSED", None: "not measured"}[line["met"]]
        return [line["title"], f"{line['endpoints']:,}", f"{sign} {line['limit']:g}{line['unit']}", measured, verdict]
    return Table("Targets", ["what", "endpoints", "target", "measured", ""], map(row, lines))


def cpu_tables(results):
    sizes, servers = results.sizes("cpu"), results.servers("cpu")
    if not sizes:
        return

    def cell(server, endpoints):
        row = results.row("cpu", server, endpoints)
        if row is None:
            return NONE
        return f"{row['user_ns']:,.0f} / {row['system_ns']:,.0f}"
    yield Table("CPU per answered query, nanoseconds, user / system", ["", *(f"{size:,}" for size in sizes)],
                [[server, *(cell(server, size) for size in sizes)] for server in servers])

    def ratio(key, server, endpoints):
        turns = sorted(results.turns(key, server, endpoints))
        return f"{turns[len(turns) // 2]:.2f} ({turns[0]:.2f} – {turns[-1]:.2f})" if turns else NONE
    yield Table("CPU of Holdfast per answered query, of theirs: middle turn (lowest – highest)",
                ["user, or user and system", *(f"{size:,}" for size in sizes)],
                [[f"{server}: {what}", *(ratio(key, server, size) for size in sizes)]
                 for server in servers if server != OURS
                 for key, what in (("user_ns", "user"), ("whole_ns", "whole"))
                 if not server.startswith("null") or key == "whole_ns"])


def content_table(results, endpoints):
    """What content costs all servers at one size; "all" of it is exchanged."""
    servers = list(dict.fromkeys(server for measure in ("start", "memory", "swap", "change")
                                 for server in results.servers(measure)))
    shown = []
    for server in servers:
        start, memory = results.row("start", server, endpoints), results.row("memory", server, endpoints)
        swap = results.row("swap", server, endpoints, exchanged="all")
        change = results.row("change", server, endpoints)
        cells = [server, number(start and start["seconds"], " s"), number(memory and memory["pss_octets"], " MB", 1e6),
                 number(swap and swap["seconds"], " s"), number(swap and swap["peak_octets"], " MB", 1e6),
                 number(swap and swap["peak_ratio"], "×"),
                 f"{number(swap['idle']['p999_ms'])} → {number(swap['during']['p999_ms'], ' ms')}" if swap else NONE,
                 swap["during"]["lost"] if swap else NONE, number(change and change["median_ms"], " ms")]
        if any(cell != NONE for cell in cells[1:]):
            shown.append(cells)
    header = ["", "start to first answer", "memory (PSS)", "full swap", "peak during it", "of resting",
              "p99.9 idle → during", "lost", "one endpoint changed"]
    ours = results.row("start", OURS, endpoints)
    note = None
    if ours and ours["first_load_seconds"] is not None:
        note = f"holdfast starts from its plan store; its first plan took {number(ours['first_load_seconds'], ' s')}."
    return Table(f"{endpoints:,} endpoints", header, shown, note) if shown else None


def swap_table(results):
    rows = [row for row in results.rows if row["measure"] == "swap" and "error" not in row]
    cells = [[row["server"], f"{row['endpoints']:,}", row["exchanged"], number(row["seconds"], " ms", 1e-3),
              number(row["worked_seconds"], " s"), number(row["resting_octets"], " MB", 1e6),
              number(row["peak_octets"], " MB", 1e6),
              number(row["peak_ratio"], "×"), number(row["idle"]["p999_ms"], " ms"),
              number(row["during"]["p999_ms"], " ms"), f"{row['during']['lost']} of {row['during']['sent']:,}",
              number(row["during"]["prober_late_p999_ms"], " ms")] for row in rows]
    return Table("Content exchanged, under 20,000 queries a second", [
        "", "endpoints", "changed", "until the new answer", "processor time", "resting", "peak", "peak of resting",
        "p99.9 idle", "p99.9 during", "lost", "prober late, p99.9"], cells) if cells else None


def growth_table(results):
    def cells(server, endpoints):
        cpu, start = results.row("cpu", server, endpoints), results.row("start", server, endpoints)
        memory, swap = (results.row("memory", server, endpoints),
                        results.row("swap", server, endpoints, exchanged="all"))
        return [number(cpu and cpu["user_ns"], " ns"), number(start and start["seconds"], " ms", 1e-3),
                number(memory and memory["pss_octets"], " MB", 1e6), number(swap and swap["seconds"], " ms", 1e-3),
                number(swap and swap["peak_octets"], " MB", 1e6), number(swap and swap["during"]["p999_ms"], " ms"),
                number(results.value("median_ms", "change", server, endpoints), " ms")]
    sizes = sorted({row["endpoints"] for row in results.rows if row["endpoints"]})
    rows = [[f"{size:,}", server, *cells(server, size)] for size in sizes for server in ("gdnsd", OURS)]
    rows = [row for row in rows if any(cell != NONE for cell in row[2:])]
    header = ["endpoints", "", "user CPU per answer", "start", "memory", "full swap", "peak during it",
              "p99.9 during it", "one endpoint changed"]
    return Table("How the cost grows", header, rows) if len(sizes) > 1 else None


def change_table(results):
    rows = [row for row in results.rows if row["measure"] == "change" and "error" not in row]
    cells = [[row["server"], f"{row['endpoints']:,}", row["changes"], number(row["median_ms"], " ms"),
              number(row["p99_ms"], " ms"), number(row["replied_median_ms"], " ms"),
              number((row["peak_octets"] - row["resting_octets"]) / 1e6, " MB")] for row in rows]
    return Table("One endpoint changed", ["", "endpoints", "times", "until the new answer, median", "p99",
                                          "until the reply, median", "memory over resting"], cells) if cells else None


def worker_table(results):
    rows = [row for row in results.rows if row["measure"] == "workers" and "error" not in row]
    cells = [[row["server"], f"{row['endpoints']:,}", number(row["one_ns"], " ns"), number(row["two_ns"], " ns"),
              number(row["scaling"], "×"), number(row["elapsed_scaling"], "×")] for row in rows]
    return Table("A second UDP worker: CPU per answer of a burst, and answers of two workers, of one's",
                 ["", "endpoints", "one worker", "two workers", "by CPU time", "by elapsed time"],
                 cells) if cells else None


def load_table(results):
    """A first plan, beside what peers take to start with the same zone file."""
    rows = [row for row in results.rows if row["measure"] == "load" and "error" not in row]
    theirs = [row for row in results.rows if row["measure"] == "start" and "error" not in row
              and row["server"].partition(",")[0] != OURS and rows and row["endpoints"] == rows[0]["endpoints"]]
    return Table("Content read, until the first answer", ["", "endpoints", "seconds",
                                                          *(f"of {each['server']}'s start" for each in theirs)],
                 [[row["server"], f"{row['endpoints']:,}", number(row["seconds"], " s"),
                   *(number(row["seconds"] / each["seconds"], "×") for each in theirs)] for row in rows]) \
        if rows else None


def reading_table(results):
    rows = [row for row in results.rows if row["measure"] in ("reading", "instructions") and "error" not in row]
    return Table("Readers, how much faster than with the library alone; instructions", ["", ""],
                 [[row["name"], number(row.get("ratio"), "×") if "ratio" in row else f"{row['count']:,}"]
                  for row in rows]) if rows else None


def micro_table(results):
    rows = [row for row in results.rows if row["measure"] == "micro" and "error" not in row]
    return Table("Steps of the query path, without sockets (bench_micro)", ["", "CPU time"],
                 [[row["name"], number(row["nanoseconds"], " ns")] for row in rows]) if rows else None


def failure_table(results):
    rows = [[row["server"], row["measure"], f"{row['endpoints']:,}", row["error"].replace("|", "/").replace("\n", " ")]
            for row in results.rows if "error" in row]
    return Table("Not measured", ["", "measure", "endpoints", "why"], rows) if rows else None


def all_tables(rows, lines):
    results = Results(rows)
    sizes = sorted({row["endpoints"] for row in rows if row["measure"] in ("start", "memory", "swap")})
    tables = [target_table(lines), *cpu_tables(results), *(content_table(results, size) for size in sizes[-2:]),
              load_table(results), swap_table(results), change_table(results), worker_table(results),
              growth_table(results), micro_table(results), reading_table(results), failure_table(results)]
    return [table for table in tables if table is not None]
