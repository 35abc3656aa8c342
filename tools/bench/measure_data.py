"""What a server's content costs: to start with, to hold, to exchange whole, to change a little."""

import shutil
import time

from bench import accounting, arithmetic
from bench.data import FEW, NEW, OLD
from bench.holdfast import Holdfast
from bench.load import START, Prober, dnsperf
from bench.server import Failed

SWAP_RATE = 20_000  # queries a second while content is exchanged
# Of the prober's queries: so the first answer with new content is seen within a tick.
FIRST_PERCENT = 25
# Microseconds between two looks of the prober: where the server works for seconds, it shall not take a core from it;
# where a tenth of a millisecond counts, nothing else runs.
SWAP_TICK, CHANGE_TICK = 250, 50
SWAP_TIMEOUT = 600
# They are over so soon that one wait of some milliseconds would be the p99.9 of a few.
FEW_SWAPS = 2


def row(measure, server):
    return {"measure": measure, "server": server.name, "endpoints": server.data.endpoints}


def memory_now(server, options):
    """PSS after a few thousand answers, and some time to come to rest."""
    dnsperf(server.port, server.data.queries(), [options.client_core], 1)
    time.sleep(options.rest)
    return accounting.pss(server.pids())


def start_and_memory(server, options, progress):
    """Leaves the server running. Holdfast gets its data and is stopped in order before; so its memory is taken twice,
    and the greater counts."""
    memories, seconds, first_load = [], [], None
    server.prepare()
    if server.process is not None:
        first_load = server.first_load
        memories.append(memory_now(server, options))
        server.stop()
    for number in range(options.rounds):
        seconds.append(server.start())
        progress(f"{server.name} answers {seconds[-1]:.3f} s after its start")
        if number + 1 < options.rounds:
            server.stop()
    memories.append(memory_now(server, options))
    progress(f"{server.name} has {memories[-1] / 1e6:.1f} MB")
    return [row("start", server) | {"seconds": arithmetic.median(seconds), "first_load_seconds": first_load,
                                    "rounds": {"seconds": seconds}},
            row("memory", server) | {"pss_octets": max(memories), "rounds": {"pss_octets": memories}}]


def load(kind, folder, data, cores, options, progress):
    """Seconds from the first request to the first answer of servers that had nothing."""
    seconds = []
    for number in range(options.rounds):
        server = kind(folder / f"{kind.__name__}-{number}", data, cores, options)
        try:
            server.prepare()
            seconds.append(server.first_load)
            progress(f"{server.name}: a first plan answers after {seconds[-1]:.3f} s")
        finally:
            server.stop()
            shutil.rmtree(server.folder)
    return row("load", server) | {"seconds": arithmetic.median(seconds), "rounds": {"seconds": seconds}}


def exchanges(server, options):
    """Name, request, and the contents that it goes to and fro between."""
    few = isinstance(server, Holdfast) and options.few
    if few:
        # First: what a whole exchange leaves allocated must not count as its rest.
        yield "few, as a delta", server.change_few, (FEW, OLD)
    yield "all", server.swap, (NEW, OLD)
    if few:
        yield "few, as a full plan", server.swap, (FEW, OLD)


def exchange(server, prober, label, request, content, sampling, options):
    """One of them: seconds to the first new answer and to the reply, peak memory and that at rest. A while after it
    still belongs to it: what is old is given back then."""
    prober.window(label)
    with accounting.Peak(server.process.pid, sampling) as peak:
        used, begun = accounting.CpuTime(server.pids()), time.monotonic_ns()
        request(content)
        replied = time.monotonic_ns()
        seen = prober.seen(content.few, begun, SWAP_TIMEOUT)
        worked = accounting.CpuTime(server.pids()).seconds_since(used)
        time.sleep(options.after)
    prober.window("rest")
    return {"seconds": (seen - begun) / 1e9, "replied": (replied - begun) / 1e9, "worked": worked, "peak": peak.most,
            "resting": peak.resting, "sampled": sampling}


def swap(server, options, progress):
    """Exchanges of all content and, for Holdfast, of one endpoint in a hundred, under SWAP_RATE queries a second. Every
    second one samples memory; the times and latencies are those of the others."""
    done = {}
    with Prober(server, options, SWAP_RATE, FIRST_PERCENT, SWAP_TICK) as prober:
        prober.seen(OLD.few, 0, START)
        for name, request, contents in exchanges(server, options):
            for number in range(2 * options.swaps * (1 if name == "all" else FEW_SWAPS)):
                prober.window("rest")
                server.stage(contents[number % 2])
                time.sleep(options.settle)
                prober.window("idle")
                time.sleep(options.idle)
                sampling = number % 2 == 1
                label = "sampled" if sampling else name
                one = exchange(server, prober, label, request, contents[number % 2], sampling, options)
                done.setdefault(name, []).append(one)
                progress(f"{server.name}, {name}: {one['seconds'] * 1e3:,.1f} ms to the new answer, "
                         f"{one['peak'] / 1e6:.0f} MB from {one['resting'] / 1e6:.0f}")
        windows = prober.finish()
    return [swap_row(server, name, ones, windows) for name, ones in done.items()]


def latency(window):
    return {f"{key}_ms": arithmetic.percentile(window["latency_ns"], share) / 1e6
            for key, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))} | {
        "sent": window["sent"], "lost": window["lost"], "failed": window["failed"],
        "prober_late_p999_ms": arithmetic.percentile(window["lateness_ns"], 0.999) / 1e6}


def swap_row(server, name, ones, windows):
    timed = [one for one in ones if not one["sampled"]]
    # Memory that is given back late must not count as rest.
    resting = min(one["resting"] for one in ones)
    peak = max(one["peak"] for one in ones)
    idle, during = latency(windows["idle"]), latency(windows[name])
    return row("swap", server) | {
        "exchanged": name, "seconds": arithmetic.median([one["seconds"] for one in timed]),
        "replied_seconds": arithmetic.median([one["replied"] for one in timed]),
        "worked_seconds": arithmetic.median([one["worked"] for one in timed]),
        "resting_octets": resting, "peak_octets": peak, "peak_ratio": arithmetic.ratio(peak, resting),
        "idle": idle, "during": during, "p999_ratio": arithmetic.ratio(during["p999_ms"], idle["p999_ms"]),
        "rounds": ones}


def change(server, options, progress, count):
    """One endpoint again and again, each time from the request to the first answer with the new addresses."""
    seen, replied = [], []
    with Prober(server, options, SWAP_RATE, 100, CHANGE_TICK) as prober:
        prober.seen(OLD.few, 0, START)
        with accounting.Peak(server.process.pid, sampling=False) as peak:
            for number in range(count):
                tag = 3 + number % 30
                server.stage_change(tag)
                begun = time.monotonic_ns()
                server.change(tag)
                replied.append((time.monotonic_ns() - begun) / 1e6)
                seen.append((prober.seen(tag, begun, SWAP_TIMEOUT) - begun) / 1e6)
                time.sleep(options.change_pause)
        prober.finish()
    if not seen:
        raise Failed("nothing was changed")
    progress(f"{server.name}: one endpoint in {arithmetic.median(seen):.2f} ms")
    return row("change", server) | {
        "changes": count, "median_ms": arithmetic.median(seen), "p99_ms": arithmetic.quantile(seen, 0.99),
        "replied_median_ms": arithmetic.median(replied), "resting_octets": peak.resting, "peak_octets": peak.most,
        "rounds": {"seen_ms": seen, "replied_ms": replied}}
