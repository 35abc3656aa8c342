"""What needs no sockets: the steps of the query path, the readers of plans beside the libraries, and instructions."""

import json
import pathlib
import re
import subprocess

from bench.holdfast import Holdfast

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
INSTRUCTIONS = pathlib.Path(__file__).resolve().parent / "instructions"


def row(measure, name, **values):
    return {"measure": measure, "server": Holdfast.name, "endpoints": 0, "name": name} | values


def printed(command, measure):
    """What a program prints, and no rows; or nothing, and one that says why."""
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    except OSError as error:
        return "", [row(measure, "", error=f"{error.filename}: {error.strerror}")]
    if done.returncode != 0:
        return "", [row(measure, "", error=(done.stderr or done.stdout).strip()[-200:])]
    return done.stdout, []


def steps(programs):
    text, failed = printed([programs / "bench_micro", "--benchmark_format=json"], "micro")
    if failed:
        return failed
    return [row("micro", one["name"], nanoseconds=one["cpu_time"] * NANOSECONDS[one["time_unit"]])
            for one in json.loads(text)["benchmarks"]]


def reading(programs):
    """The tables of the two programs: the second column from the right has the ratio to the library alone."""
    rows = []
    for program, name, ratio in (("bench_json_plan", "JSON plan, {}, beside simdjson alone", 5),
                                 ("bench_zone_text", "zone file, {}, beside ldns alone", 5)):
        text, failed = printed([programs / program], "reading")
        rows += failed
        for line in text.splitlines()[1:]:
            columns = line.split()
            rows.append(row("reading", name.format(columns[0]), ratio=float(columns[ratio])))
    return rows


def instructions(programs):
    text, failed = printed([INSTRUCTIONS, "--bin", programs], "instructions")
    found = re.search(r"^(\d+) instructions", text, re.MULTILINE)
    return failed or [row("instructions", "an answered query, 1,000 endpoints", count=int(found[1]))]


def micro(programs):
    return steps(programs) + reading(programs) + instructions(programs)
