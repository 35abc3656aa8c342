"""What Holdfast is to reach, each as a ratio inside one run, and whether it did."""

from bench import arithmetic

OURS = "holdfast"


class Results:
    """The rows of a run, to look values up in."""

    def __init__(self, rows):
        self.rows = rows

    def row(self, measure, server, endpoints, **more):
        """None where it was not measured or failed."""
        for row in self.rows:
            if (row["measure"], row["server"], row["endpoints"]) == (measure, server, endpoints) \
                    and "error" not in row and all(row.get(key) == value for key, value in more.items()):
                return row
        return None

    def error(self, measure, server, endpoints):
        for row in self.rows:
            if (row["measure"], row["server"], row["endpoints"]) == (measure, server, endpoints) and "error" in row:
                return row["error"]
        return None

    def value(self, key, *which, **more):
        row = self.row(*which, **more)
        return None if row is None else row[key]

    def sizes(self, measure, server=OURS):
        return sorted({row["endpoints"] for row in self.rows if (row["measure"], row["server"]) == (measure, server)})

    def servers(self, measure):
        return list(dict.fromkeys(row["server"] for row in self.rows if row["measure"] == measure))

    def turns(self, key, server, endpoints):
        """The ratios of the CPU times of each turn."""
        ours, theirs = (self.value("rounds", "cpu", name, endpoints) for name in (OURS, server))
        return arithmetic.ratios_by_turn(ours[key], theirs[key]) if ours and theirs else []

    def against(self, key, measure, server, endpoints, **more):
        return arithmetic.ratio(self.value(key, measure, OURS, endpoints, **more),
                                self.value(key, measure, server, endpoints, **more))


class Target:
    def __init__(self, title, endpoints, limit, read, unit="×", at_least=False):
        self.title, self.endpoints, self.limit, self.unit, self.at_least = title, endpoints, limit, unit, at_least
        self._read = read

    def judge(self, results):
        """Its line of the table; `met` is None where it was not measured."""
        value = self._read(results, self.endpoints)
        met = None
        if value is not None:
            met = value >= self.limit if self.at_least else value <= self.limit
        return {"title": self.title, "endpoints": self.endpoints, "limit": self.limit, "unit": self.unit,
                "at_least": self.at_least, "measured": value, "met": met}


def median_of_turns(key, server):
    return lambda results, endpoints: arithmetic.median(results.turns(key, server, endpoints))


def beside_gdnsd(key, measure, **more):
    return lambda results, endpoints: results.against(key, measure, "gdnsd", endpoints, **more)


def beside_start(server, ours=OURS):
    """Of content that is read for the first time: servers without a plan store read it whenever they start."""
    return lambda results, endpoints: arithmetic.ratio(results.value("seconds", "load", ours, endpoints),
                                                       results.value("seconds", "start", server, endpoints))


def own(key, measure, server=OURS, **more):
    return lambda results, endpoints: results.value(key, measure, server, endpoints, **more)


def lost(results, endpoints):
    rows = [row for row in results.rows if (row["measure"], row["server"], row["endpoints"]) ==
            ("swap", OURS, endpoints) and "error" not in row]
    return sum(row["during"]["lost"] + row["during"]["failed"] for row in rows) if rows else None


MILLION = 1_000_000
USER_CPU_SIZES = {1000: 0.5, 100_000: 0.35, MILLION: 0.35}
TARGETS = [
    *(Target("user CPU per answered query, of gdnsd's", endpoints, limit, median_of_turns("user_ns", "gdnsd"))
      for endpoints, limit in USER_CPU_SIZES.items()),
    Target("whole CPU per answered query, of the null responder's", 1000, 1.04, median_of_turns("whole_ns", "null")),
    Target("whole CPU per answered query, of the null responder's", MILLION, 1.08,
           median_of_turns("whole_ns", "null")),
    Target("start to first answer, of gdnsd's", MILLION, 0.2, beside_gdnsd("seconds", "start")),
    Target("memory, of gdnsd's", MILLION, 1.0, beside_gdnsd("pss_octets", "memory")),
    Target("a first plan as JSON, of gdnsd's start from its zone file", MILLION, 1.0, beside_start("gdnsd")),
    Target("the same content as a zone file, of Knot's start", MILLION, 1.0,
           beside_start("knot", "holdfast, zone file")),
    Target("full swap until the new answer, of gdnsd's", MILLION, 0.5,
           beside_gdnsd("seconds", "swap", exchanged="all")),
    Target("peak memory when everything changes, of resting", MILLION, 1.6,
           own("peak_ratio", "swap", exchanged="all")),
    Target("peak memory when 1 % changes (delta), of resting", MILLION, 1.1,
           own("peak_ratio", "swap", exchanged="few, as a delta")),
    Target("peak memory when 1 % changes (full plan), of resting", MILLION, 1.1,
           own("peak_ratio", "swap", exchanged="few, as a full plan")),
    Target("p99.9 during a full swap, of idle", MILLION, 1.3, own("p999_ratio", "swap", exchanged="all")),
    Target("p99.9 during a swap of 1 % (delta), of idle", MILLION, 1.3,
           own("p999_ratio", "swap", exchanged="few, as a delta")),
    Target("p99.9 during a swap of 1 % (full plan), of idle", MILLION, 1.3,
           own("p999_ratio", "swap", exchanged="few, as a full plan")),
    Target("queries lost or failed during swaps", MILLION, 0, lost, unit=""),
    Target("one endpoint changed until the new answer", MILLION, 2.0, own("median_ms", "change"), unit=" ms"),
    Target("the same without the disk", MILLION, 0.3, own("median_ms", "change", "holdfast, no disk"), unit=" ms"),
    Target("answers of two workers, of one's", MILLION, 1.9, own("scaling", "workers"), at_least=True),
]


def judged(rows):
    results = Results(rows)
    return [target.judge(results) for target in TARGETS]


def missed(lines):
    return [line for line in lines if line["met"] is False]
