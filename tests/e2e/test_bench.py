"""tools/bench/run measures with real servers and says something true. That it is fast is nothing a test can show."""

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

from bench import data, measure_workers, waits  # noqa: E402  (found by the line above)
from bench.load import Prober, bursts  # noqa: E402
from bench.server import Failed, free_port  # noqa: E402

built = pytest.mark.skipif(not (BIN / "bench_prober").exists(), reason="benchmarks are built in preset release only")


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


@built
def test_a_profile_names_what_the_time_went_to():
    done = subprocess.run([CHECKOUT / "tools/bench/profile", "few", "--endpoints", "1000", "--times", "4", "--bin",
                           BIN], capture_output=True, text=True, timeout=120, check=False)
    refusals = ("perf_event_paranoid", "No permission", "perf_event_open", "not supported")
    if any(refusal in done.stderr for refusal in refusals):
        pytest.skip("this system lets nobody here record what a process does")
    assert done.returncode == 0, done.stderr
    assert "4 exchanges with 1,000 endpoints" in done.stdout and "By themselves" in done.stdout
    threads = done.stdout.partition("By thread")[2].partition("By program")[0]
    assert "work pool" in threads
    assert "holdfastd" in done.stdout.partition("By program and library")[2]


@built
@pytest.mark.parametrize("what, times, told", [
    ("waits-few", 1, ("1 exchanges with 1,000 endpoints", "as its processor was had by", "p99.9")),
    ("steps", 5, ("5 changes of one endpoint among 1,000", "holdfastd's work pool", "holdfastd's udp-0"))])
def test_a_profile_names_who_had_the_processors(what, times, told):
    done = subprocess.run([CHECKOUT / "tools/bench/profile", what, "--endpoints", "1000", "--times", str(times),
                           "--bin", BIN], capture_output=True, text=True, timeout=120, check=False)
    if "perf sched" in done.stderr:
        pytest.skip("this system lets nobody here record who has its processors")
    assert done.returncode == 0, done.stderr
    assert [part for part in told if part not in done.stdout] == []


def test_a_wait_counts_for_whoever_had_the_processor(monkeypatch):
    """As perf sched timehist tells it: one wait is too short, of others most of the time counts; then it is pushed
    aside, and at last has nothing to do."""
    told = """\
   10.004000 [0000]  work pool[7/5]          0.000      0.000      3.500      R
   10.004500 [0000]  udp-0[6/5]              4.000      4.000      0.500      S
   10.009980 [0001]  <idle>                  0.000      0.000      1.980      I
   10.010000 [0001]  rcu_preempt[15]         0.000      0.000      0.010      I
   10.010100 [0001]  udp-0[6/5]              1.100      1.090      0.010      S
   10.020000 [0001]  bench_prober[9]         0.000      0.000      0.300      S
   10.020100 [0001]  udp-0[6/5]              0.300      0.300      0.100      R
   10.022000 [0001]  upkeep[8/5]             0.000      0.000      1.900      R
   10.022100 [0001]  udp-0[6/5]              1.900      0.000      0.100      S
   10.024100 [0001]  udp-0[6/5]              1.900      0.000      0.100      S
"""
    monkeypatch.setattr(waits.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess((), 0, told, ""))
    found = waits.judged("file", 5)
    assert [(wait.holder, round(wait.seconds * 1e3, 2)) for wait in found] == [
        ("holdfastd's work pool", 4.0), (waits.HALTED, 1.09), ("holdfastd's upkeep", 1.9)]
    assert waits.by_holder(found, [(10.0, 10.005)]) == {
        "holdfastd's work pool": (1, pytest.approx(4), pytest.approx(4))}


@built
@pytest.mark.skipif(os.cpu_count() < 2, reason="what asks and what is asked need a core each")
def test_who_is_the_bottleneck_is_told():
    done = subprocess.run([CHECKOUT / "tools/bench/bottleneck", "--rounds", "1", "--seconds", "1", "--bin", BIN],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(("  null ", "  holdfast "))]
    assert len(rows) == 6 and all(re.search(r" [\d,]{4,} +\d+%  ", row) for row in rows), done.stdout


@built
def test_an_instruction_count_away_from_its_budget_is_refused(tmp_path):
    def ask(*arguments):
        return subprocess.run([CHECKOUT / "tools/bench/instructions", "--bin", BIN, *arguments], capture_output=True,
                              text=True, check=False, timeout=120)

    budget = tmp_path / "budget"
    renewed = ask("--renew", "--budget", budget)
    assert renewed.returncode == 0, renewed.stderr
    counted = int(budget.read_text().splitlines()[-1])
    assert 100 < counted < 5000 and renewed.stdout.startswith(f"{counted} instructions per answered query")
    spent, saved = counted * 100 // 103, counted * 103 // 100
    for allowed, problem in ((counted, ""), (spent, "the budget is"), (saved, "keep the gain")):
        budget.write_text(f"# as the file in the tree\n{allowed}\n")
        done = ask("--check", "--budget", budget)
        assert done.returncode == (1 if problem else 0), f"{allowed}: {done.stderr}"
        assert problem in done.stderr
