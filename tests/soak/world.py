"""The server of a soak, the disk, the clock and the limits that it lives with, and who comes to it."""

import contextlib
import http.client
import os
import pathlib
import subprocess
import threading
import time

import content
import holdfast
from actors import Files, Parts, Person, Storm
from holdfast import process_status
from ledger import Ledger
from pests import Pests

DISK_OCTETS = 96 << 20
LARGE_ENDPOINTS = 100_000
FAKETIME = next(map(str, pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), "libfaketimeMT.so.1")
ZONES = (content.STORM, content.PARTS, content.BACK, content.WATCH, content.LARGE)
CONFIG = {
    "log": {"level": "error"},
    "history": {"keep": 50, "for": "0s", "refusals": 200},
    "good": {"after": "500ms", "keep": 3},
    "image": {"names": 1, "changes": 1, "pause": "2s", "after": "2s", "disk-reserve": "1M"},
    "limits": content.LIMITS | {"tcp-connections": 200, "tcp-connections-per-client": 50, "tcp-idle": "2s",
                                "tcp-message": "1s", "tcp-response": "2s", "submissions-waiting": 8},
}


def own_namespaces(is_root=os.geteuid() == 0):
    """A command that runs others where they may mount. Processes of their own let who is not root hide those of
    others."""
    if is_root:
        return ["unshare", "--mount", "--propagation", "private"]
    return ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "--pid", "--fork",
            "--kill-child", "--mount-proc"]


class NotAllowed(Exception):
    """This system does not let the server be treated as a soak treats it."""


class World:
    def __init__(self, seed):
        self.seed, self.ledger = seed, Ledger()
        self.stopping, self.life, self.is_up, self.is_short = threading.Event(), 0, False, False
        self._gate, self._playing, self._closed = threading.Condition(), 0, False
        self._generations, self._generations_lock = {}, threading.Lock()
        self.server = holdfast.Server(**CONFIG)
        self.folder = self.server.dir
        self.confine = [pathlib.Path(__file__).with_name("confine"), self.folder]
        self.addresses = self.server.config["listen"]  # with ports: of both families, where there is IPv6
        self.plan_file = self.folder / "plans/plan.json"
        self.limits = []  # commands that run others with less
        self.disk = self.folder / "disk"
        self.longest_start = 0.0
        self.patience = 60  # seconds that a turn may take
        self.actors = []
        (self.folder / "plans").mkdir()
        self.server.config["state"] = str(self.disk / "state")
        self.server.config["zones"] = {zone: {} for zone in ZONES} | {
            content.WATCH: {"enactors": [{"watch": str(self.folder / "plans")}]}}
        self.clock = self.folder / "clock"
        self.clock.write_text("+0\n")
        self.server.environment = {"FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_CACHE_DURATION": "1",
                                   "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
                                   # What malloc keeps for each thread counts as used, and grows for thousands of plans.
                                   "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}

    # The disk: of this process and its children only, which have a mount namespace of their own.

    def check_system(self):
        """Raises NotAllowed where a program that does nothing cannot be confined, or not have its clock moved."""
        done = subprocess.run([*self.confine, "env", f"LD_PRELOAD={FAKETIME}", "true"], capture_output=True, text=True,
                              env=os.environ | self.server.environment, check=False)
        if done.returncode != 0 or done.stderr:
            raise NotAllowed(done.stderr.strip() or f"exit status {done.returncode}")

    def make_disk(self, is_small=True):
        """A small one can be filled; that takes the right to mount."""
        self.disk.mkdir()
        if is_small:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_OCTETS}", "soak", self.disk]
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise NotAllowed(done.stderr.strip())
        (self.disk / "state").mkdir()
        for path in (self.folder, self.folder / "plans", self.disk, self.disk / "state"):
            os.chmod(path, 0o777)  # the server is nobody

    def fill_disk(self):
        self.is_short = True
        with open(self.disk / "ballast", "ab", buffering=0) as ballast:
            for octets in (1 << 16, 512):
                with contextlib.suppress(OSError):
                    while True:
                        ballast.write(bytes(octets))

    def drain_disk(self):
        (self.disk / "ballast").unlink(missing_ok=True)

    def set_clock(self, seconds):
        """Away from the machine's, of the server alone, and its monotonic clock goes on as it did."""
        self.replace(self.clock, f"{seconds:+d}\n".encode())

    def replace(self, file, octets):
        """So that whoever reads it finds all of it."""
        fresh = self.folder / f"fresh-{threading.get_ident()}"
        fresh.write_bytes(octets)
        os.replace(fresh, file)

    # The server.

    def start(self):
        begun = time.monotonic()
        # Whoever ends this program, however, ends the server with it.
        self.server.wrapper = [*self.confine, *self.limits, "setpriv", "--pdeathsig", "KILL", "--", "env",
                               f"LD_PRELOAD={FAKETIME}"]
        self.server.start()
        self.longest_start = max(self.longest_start, time.monotonic() - begun)
        self.life += 1
        self.is_up = True
        if self.confine:
            self.check_confined()

    def check_confined(self):
        for key, wanted in (("Seccomp", "2"), ("NoNewPrivs", "1"), ("CapEff", "0" * 16), ("Umask", "0027")):
            if process_status(self.server.pid, key) != [wanted]:
                self.ledger.violate("the soak works", f"the server is not confined: {key} is not {wanted}")

    def count_life(self):
        """What there was in this one, before it ends."""
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AssertionError):
            self.ledger.count("swaps", self.server.get("/v1/status").json["swaps"]["count"])
            for event in ("accepted", "evicted", "refused", "client-refused"):
                number = int(self.server.metric(f'holdfast_tcp_connections_total{{event="{event}"}}'))
                self.ledger.count(f"TCP connections {event}", number)

    def kill(self):
        self.is_found_alive()
        self.put_out()
        self.ledger.count("kills")

    def put_out(self):
        """Whether it lives or not, and what libfaketime leaves of a program that is killed."""
        if self.server.is_alive():
            self.count_life()
        self.is_up = False
        if self.server.is_alive():
            self.server.kill()
        for left in pathlib.Path("/dev/shm").glob(f"*faketime_s*_{self.server.pid}"):
            left.unlink()

    def spare_memory(self, octets):
        """What the server may have beside what it has; None: what it might before."""
        pid = self.server.pid
        if octets is None:
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
            most = next(line.split()[4] for line in limits.splitlines() if line.startswith("Max data size"))
        else:
            most = int(process_status(pid, "VmData")[0]) * 1024 + octets
        self.run_as_server("prlimit", f"--pid={pid}", f"--data={most}:")

    def reload(self):
        self.run_as_server("kill", "-HUP", self.server.pid)

    def give_processors(self, processors):
        self.run_as_server("taskset", "--all-tasks", "--cpu-list", "--pid", ",".join(map(str, sorted(processors))),
                           self.server.pid)

    def run_as_server(self, *command):
        """As the user that it is, who may do this to it: a root without CAP_SYS_RESOURCE or CAP_SYS_NICE may not."""
        user, group = (process_status(self.server.pid, each)[0] for each in ("Uid", "Gid"))
        own = [] if int(user) == os.getuid() else ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"]
        subprocess.run([*own, *map(str, command)], check=True, stdout=subprocess.DEVNULL)

    def restart(self, limits=()):
        """In a life with those limits, and nobody sees it away."""
        with self.quiet():
            self.kill()
            self.limits = limits
            self.start()

    def is_found_alive(self):
        if self.server.is_alive():
            return True
        self.ledger.violate("the server lives", f"ended with {self.server.process.returncode}: "
                            f"{self.server.log()[-500:]}")
        return False

    def check_alive(self):
        if not self.is_found_alive():
            self.is_up = False
            self.start()

    def publish_first(self):
        (self.folder / "questions").write_text(content.questions())
        for zone in (content.STORM, content.BACK, content.WATCH, content.PARTS):
            self.publish_next(zone)
        # Now, so that what the server holds grows no more.
        self.publish_next(content.LARGE, lambda _, generation: content.large(generation, LARGE_ENDPOINTS))

    def publish_next(self, zone, plan=content.full):
        generation = self.next_generation(zone)
        self.server.publish(plan(zone, generation), zone)
        self.ledger.acknowledge(zone, generation)

    def stamp(self, zone):
        """The generation that the addresses of its first endpoint carry, modulo 2^16."""
        last = self.server.addresses("ep0", zone=zone)[0].split(".")[2:]
        return int(last[0]) << 8 | int(last[1])

    def check_promises(self):
        """What was acknowledged is there, and served."""
        committed = self.server.get(f"/v1/zones/{content.STORM}").json["committed"]
        if (served := self.stamp(content.STORM)) != committed & 0xffff:
            self.ledger.violate("acknowledged plans survive", f"{committed} is committed, {served} served")
        for zone in ZONES:
            committed = self.server.get(f"/v1/zones/{zone}").json["committed"]
            listed = [entry["generation"] for entry in self.server.get(
                f"/v1/zones/{zone}/plans?limit=1000&outcome=published").json["history"]]
            self.ledger.check_after_crash(zone, committed, listed)
            verified = self.server.get(f"/v1/zones/{zone}/verify").json
            if not verified["whole"]:
                self.ledger.violate("the history is whole", verified)

    def next_generation(self, zone):
        with self._generations_lock:
            self._generations[zone] = max(self._generations.get(zone, 0), self.ledger.newest(zone)) + 1
            return self._generations[zone]

    # Who comes.

    def begin(self, plans_per_second):
        """`plans_per_second`: of all Enactors together, poison too."""
        share = plans_per_second / 10
        self.actors = [Storm(self, "storm-1", 2.5 * share), Storm(self, "storm-2", 2.5 * share),
                       Storm(self, "storm-3", share), Parts(self, "parts", 2 * share), Person(self, "person", share),
                       Files(self, "files", share), Pests(self, "pests", 10)]
        for actor in self.actors:
            actor.start()

    @contextlib.contextmanager
    def playing(self):
        """A turn of an actor."""
        with self._gate:
            self._gate.wait_for(lambda: not self._closed)
            self._playing += 1
        try:
            yield
        finally:
            with self._gate:
                self._playing -= 1
                self._gate.notify_all()

    @contextlib.contextmanager
    def quiet(self):
        """Nobody takes a turn."""
        with self._gate:
            self._closed = True
            if not self._gate.wait_for(lambda: self._playing == 0, self.patience):
                self.ledger.violate("requests are answered", f"a turn took {self.patience} s")
        for actor in self.actors:
            actor.leave()
        try:
            yield
        finally:
            with self._gate:
                self._closed = False
                self._gate.notify_all()

    def end(self):
        self.stopping.set()
        with self._gate:
            self._closed = False
            self._gate.notify_all()
        for actor in self.actors:
            actor.join(60)
        if self.server.process is not None:
            self.put_out()
        subprocess.run(["umount", self.disk], check=False, stderr=subprocess.DEVNULL)
        self.server.close()

    # What it has of the machine.

    def possessions(self):
        """The least of some looks: upkeep opens files, and gives back, at times of its own."""
        looks = []
        for _ in range(20):
            looks.append((self.heap_in_use(), self.server.resident() * 1024,
                          int(process_status(self.server.pid, "Threads")[0]),
                          len(os.listdir(f"/proc/{self.server.pid}/fd"))))
            time.sleep(0.05)
        used, resident, threads, descriptors = map(min, zip(*looks))
        return {"used_octets": used, "resident_octets": resident, "threads": threads, "descriptors": descriptors}

    def heap_in_use(self):
        return int(self.server.metric('holdfast_heap_octets{state="used"}'))
