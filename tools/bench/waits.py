"""What keeps the UDP worker from running when it could, and which threads the time of a change is, by the kernel's own
record of who had which processor."""

import collections
import re
import subprocess
import time

from bench import arithmetic
from bench.data import OLD
from bench.load import Prober, START
from bench.measure_data import CHANGE_TICK, FIRST_PERCENT, SWAP_RATE, SWAP_TICK, SWAP_TIMEOUT, latency
from bench.recording import Recording
from bench.server import Failed

LEAST = 0.0005  # seconds of a wait that is told
WORKER = "udp-0"
NAME = 44  # columns
# Of perf: time, processor, thread, and in milliseconds how long it had not run, was ready since it was woken, and ran,
# and whether it was ready still.
LINE = re.compile(r"\s*([\d.]+) \[(\d+)\]\s+(.+?)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+(\S+)?\s*$")
READY = "R"
HALTED = "nobody: it was halted, and woke late"
Wait = collections.namedtuple("Wait", "begun seconds holder")
Run = collections.namedtuple("Run", "begun ended thread")


def recording(file):
    """Of every processor's threads."""
    return Recording("sched", "record", "--clockid", "CLOCK_MONOTONIC", "--mmap-pages", "16M", "--output", file)


def holder(thread, pid):
    """Who had the processor, for people; of perf's NAME[TID/PID] or NAME[TID]."""
    if thread == "<idle>":
        return HALTED
    name, _, numbers = thread.rpartition("[")
    if numbers.rstrip("]").split("/")[-1] == str(pid):
        return f"holdfastd's {name}"
    return "what asks" if name == "bench_prober" else f"another program: {name}"


def history(file):
    """What ran when, and when the worker waited, begun and ended; by processor."""
    done = subprocess.run(["perf", "sched", "timehist", "--state", "--input", file], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failed(f"perf sched timehist: {done.stderr.strip()[-200:]}")
    runs, waits, was_ready = collections.defaultdict(list), collections.defaultdict(list), False
    for line in done.stdout.splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        ended, processor, thread = float(found[1]), int(found[2]), found[3]
        ran = float(found[6]) / 1e3
        runs[processor].append(Run(ended - ran, ended, thread))
        if thread.startswith(WORKER + "["):
            ready = float(found[4 if was_ready else 5]) / 1e3  # another one may have taken its place
            was_ready = (found[7] or "").startswith(READY)
            if ready >= LEAST:
                waits[processor].append((ended - ran - ready, ended - ran))
    return runs, waits


def shares(runs, spans, pid):
    """Of each span the seconds that each holder had the processor; both in the order of time."""
    found, at = [], 0
    for begun, ended in spans:
        had = collections.Counter()
        while at < len(runs) and runs[at].ended < begun:
            at += 1
        for index in range(at, len(runs)):
            run = runs[index]
            if run.begun >= ended:
                break
            had[holder(run.thread, pid)] += max(0.0, min(ended, run.ended) - max(begun, run.begun))
        found.append(had)
    return found


def judged(file, pid):
    """The worker's waits, each with who had its processor for most of it."""
    runs, waits = history(file)
    found = []
    for processor, spans in waits.items():
        for (begun, ended), had in zip(spans, shares(runs[processor], spans, pid)):
            found.append(Wait(begun, ended - begun, had.most_common(1)[0][0] if had else HALTED))
    return found


def by_holder(waits, spans):
    """Of the waits that began in one of the spans of time: how often, together and at most, in milliseconds."""
    found = collections.defaultdict(list)
    for wait in waits:
        if any(begun <= wait.begun <= ended for begun, ended in spans):
            found[wait.holder].append(wait.seconds * 1e3)
    return {name: (len(times), sum(times), max(times)) for name, times in found.items()}


def record(server, request, contents, chosen, options, file):
    """Exchanges under questions; the spans of time of each and of the idle seconds before, and the latencies."""
    exchanges, idle = [], []
    with Prober(server, options, SWAP_RATE, FIRST_PERCENT, SWAP_TICK) as prober, recording(file):
        prober.seen(contents[1].few, 0, START)
        for number in range(chosen.times):
            prober.window("rest")
            time.sleep(options.settle / 2)
            for label, spans, work in (("idle", idle, lambda: time.sleep(options.idle)),
                                       ("exchange", exchanges, lambda: request(contents[number % 2]))):
                prober.window(label)
                begun = time.monotonic()
                work()
                time.sleep(options.after)
                spans.append((begun, time.monotonic()))
        windows = prober.finish()
    return exchanges, idle, {label: latency(windows[label]) for label in ("idle", "exchange")}


def show_latencies(latencies):
    columns = ("exchange", "idle")
    print(f"{'':{NAME}}{'while exchanged':>28}{'idle':>28}")
    for key, name in (("p99_ms", "p99 of the latency, ms"), ("p999_ms", "p99.9"), ("lost", "lost")):
        print(f"{name:{NAME}}" + "".join(f"{latencies[label][key]:28.3g}" for label in columns))
    print(f"{'p99.9, of idle':{NAME}}{arithmetic.ratio(*(latencies[label]['p999_ms'] for label in columns)):28.2f}\n")


def show_waits(waits, columns):
    """Of each column, which is of spans of time."""
    found = [(by_holder(waits, spans), sum(ended - begun for begun, ended in spans)) for spans in columns]
    together = collections.Counter()
    for holders, _ in found:
        together.update({name: total for name, (_, total, _) in holders.items()})
    print(f"The worker was ready and did not run for {LEAST * 1e3} ms or more,")
    print(f"{'as its processor was had by':{NAME}}" + f"{'times':>8}{'ms a second':>12}{'at most':>8}" * len(columns))
    for name, _ in together.most_common():
        cells = [(*holders.get(name, (0, 0, 0)), seconds) for holders, seconds in found]
        print(f"{name:{NAME}}" + "".join(f"{times:8}{total / seconds:12.2f}{most:8.2f}"
                                         for times, total, most, seconds in cells))


def profile(server, request, contents, chosen, options, file):
    exchanges, idle, latencies = record(server, request, contents, chosen, options, file)
    waits = judged(file, server.process.pid)
    print(f"{chosen.times} exchanges with {chosen.endpoints:,} endpoints, {SWAP_RATE:,} questions a second\n")
    show_latencies(latencies)
    show_waits(waits, (exchanges, idle))


def changes(server, chosen, options, file):
    """Changes of one endpoint; the spans of time from the request to the first new answer."""
    spans = []
    with Prober(server, options, SWAP_RATE, 100, CHANGE_TICK) as prober, recording(file):
        prober.seen(OLD.few, 0, START)
        for number in range(chosen.times):
            tag = 3 + number % 30
            server.stage_change(tag)
            begun = time.monotonic_ns()
            server.change(tag)
            spans.append((begun / 1e9, prober.seen(tag, begun, SWAP_TIMEOUT) / 1e9))
            time.sleep(chosen.pause / 1000)
        prober.finish()
    return spans


def steps(server, chosen, options, file):
    """The server has one processor, so what its threads take adds up to the time."""
    spans = changes(server, chosen, options, file)
    runs, _ = history(file)
    pid = server.process.pid
    found = shares(runs[options.server_core], spans, pid)
    whole = arithmetic.median([ended - begun for begun, ended in spans])
    print(f"{chosen.times} changes of one endpoint among {chosen.endpoints:,}, the plan store in memory, {SWAP_RATE:,} "
          f"questions a second\n")
    print(f"{'from the request to the new answer, median':{NAME}}{whole * 1e3:8.3f} ms\n")
    print(f"{'the processor was had by, in the mean':{NAME}}{'ms':>8}")
    together = collections.Counter()
    for had in found:
        together.update(had)
    rest = sum(ended - begun for begun, ended in spans) - sum(together.values())
    for name, seconds in [*together.most_common(), ("not recorded", rest)]:
        print(f"{name if name != HALTED else 'nobody':{NAME}}{seconds * 1e3 / len(spans):8.3f}")
