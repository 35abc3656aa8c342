"""tools/bench/run measures, computes and says something true. That it is fast is nothing a test can show."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import types
import xml.etree.ElementTree

import pytest
from holdfast import BIN, CHECKOUT, wait_for

sys.path.insert(0, str(CHECKOUT / "tools"))

from bench import arithmetic, data, measure_workers, plot, tables, targets  # noqa: E402  (found by the line above)
from bench import options as command_line  # noqa: E402
from bench.amounts import at_size  # noqa: E402
from bench.campaign import Campaign  # noqa: E402
from bench.holdfast import Holdfast, NoImage, SmallPages  # noqa: E402
from bench.load import Prober, bursts  # noqa: E402
from bench.peers import Gdnsd, Knot, NullEpoll  # noqa: E402
from bench.server import Failed, free_port  # noqa: E402

built = pytest.mark.skipif(not (BIN / "bench_prober").exists(), reason="benchmarks are built in preset release only")


def cpu_row(server, endpoints, user, whole):
    return {"measure": "cpu", "server": server, "endpoints": endpoints, "user_ns": statistics.median(user),
            "system_ns": 0, "rounds": {"user_ns": user, "whole_ns": whole}}


def verdicts(rows):
    return {(line["title"], line["endpoints"]): (line["measured"], line["met"]) for line in targets.judged(rows)}


def test_percentiles_of_histograms():
    histogram = [[10, 989], [20, 10], [300, 1]]
    assert arithmetic.percentile(histogram, 0.5) == 10
    assert arithmetic.percentile(histogram, 0.989) == 10
    assert arithmetic.percentile(histogram, 0.99) == 20
    assert arithmetic.percentile(histogram, 0.999) == 20
    assert arithmetic.percentile(histogram, 1) == 300
    assert arithmetic.percentile([], 0.5) is None
    assert arithmetic.quantile([5, 1, 4, 2, 3], 0.5) == 3
    assert arithmetic.merged([[[1, 2], [5, 1]], [[3, 1], [5, 4]]]) == [[1, 2], [3, 1], [5, 5]]


def test_ratios_are_of_the_rounds_of_one_turn():
    # A load that doubles everything in one turn changes no ratio of a turn.
    assert arithmetic.ratios_by_turn([100, 200, 30], [200, 400, 120]) == [0.5, 0.5, 0.25]
    assert arithmetic.median([3, 1, 2, 10]) == 2.5
    assert arithmetic.median([]) is None
    assert arithmetic.ratio(1, None) is None and arithmetic.ratio(None, 1) is None and arithmetic.ratio(1, 4) == 0.25


def test_a_target_is_met_missed_or_not_measured():
    user = ("user CPU per answered query, of gdnsd's", 1000)
    whole = ("whole CPU per answered query, of the null responder's", 1000)
    rows = [cpu_row("holdfast", 1000, [50, 90, 40], [105, 210, 103]),
            cpu_row("gdnsd", 1000, [100, 200, 100], [1, 1, 1]),
            cpu_row("null", 1000, [1, 1, 1], [100, 200, 100])]
    assert verdicts(rows)[user] == (0.45, True)
    assert verdicts(rows)[whole] == (1.05, False)
    assert verdicts(rows)[user[0], 100_000] == (None, None)
    failed = [rows[0], {"measure": "cpu", "server": "gdnsd", "endpoints": 1000, "error": "did not start"}]
    assert verdicts(failed)[user] == (None, None)
    assert [line["title"] for line in targets.missed(targets.judged(rows))] == [whole[0]]
    scaling = {"measure": "workers", "server": "holdfast", "endpoints": 1_000_000, "scaling": 1.85}
    assert verdicts([scaling])["answers of two workers, of one's", 1_000_000] == (1.85, False)
    assert verdicts([scaling | {"scaling": 1.95}])["answers of two workers, of one's", 1_000_000] == (1.95, True)
    text = "\n".join(line for table in tables.all_tables(failed, targets.judged(failed)) for line in table.markdown())
    assert "did not start" in text


def test_two_workers_are_compared_with_one_of_the_same_turn():
    # Two share the CPU time of an answer: half each is twice the answers. A load doubles the second turn.
    turns = {1: [{"cpu": 1000, "wall": 1000}, {"cpu": 2000, "wall": 2400}, {"cpu": 1000, "wall": 1000}],
             2: [{"cpu": 1000, "wall": 500}, {"cpu": 2500, "wall": 2000}, {"cpu": 1250, "wall": 1000}]}
    row = measure_workers.row("holdfast", 1000, turns)
    assert row["rounds"]["scaling"] == [2, 1.6, 1.6] and row["scaling"] == 1.6
    assert row["rounds"]["elapsed_scaling"] == [2, 1.2, 1] and row["elapsed_scaling"] == 1.2
    assert (row["one_ns"], row["two_ns"]) == (1000, 1250)
    table = "\n".join(tables.worker_table(targets.Results([row])).markdown())
    assert "| holdfast | 1,000 | 1,000 ns | 1,250 ns | 1.60× | 1.20× |" in table


def test_how_often_is_measured_goes_by_what_for():
    usual, said = command_line.read([]), command_line.read(["--rounds", "7", "--seconds", "6"])
    one, other = at_size(usual, 1000, growth_alone=False), at_size(usual, 10_000, growth_alone=False)
    assert (one.rounds, one.seconds, one.swaps, one.few) == (5, 8, 3, True)
    assert other.seconds == 4, "no target for user CPU at this size"
    growth = at_size(usual, 1000, growth_alone=True)
    assert (growth.rounds, growth.seconds, growth.swaps, growth.few) == (2, 3, 1, False)
    for alone in (True, False):
        here = at_size(said, 1000, growth_alone=alone)
        assert (here.rounds, here.seconds) == (7, 6), "what was said holds"


def test_what_is_measured_for_growth_alone():
    def campaign(*arguments):
        return Campaign(command_line.read(arguments), [], None)
    everything, growth = campaign(), campaign("--only", "growth")
    assert everything.measures(Knot, 1000, True) == {"cpu"}
    assert everything.measures(Gdnsd, 1000, True) == {"cpu", "start", "memory", "swap"}
    assert everything.amounts("cpu", 5_000_000).rounds == 2 and everything.amounts("cpu", 1000).rounds == 5
    assert everything.amounts("swap", 1000).swaps == 1
    assert everything.amounts("swap", 1_000_000).swaps == 3 and everything.amounts("swap", 5_000_000).swaps == 1
    assert growth.measures(Holdfast, 1_000_000, True) == {"cpu", "start", "memory", "swap", "change"}
    assert growth.amounts("swap", 1_000_000).swaps == 1 and not growth.measures(Knot, 1000, True)


def test_a_variant_is_measured_where_it_differs_and_in_nothing_else():
    def sizes(kind, measure, *arguments):
        campaign = Campaign(command_line.read(arguments), [], None)
        return [size for size in (1000, 100_000, 1_000_000) if measure in campaign.measures(kind, size, True)]
    assert sizes(NullEpoll, "cpu") == [1000] and not sizes(NullEpoll, "start")
    assert sizes(SmallPages, "cpu") == [100_000, 1_000_000] and not sizes(SmallPages, "swap")
    assert sizes(NoImage, "start") == [1_000_000] and not sizes(NoImage, "cpu")
    for kind, measure in ((NullEpoll, "cpu"), (SmallPages, "cpu"), (NoImage, "start")):
        assert not sizes(kind, measure, "--only", "growth")


def test_a_first_plan_is_compared_with_what_reads_the_same_at_its_start():
    rows = [{"measure": "load", "server": name, "endpoints": 1_000_000, "seconds": seconds}
            for name, seconds in (("holdfast", 1.5), ("holdfast, zone file", 2.0))]
    rows += [{"measure": "start", "server": name, "endpoints": 1_000_000, "seconds": seconds, "first_load_seconds": None}
             for name, seconds in (("holdfast", 0.1), ("gdnsd", 2.0), ("knot", 4.0))]
    assert verdicts(rows)["a first plan as JSON, of gdnsd's start from its zone file", 1_000_000] == (0.75, True)
    assert verdicts(rows)["the same content as a zone file, of Knot's start", 1_000_000] == (0.5, True)
    table = "\n".join(tables.load_table(targets.Results(rows)).markdown())
    assert "of gdnsd's start" in table and "of holdfast's" not in table
    assert "| holdfast, zone file | 1,000,000 | 2.00 s | 1.00× | 0.500× |" in table


def records_of_zone_file(lines):
    return {(name, kind, value) for name, kind, value in (line.split() for line in lines if line.startswith("ep"))}


def records_of_plan(text):
    return {(name, "AAAA" if ":" in target["address"] else "A", target["address"])
            for name, endpoint in json.loads(text)["endpoints"].items() for target in endpoint["targets"]}


@pytest.mark.parametrize("content", [data.OLD, data.NEW, data.FEW], ids=lambda content: content.name)
def test_the_plan_and_the_zone_file_hold_the_same(content):
    endpoints = 333
    zone = "".join(data.zone_blocks(endpoints, content))
    plan = "".join(data.plan_blocks(endpoints, content, "full"))
    records = records_of_zone_file(zone.splitlines())
    assert records == records_of_plan(plan)
    assert len(records) == 4 * endpoints + 2 * -(-endpoints // 4)
    assert len({value for _, _, value in records}) == len(records), "no address twice"


def test_contents_differ_in_what_they_say_they_do():
    of = {content.name: records_of_plan("".join(data.plan_blocks(1000, content, "full")))
          for content in (data.OLD, data.NEW, data.FEW)}
    assert not of["old"] & of["new"], "everything changes"
    assert {name for name, _, _ in of["few"] - of["old"]} == {f"ep{i}.svc{i % 97}" for i in range(0, 1000, 100)}
    delta = records_of_plan("".join(data.plan_blocks(1000, data.FEW, "delta")))
    assert delta == {record for record in of["few"] if re.fullmatch(r"ep\d*00\.svc\d+|ep0\.svc0", record[0])}
    for tag in (0, 1, 2, 32):
        assert int(data.addresses(tag, 0)[0][0].split(".")[0]) // 2 == data.first_octet_halved(tag)


def test_the_plot_has_a_point_where_it_belongs():
    rows = [cpu_row("holdfast", 10 ** power, [100 * power], [1]) for power in (3, 4, 5)]
    drawing = xml.etree.ElementTree.fromstring(plot.svg(rows))
    circles = drawing.findall(".//{*}circle")
    assert [circle.find("{*}title").text for circle in circles] == [
        f"holdfast, {10 ** power:,} endpoints: {100 * power}" for power in (3, 4, 5)]
    across = [float(circle.get("cx")) for circle in circles]
    up = [float(circle.get("cy")) for circle in circles]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2), "decades are equally wide"
    assert up[0] > up[1] > up[2], "more is higher"


class SlowServer:
    """Answers endpoint 0 with an address, each query `delay` seconds late, and no query with an odd ID."""

    def __init__(self, delay):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port, self.delay, self.tag = self.socket.getsockname()[1], delay, 0
        threading.Thread(target=self._serve, daemon=True).start()

    def has_ended(self):
        return False

    def _serve(self):
        try:
            while True:
                query, client = self.socket.recvfrom(4096)
                if query[1] % 2 == 0:
                    time.sleep(self.delay)
                    address = bytes([2 * data.first_octet_halved(self.tag), 0, 0, 1])
                    record = struct.pack("!HHHIH", 0xc00c, 1, 1, 5, 4) + address
                    self.socket.sendto(query[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + query[12:] + record, client)
        except OSError:
            pass


@built
def test_the_prober_counts_what_is_late_and_what_is_lost():
    delay = 0.004
    server = SlowServer(delay)
    server.data = types.SimpleNamespace(endpoints=1)
    with Prober(server, types.SimpleNamespace(bin=BIN, client_core=0), rate=100, first_percent=100, tick=50) as prober:
        prober.window("first")
        begun = prober.seen(0, 0, 10)
        time.sleep(0.5)
        server.tag = 1
        changed = prober.seen(1, begun, 10)
        prober.window("second")
        time.sleep(0.5)
        windows = prober.finish()
    server.socket.close()
    assert changed - begun > 0.4e9
    assert {"first", "second"} <= windows.keys()
    for label in ("first", "second"):
        window = windows[label]
        assert window["sent"] > 20 and window["failed"] == 0
        assert window["sent"] == window["answered"] + window["lost"]
        assert abs(window["lost"] - window["sent"] / 2) <= 1, "every second one"
        assert sum(count for _, count in window["latency_ns"]) == window["answered"]
        assert window["latency_ns"][0][0] >= delay * 1e9, "none is counted as faster than it was"
    sent, seconds = sum(window["sent"] for window in windows.values()), (changed - begun) / 1e9 + 0.5
    assert sent == pytest.approx(100 * seconds, rel=0.5)


class Responder:
    """bench_null_responder with workers, as a server of tools/bench is."""

    addresses = 3

    def __init__(self, threads):
        self.threads, self.options = threads, types.SimpleNamespace(bin=BIN)
        self.data, self.port = types.SimpleNamespace(endpoints=10), free_port()
        self.process = subprocess.Popen([BIN / "bench_null_responder", str(self.port), str(threads), "3"])

    def __enter__(self):
        wait_for(self.answers, "the responder answers")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.5)
            client.connect(("127.0.0.3", self.port))
            try:
                client.send(bytes(20))
                return len(client.recv(100)) == 20
            except OSError:
                return False


two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs a core for each worker")


@built
@two_cores
def test_a_burst_is_answered_by_all_workers_alike():
    cores = sorted(os.sched_getaffinity(0))[:2]
    for workers in (1, 2):
        with Responder(workers) as server:
            measure_workers.give_cores(server, cores)
            begun = time.monotonic_ns()
            done, queries = bursts(server, cores, 4)
            elapsed = time.monotonic_ns() - begun
            assert server.answers(), "it goes on afterwards"
        assert queries == 3 * 384 and len(done) == 4
        assert sum(burst["ns"] for burst in done) < elapsed
        for burst in done:
            assert len(burst["cpu_ns"]) == workers
            assert 100 * queries < sum(burst["cpu_ns"]) <= workers * elapsed
        whole = statistics.median(sum(burst["cpu_ns"]) for burst in done)
        for worker in range(workers):
            assert statistics.median(burst["cpu_ns"][worker] for burst in done) > 0.6 * whole / workers


@built
def test_a_burst_needs_a_core_for_each_worker():
    with Responder(2) as server:
        measure_workers.give_cores(server, [0])
        with pytest.raises(Failed, match="core each"):
            bursts(server, [0], 1)
        server.threads = 1
        with pytest.raises(Failed, match="2 threads answer, 1 should"):
            bursts(server, [0], 1)
        assert server.answers(), "it goes on afterwards"


@pytest.fixture
def run():
    """Runs tools/bench/run with a folder for its work that is empty afterwards, and no process in it."""
    # A Unix socket's path is short, so not pytest's folder.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hb-"))
    (folder / "work").mkdir()

    def command(*arguments):
        return [CHECKOUT / "tools/bench/run", "--no-install", "--bin", BIN, "--work", folder / "work",
                "--memory-folder", folder / "work", "--out", folder / "out", *arguments]

    command.folder = folder
    yield command
    left = [path.parent.name for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")
            if str(folder).encode() in contents(path)]
    remains = list((folder / "work").iterdir())
    shutil.rmtree(folder)
    assert not left and not remains


def contents(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@built
def test_a_short_run_says_something_true(run):
    done = subprocess.run(run("--quick", "--peers", "none", "--endpoints", "1000", "--check", "--only",
                              "cpu,start,memory,load,swap,change,workers"), capture_output=True, text=True, timeout=120,
                          check=False)
    result = json.loads((run.folder / "out/results.json").read_text())
    rows = {(row["measure"], row["server"], row.get("exchanged", "")): row for row in result["rows"]}
    assert not any("error" in row for row in rows.values()), done.stderr
    assert {row["endpoints"] for row in rows.values()} == {1000}

    ours, floor = rows["cpu", "holdfast", ""], rows["cpu", "null", ""]
    for row in (ours, floor):
        assert row["rounds"]["whole_ns"] == [pytest.approx(row["user_ns"] + row["system_ns"])]
        assert 100 < row["rounds"]["whole_ns"][0] < 1e6 and row["rounds"]["answers"][0] > 1000
    met = {line["title"]: line for line in result["targets"] if line["endpoints"] == 1000 and line["met"] is not None}
    line = met["whole CPU per answered query, of the null responder's"]
    assert line["measured"] == ours["rounds"]["whole_ns"][0] / floor["rounds"]["whole_ns"][0]
    assert done.returncode == (0 if line["met"] else 1)

    assert 0.001 < rows["start", "holdfast", ""]["seconds"] < 60
    assert 2e6 < rows["memory", "holdfast", ""]["pss_octets"] < 500e6
    for kind in ("holdfast", "holdfast, zone file", "holdfast, one core"):
        assert 0.001 < rows["load", kind, ""]["seconds"] < 60
    assert {"null, poll", "null, epoll", "null, no DF"} <= {server for measure, server, _ in rows if measure == "cpu"}
    swap = rows["swap", "holdfast", "all"]
    assert 0 < swap["seconds"] < 60 and swap["peak_octets"] >= swap["resting_octets"] > 2e6
    assert swap["during"]["sent"] > 1000 and 0 < swap["idle"]["p50_ms"] <= swap["idle"]["p999_ms"]
    assert 0 < rows["change", "holdfast", ""]["median_ms"] <= rows["change", "holdfast", ""]["p99_ms"]
    assert rows["change", "holdfast, no disk", ""]["changes"] == 10
    for name in ("null", "holdfast"):
        row = rows["workers", name, ""]
        assert 100 < row["one_ns"] < 1e6 and 0.2 < row["scaling"] < 10 and 0.2 < row["elapsed_scaling"] < 10

    shown = (run.folder / "out/results.md").read_text()
    assert f"{ours['user_ns']:,.0f} / {ours['system_ns']:,.0f}" in shown and "not measured" in shown
    drawing = xml.etree.ElementTree.fromstring((run.folder / "out/results.svg").read_text())
    assert len([title for title in drawing.iter("{http://www.w3.org/2000/svg}title")
                if title.text.startswith("holdfast, 1,000 endpoints")]) >= 5


@built
def test_a_server_that_does_not_start_is_told_and_the_rest_goes_on(run):
    fakes = run.folder / "fakes"
    fakes.mkdir()
    for name in ("gdnsd", "gdnsdctl"):
        (fakes / name).write_text("#!/bin/sh\necho there is no light\nexit 3\n")
        (fakes / name).chmod(0o755)
    done = subprocess.run(run("--quick", "--peers", "gdnsd", "--endpoints", "100", "--only", "start"),
                          env=os.environ | {"PATH": f"{fakes}:{os.environ['PATH']}"}, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads((run.folder / "out/results.json").read_text())["rows"]
    assert {row["server"]: "error" in row for row in rows} == {
            "gdnsd": True, "holdfast": False, "holdfast, no image": False}
    assert "ended with 3: there is no light" in done.stdout


@built
def test_nothing_is_left_of_a_run_that_is_ended(run):
    with subprocess.Popen(run("--quick", "--peers", "none", "--endpoints", "1000", "--only", "swap"),
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        wait_for(lambda: any(b"bench_prober" in contents(path) for path in pathlib.Path("/proc").glob("[0-9]*/cmdline")
                             if running.pid == parent(path.parent)), "the prober runs", timeout=60)
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) != 0


def parent(process):
    fields = contents(process / "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0
