"""All of a run: which measure is taken of which server at which number of endpoints, one after the other."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

from bench import accounting, measure_cpu, measure_data, measure_workers
from bench.amounts import USUAL, at_size
from bench.data import Data
from bench.holdfast import Holdfast, InMemory, NoImage, OneCore, SmallPages, ZoneFile
from bench.micro import micro
from bench.peers import Gdnsd, Null, NullEpoll, NullFragments, NullPoll
from bench.server import Failed

MEASURES = ("cpu", "start", "memory", "load", "swap", "change", "workers", "growth", "micro")
GROWING = ("cpu", "start", "memory", "swap", "change")
# One change of Knot takes half a second with a million endpoints.
MOST_CHANGES = {"knot": 10, "bind": 50}
LEAST_FOR_PAGES = 100_000  # endpoints: fewer fit the caches and the TLB
# What one way of doing something brings is the difference to a server that does it in another, in that measure alone.
VARIANTS = {NullPoll: "cpu", NullEpoll: "cpu", NullFragments: "cpu", SmallPages: "cpu", NoImage: "start"}


class Campaign:
    def __init__(self, options, peers, work):
        self.options, self.peers, self.work = options, peers, work
        self.rows, self.begun, self.largest = [], time.monotonic(), max(options.endpoints)

    def progress(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    def run(self):
        wants_growth = "growth" in self.options.only
        growing = set(self.options.growth_endpoints) if wants_growth else set()
        usual = set(self.options.endpoints) if set(self.options.only) - {"growth", "micro"} else set()
        for endpoints in sorted(growing | usual):
            folder = self.work / str(endpoints)
            self.progress(f"--- {endpoints:,} endpoints")
            data = Data(folder / "data", endpoints, self.options.queries, self.progress)
            self.measure_size(data, folder, endpoints in growing)
            shutil.rmtree(folder)
        if "micro" in self.options.only:
            self.progress("micro-benchmarks")
            self.rows += micro(self.options.bin)
        return self.rows

    def asked(self, endpoints):
        """What is measured of every server at this size, other than for growth."""
        if endpoints not in self.options.endpoints:
            return set()
        here = {"cpu", "start", "memory", "load", "swap", "change"} if endpoints == self.largest else {"cpu"}
        return here & set(self.options.only)

    def amounts(self, measure, endpoints):
        return at_size(self.options, endpoints, growth_alone=measure not in self.asked(endpoints))

    def measures(self, kind, endpoints, grows):
        """What is measured of a server at this size."""
        chosen, here = set(self.options.only), self.asked(endpoints) - {"load"}
        if grows and kind in (Holdfast, Gdnsd, Null):
            here |= chosen & set(GROWING) or set(GROWING)
        for measure, can in (("swap", kind.can_swap), ("change", kind.can_change)):
            if not can:
                here.discard(measure)
        if kind in VARIANTS:
            return here & {VARIANTS[kind]} if self.shows(kind, endpoints) else set()
        return here & {"cpu"} if kind is Null else here

    def shows(self, kind, endpoints):
        """Where a variant differs most: what a packet takes is the most of it where names take least."""
        if kind is SmallPages:
            return endpoints >= LEAST_FOR_PAGES
        return endpoints == (self.largest if kind is NoImage else min(self.options.endpoints))

    def kinds(self, endpoints, grows):
        """The servers, and those of a list that are not asked to hold so much, as rows."""
        for kind in (Null, *self.peers, Holdfast, *VARIANTS):
            here = self.measures(kind, endpoints, grows)
            if kind.most_endpoints is not None and endpoints > kind.most_endpoints:
                self.rows += [{"measure": measure, "server": kind.name, "endpoints": endpoints,
                               "error": f"not asked to hold more than {kind.most_endpoints:,} endpoints"}
                              for measure in sorted(here)]
            elif here:
                yield kind, here

    def measure_size(self, data, folder, grows):
        servers = []
        with contextlib.ExitStack() as stopping:
            for kind, here in self.kinds(data.endpoints, grows):
                server = kind(folder / kind.name, data, self.options.server_cores, self.options)
                stopping.callback(server.stop)
                if self.measure_alone(server, here) and "cpu" in here:
                    servers.append(server)
            self.measure_cpu(servers)
        for measure, take, sizes in (("load", self.load, {self.largest}),
                                     ("change", self.change_without_disk, {self.largest}),
                                     ("workers", self.workers, {min(self.options.endpoints), self.largest})):
            if measure in self.options.only and data.endpoints in sizes:
                self.guarded(measure, Holdfast.name, data.endpoints, lambda take=take: take(data, folder))

    def guarded(self, measure, name, endpoints, take):
        """Adds the rows of take(); where it fails, one that says why. The others go on."""
        try:
            self.rows += take()
            return True
        except (Failed, OSError, subprocess.SubprocessError) as error:
            self.progress(f"{name}: {measure} failed: {error}")
            self.rows.append({"measure": measure, "server": name, "endpoints": endpoints, "error": str(error)})
            return False

    def measure_alone(self, server, here):
        """With no other server running; stopped at the end. Returns whether it can be started at all."""
        steps, endpoints = [], server.data.endpoints
        if here & {"start", "memory"}:
            steps.append(("start", lambda: [row for row in measure_data.start_and_memory(
                server, self.amounts("start", endpoints), self.progress) if row["measure"] in here]))
        if "swap" in here:
            steps.append(("swap", lambda: measure_data.swap(
                self.running(server), self.amounts("swap", endpoints), self.progress)))
        if "change" in here:
            steps.append(("change", lambda: self.change(server)))
        for measure, take in steps:
            self.progress(f"{server.name}: {measure}")
            done = self.guarded(measure, server.name, endpoints, take)
            if not done:
                server.stop()
            if not done and measure == "start":
                return False
        server.stop()
        return True

    def change(self, server):
        """On the server's core, whatever starts and swaps may use: nothing of a change needs more."""
        server.cores = [self.options.server_core]
        if server.process is not None and self.options.server_cores != server.cores:
            server.stop()  # so that what it makes ready at its start is for one core, too
        self.running(server)
        count = min(self.options.changes, MOST_CHANGES.get(server.name, self.options.changes))
        return [measure_data.change(server, self.options, self.progress, count)]

    @staticmethod
    def running(server):
        """The server, prepared and started where it is not yet."""
        if server.process is None:
            if not any(server.folder.iterdir()):
                server.prepare()
            if server.process is None:
                server.start()
        return server

    def measure_cpu(self, servers):
        ready = []
        for server in servers:
            server.cores = [self.options.server_core]
            self.progress(f"{server.name}: started for cpu")
            if self.guarded("cpu", server.name, server.data.endpoints, lambda s=server: self.running(s) and []):
                # What loading started runs elsewhere, perhaps.
                for thread in (thread for pid in server.pids() for thread in accounting.threads_of(pid)):
                    os.sched_setaffinity(thread, {self.options.server_core})
                ready.append(server)
        if ready:
            time.sleep(self.options.rest)
            self.rows += measure_cpu.cpu(ready, self.amounts("cpu", ready[0].data.endpoints), self.progress)

    def load(self, data, folder):
        """A first plan, with the core of what asks, too: nothing asks meanwhile."""
        both = sorted({self.options.server_core, self.options.client_core})
        for kind, cores in ((Holdfast, both), (ZoneFile, both), (OneCore, [self.options.server_core])):
            self.progress(f"{kind.name}: load")
            yield measure_data.load(kind, folder, data, cores, self.amounts("start", data.endpoints), self.progress)

    def change_without_disk(self, data, folder):
        server = InMemory(folder / "memory", data, [self.options.server_core], self.options)
        try:
            return self.change(server)
        finally:
            server.stop()

    def workers(self, data, folder):
        """Of servers that all hold the data at once, each worker on a core of its own."""
        cores = sorted({self.options.server_core, self.options.client_core})
        servers = []
        with contextlib.ExitStack() as stopping:
            for kind in measure_workers.KINDS:
                servers.append(kind(folder / kind.__name__, data, cores, self.options))
                self.progress(f"{kind.name}: started with {kind.threads} for workers")
                stopping.callback(servers[-1].stop)
                self.running(servers[-1])
            return measure_workers.workers(servers, cores, self.options.rounds or USUAL.rounds, self.progress)
