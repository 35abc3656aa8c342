"""Directs one run: starts the processes, gives the orders that chance would give, and gathers what they tell.

The participants know nothing of each other. Only their delays are directed, each by order and not by luck, so that a
run with one seed is the same run on a slow machine; how long they are comes from the scaled timeline.
"""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import dns  # noqa: E402
import holdfast  # noqa: E402
import region  # noqa: E402
from timeline import Draw, Scale  # noqa: E402

BOUND = 60.0  # seconds that anything may take; a bound, not a measurement
ENDS = ("applied", "refused", "superseded", "stuck", "skipped")


class Trouble(Exception):
    """The run itself went wrong: it shows nothing about the target."""


class Process:
    """A participant: orders go in, events come out to `listen`."""

    def __init__(self, program, arguments, listen):
        self.program = program
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen([sys.executable, HERE / f"{program}.py", *map(str, arguments)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                                         start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(listen,), daemon=True)
        self._reader.start()

    def _read(self, listen):
        for line in self._process.stdout:
            listen(json.loads(line))

    def order(self, *words):
        try:
            self._process.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # it has ended, or was ended: whoever waits for it says so

    def said(self):
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def has_failed(self):
        return self._process.poll() not in (None, 0, -9)

    def kill(self):
        """kill -9"""
        self._process.kill()
        self._process.wait(10)

    def end(self):
        """No more orders: it ends by itself, soon."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def close(self):
        self.end()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join(5)
        self._process.stdout.close()
        self._errors.close()


@dataclasses.dataclass
class Summary:
    """What all clients saw."""

    asked: int = 0
    problems: dict = dataclasses.field(default_factory=dict)
    examples: list = dataclasses.field(default_factory=list)
    generations: int = 0
    newest: int = 0


class Run:
    """One run against one target: `plain` or `holdfast`. A context manager."""

    def __init__(self, target, seed=1, scale=None, locks=False, clients=None, listen=None, bulk=0):
        self.target, self.draw, self.scale, self.locks = target, Draw(seed), scale or Scale(), locks
        self.bulk = bulk if target == "holdfast" else 0
        self.clients, self._listen = clients or (1 if target == "plain" else 2), listen
        self.events, self._changed = [], threading.Condition()
        self.processes, self.server = {}, None
        self._closing, self._closed = threading.Lock(), False
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-outage-"))
        self.plans = region.PlanFolder(self.dir / "plans")
        self.plans.path.mkdir()
        self.socket, self.port, self._newest = str(self.dir / "store.sock"), 0, self.draw.first - 1

    # Beginning and end.

    def __enter__(self):
        try:
            self._start_target()
            self._start("planner", "planner", self.plans.path, self.draw.first, self.draw.endpoints,
                        self.bulk)
            for name in (self.draw.slow, self.draw.second, self.draw.third):
                self.start_enactor(name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends every process. From any thread, and more than once: a run may be interrupted by another thread."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            for process in self.processes.values():
                process.end()
            for process in self.processes.values():
                process.close()
            if self.server:
                self.server.close()
            shutil.rmtree(self.dir, ignore_errors=True)

    def _start_target(self):
        if self.target == "plain":
            mark = len(self.events)
            self._start("store", "plain_store", self.socket)
            self.port = self.wait("store", ["ready"], mark)["port"]
        else:
            self.server = holdfast.Server()
            self.server.start().add_zone(region.ZONE)
            if self._closed:  # in the meantime
                self.server.close()
                raise Trouble("the run was ended")
            self.socket, self.port = str(self.server.control), self.server.port

    def _start(self, name, program, *arguments):
        with self._closing:
            if self._closed:
                raise Trouble("the run was ended")
            if name in self.processes:
                self.processes[name].close()
            self.processes[name] = Process(program, arguments, self.note)

    def start_enactor(self, name):
        mark = len(self.events)
        self._start(name, "enactor", name, self.target, self.socket, self.plans.path, self.draw.endpoints,
                    "lock" if self.locks else "no-lock")
        self.wait(name, ["ready"], mark)

    # Events.

    def note(self, event):
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        if self._listen:
            self._listen(event)

    def tell(self, did, **more):
        """An event of the run's own: what people do, and where it stands in the published timeline."""
        self.note({"t": time.monotonic(), "who": "people", "did": did, **more})

    def step(self, number):
        """A step of the published sequence begins. Whoever shows the run may hold it here."""
        self.tell("step", number=number)

    def wait(self, who, did, since=0):
        """The first event of these kinds since a mark."""
        end = time.monotonic() + BOUND
        with self._changed:
            while True:
                for event in self.events[since:]:
                    if event["who"] == who and event["did"] in did:
                        return event
                if self._closed:
                    raise Trouble("the run was ended")
                if self.processes[who].has_failed():
                    raise Trouble(f"{who} ended: {self.processes[who].said()}")
                if not self._changed.wait(min(0.5, max(0.0, end - time.monotonic()))) and time.monotonic() > end:
                    raise Trouble(f"{who} did none of {did} within {BOUND} s; {self.processes[who].said()}")

    # What the participants do.

    def make_plans(self, count, seconds):
        """The Planner makes so many plans over so many seconds; the newest one's generation."""
        mark = len(self.events)
        self.processes["planner"].order("make", count, seconds / count)
        self._newest = self.wait("planner", ["planned-all"], mark)["generation"]
        return self._newest

    def apply(self, enactor, *options):
        """Lets an Enactor take the newest plan; returns how that ends, or that it is delayed."""
        mark = len(self.events)
        self.processes[enactor].order("apply", *options)
        return self.wait(enactor, [*ENDS, "delayed"], mark)

    def apply_all(self, *enactors):
        """Several at once."""
        mark = len(self.events)
        for enactor in enactors:
            self.processes[enactor].order("apply")
        return [self.wait(enactor, ENDS, mark) for enactor in enactors]

    def go(self, enactor):
        """Ends an Enactor's delay; returns how its plan ends."""
        mark = len(self.events)
        self.processes[enactor].order("go")
        return self.wait(enactor, ENDS, mark)

    def lose_plan(self, generation):
        """Somebody deletes a plan that an Enactor is about to read."""
        self.plans.delete(generation)
        self.tell("lost", generation=generation)

    def clean_up(self, applied):
        """Whoever applied a plan starts the clean-up, which finds what is old and then waits."""
        mark = len(self.events)
        self._start("clean-up", "clean_up", self.target, self.socket, self.plans.path, applied,
                    self.draw.many)
        return self.wait("clean-up", ["found"], mark)

    def delete_found(self):
        mark = len(self.events)
        self.processes["clean-up"].order("go")
        return self.wait("clean-up", ["deleted"], mark)

    def start_clients(self):
        scope = "endpoint" if self.target == "plain" else "zone"
        mark = len(self.events)
        for number in range(1, self.clients + 1):
            name = f"clients-{number}"
            self._start(name, "clients", name, self.port, self.draw.endpoints, f"{self.draw.seed}-{number}", scope)
        for number in range(1, self.clients + 1):
            self.wait(f"clients-{number}", ["sees"], mark)

    def let_clients_ask(self, more=200):
        """Until every client has asked that many more questions."""
        for number in range(1, self.clients + 1):
            name, begun = f"clients-{number}", None
            while True:
                mark = len(self.events)
                self.processes[name].order("tell")
                asked = self.wait(name, ["so-far"], mark)["asked"]
                begun = asked if begun is None else begun
                if asked >= begun + more:
                    break
                time.sleep(0.005)

    def stop_clients(self):
        summary = Summary()
        for number in range(1, self.clients + 1):
            name, mark = f"clients-{number}", len(self.events)
            self.processes[name].order("stop")
            said = self.wait(name, ["stopped"], mark)
            summary.asked += said["asked"]
            for kind, count in said["problems"].items():
                summary.problems[kind] = summary.problems.get(kind, 0) + count
            summary.examples += said["examples"]
            summary.generations = max(summary.generations, said["generations"])
            summary.newest = max(summary.newest, said["newest"])
        return summary

    # What can be asked from outside.

    def answer(self, name=region.REGIONAL):
        """The generation that an endpoint answers from now; `empty` or `torn` where it does not."""
        message = dns.ask(self.port, f"{name}.{region.ZONE}.")
        try:
            return region.generation_of(message.data("A"), region.endpoints(self.draw.endpoints).index(name))
        except region.NotWhole as error:
            return str(error).split(":", 1)[0]

    def answers(self):
        """What all endpoints answer from, as a set."""
        return {self.answer(name) for name in region.endpoints(self.draw.endpoints)}

    def history(self):
        """Holdfast's history of the zone, newest first; nothing for a plain store, which has none."""
        if not self.server:
            return []
        return self.server.get(f"/v1/zones/{region.ZONE}/plans?limit=1000").json["history"]

    def repair(self, generation):
        """What people had to do: points the regional endpoint to a plan by hand, past all automation. Plain only."""
        from targets import PlainClient
        names = region.endpoints(self.draw.endpoints)
        found = region.addresses(generation, len(names) - 1)
        PlainClient(self.socket).change(
            {"do": "create", "name": f"{region.REGIONAL}@plan-{generation}", "record": found},
            {"do": "create", "name": region.REGIONAL, "record": f"plan-{generation}"})
        self.tell("repaired", generation=generation)
