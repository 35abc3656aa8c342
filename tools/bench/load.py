"""The programs that ask: dnsperf, as fast as it can, our prober, at a fixed rate, and our bursts, all at once."""

import json
import os
import re
import signal
import subprocess
import threading
import time

from bench.data import first_octet_halved
from bench.server import Failed, pinned

START = 5.0  # seconds until a prober's first answer


def dnsperf(port, queries, cores, seconds):
    """Asks for so many seconds; returns how many were answered."""
    command = pinned(cores, ["dnsperf", "-s", "127.0.0.1", "-p", port, "-d", queries, "-c", 20, "-q", 500,
                             "-T", 1, "-l", seconds, "-t", 1])
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    found = re.search(r"Queries completed:\s+(\d+)", done.stdout)
    if found is None:
        raise Failed(f"dnsperf: {(done.stdout + done.stderr).strip()[-200:]}")
    return int(found[1])


def bursts(server, cores, count):
    """So many bursts that wait for the server when it begins; of each the nanoseconds it took and those of each
    worker's CPU time, and the queries of one burst."""
    command = pinned(cores, [server.options.bin / "bench_burst", server.port, server.process.pid, server.threads,
                             server.addresses, server.data.endpoints, count])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 + count, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed("bench_burst takes too long") from error
    finally:
        os.kill(server.process.pid, signal.SIGCONT)  # what stopped it may have been killed itself
    if done.returncode != 0:
        raise Failed(done.stderr.strip()[-200:])
    result = json.loads(done.stdout)
    return result["bursts"], result["queries"]


class Prober:
    """bench_prober beside a server. What it counts is kept by windows; it tells when endpoint 0 changes."""

    def __init__(self, server, options, rate, first_percent, tick):
        command = pinned([options.client_core], [options.bin / "bench_prober", server.port, server.data.endpoints,
                                                 rate, first_percent, tick])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._server = server
        self._changes, self._windows, self._news = [], None, threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()

    def _read(self):
        for line in self.process.stdout:
            with self._news:
                if line.startswith("changed "):
                    self._changes.append(tuple(map(int, line.split()[1:])))
                else:
                    self._windows = json.loads(line)
                self._news.notify_all()

    def window(self, label):
        self.process.stdin.write(label + "\n")

    def seen(self, tag, since, timeout):
        """When (time.monotonic_ns()) endpoint 0 was first answered with `tag` after `since`."""
        wanted, end = first_octet_halved(tag), time.monotonic() + timeout
        with self._news:
            while True:
                # The answers before `since` are of the past; the newest change is looked at first.
                for found, at in reversed(self._changes):
                    if at < since:
                        break
                    if found == wanted:
                        return at
                if time.monotonic() > end:
                    raise Failed(f"no answer with the new content within {timeout:.0f} s")
                if not self._news.wait(1) and self._server.has_ended():
                    raise Failed("it ended while its content was exchanged")

    def finish(self):
        """Ends it; what it counted, by window."""
        self.process.stdin.close()
        self._reader.join(START + 10)
        self.process.wait(START)
        if self._windows is None:
            raise Failed(f"bench_prober ended with {self.process.returncode}")
        return self._windows
