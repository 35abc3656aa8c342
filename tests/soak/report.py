"""What a soak came to: for people, and for programs."""

import os
import pathlib
import platform
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from bench.tables import NONE, Table  # noqa: E402  (found by the line above)
from ledger import JUDGED, RACED  # noqa: E402

EIGHT_HOURS = 8 * 3600 * 10  # plans, at 10 a second

# What must never be broken, as it is told where it was.
RULES = ["no answer is empty", "no answer is torn", "no answer is backward", "no answer is failed",
         "no answer is other", "no answer is malformed", "nothing is lost", "acknowledged plans survive",
         "the history is whole", "a generation is published once", "good plans are published",
         "poison is refused with the right rule", "most poison is judged", "a freeze holds", "old content comes back",
         "what there is no room for is turned away", "plans are taken again", "plans are taken whatever the time",
         "503 says when to come again", "an Enactor brings what is good", "the control API answers",
         "requests are answered", "the server lives", "it sheds fairly", "old content is given back", "memory is flat",
         "no descriptors leak", "no threads leak", "the soak works"]


def result(world, acts, options):
    counts = dict(sorted(({JUDGED: 0, RACED: 0} | world.ledger.counts).items()))
    unknown = {each["rule"] for each in world.ledger.violations} - set(RULES)
    assert not unknown, unknown
    seconds = time.monotonic() - world.ledger.begun
    return {"seed": options.seed, "seconds": round(seconds, 1), "rate": options.rate, "plans_per_second": options.plans,
            "arguments": sys.argv[1:], "processors": os.cpu_count(), "addresses": len(world.addresses),
            "kernel": platform.release(), "counts": counts,
            "of_eight_hours": {what: round(counts.get(what, 0) / EIGHT_HOURS, 4) for what in ("published", "swaps")},
            "longest_start_seconds": round(world.longest_start, 3), "acts": acts.results,
            "samples": acts.samples, "violations": world.ledger.violations}


def milliseconds(nanoseconds):
    return f"{nanoseconds / 1e6:,.1f}"


def act_table(outcome):
    """Acts of one name add up."""
    rows = {}
    for act in outcome["acts"]:
        rows.setdefault(act["act"], []).append(act)

    def row(name, acts):
        def total(key):
            return sum(act[key] for act in acts)
        return [name, len(acts), f"{total('seconds'):,.0f}", f"{total('answered'):,}", f"{total('lost'):,}",
                f"{total('lost_outside'):,}", sum(sum(act["faults"].values()) for act in acts),
                f"{total('swaps'):,}", milliseconds(max(act["p999"] for act in acts)),
                milliseconds(max(act["max"] for act in acts))]
    return Table("What clients saw", ["act", "times", "seconds", "answered", "lost", "lost while it was there",
                                      "wrong", "swaps seen", "p99.9, ms", "longest, ms"],
                 [row(*each) for each in rows.items()],
                 "Lost while it was there: of questions sent when the server was not being killed, nor overloaded.")


def count_table(outcome):
    counts = outcome["counts"]
    poison = sorted((name, count) for name, count in counts.items() if name.startswith("poison: "))
    plain = [(name, count) for name, count in counts.items() if not name.startswith("poison: ")]
    rows = [[name, f"{count:,}"] for name, count in plain]
    kinds = ", ".join(f"{name[8:]} {count}" for name, count in poison)
    rows.append(["kinds of poison, judged", f"{len(poison)}: {kinds}"])
    rows.append(["longest start, seconds", outcome["longest_start_seconds"]])
    rows += [[f"{what}, of what eight hours at 10 plans a second bring", f"{share:.1%}"]
             for what, share in outcome["of_eight_hours"].items()]
    return Table("What was done to it", ["what", "how often"], rows)


def sample_table(outcome):
    samples = outcome["samples"]
    shown = samples if len(samples) <= 30 else samples[::len(samples) // 30 + 1] + samples[-1:]
    return Table("What it had, in quiet moments", ["after", "life", "swaps", "in use, MB", "resident, MB", "threads",
                                                      "descriptors"],
                 [[f"{each['at']:,.0f} s", each["life"], f"{each['swaps']:,}", f"{each['used_octets'] / 1e6:.2f}",
                   f"{each['resident_octets'] / 1e6:.1f}",
                   each["threads"], each["descriptors"]] for each in shown])


def rule_table(outcome):
    broken = {}
    for each in outcome["violations"]:
        broken.setdefault(each["rule"], []).append(each)
    return Table("What must never be", ["rule", "broken", "first"],
                 [[rule, len(broken.get(rule, [])),
                   f"{broken[rule][0]['at']} s: {broken[rule][0]['what'][:200]}" if rule in broken else NONE]
                  for rule in RULES])


def tables(outcome):
    return [act_table(outcome), count_table(outcome), sample_table(outcome), rule_table(outcome)]


def head(outcome):
    return (f"{outcome['seconds']:,.0f} s, seed {outcome['seed']}, {outcome['rate']:,} questions and "
            f"{outcome['plans_per_second']:g} plans a second asked for, "
            f"by {'IPv4 and IPv6' if outcome['addresses'] > 1 else 'IPv4 only, as there is no ::1'}; "
            f"{outcome['processors']} processors, Linux {outcome['kernel']}; confined by tests/soak/confine.")


def verdict(outcome):
    broken = len(outcome["violations"])
    return f"{broken} violations" if broken else f"No violation of {len(RULES)} rules"


def markdown(outcome):
    lines = [f"# Soak\n\n`tests/soak/run {' '.join(outcome['arguments'])}`: {head(outcome)}\n\n{verdict(outcome)}.\n"]
    for table in tables(outcome):
        lines += table.markdown()
    return "\n".join(lines)


def text(outcome, colour):
    lines = [head(outcome)]
    for table in tables(outcome):
        lines += table.text(colour)
    shade = "\033[31m" if outcome["violations"] else "\033[32m"
    lines.append(f"{shade}{verdict(outcome)}\033[0m" if colour else verdict(outcome))
    return "\n".join(lines)
