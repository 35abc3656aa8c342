"""A server under measurement: its processes, its folder, its core, and whether it answers."""

import os
import signal
import socket
import struct
import subprocess
import time

from bench import accounting
from bench.data import ZONE, endpoint


class Failed(Exception):
    """A server, or a program that measures it, did not do what it is needed for. The table says so."""


def free_port():
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]


def pinned(cores, command):
    """The command on these cores, and gone when this program is, however it ends."""
    return ["taskset", "-c", ",".join(map(str, cores)), "setpriv", "--pdeathsig", "KILL", "--", *map(str, command)]


def run_quietly(command, log, timeout=600, text=None):
    """Runs a control command; raises Failed with the end of what it said."""
    try:
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              input=text, text=True, errors="replace", timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{command[0]}: {error}") from error
    with open(log, "a", encoding="utf-8") as out:
        out.write(done.stdout)
    if done.returncode != 0:
        raise Failed(f"{os.path.basename(command[0])}: {done.stdout.strip()[-200:]}")
    return done.stdout


def query(name, number=1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


class Server:
    """A server that is to serve `data` from a folder of its own. A subclass says how."""

    name = "?"
    can_swap = False  # exchange all of its content while it runs
    can_change = False  # change one endpoint while it runs
    most_endpoints = None  # that it is asked to hold; with more it takes too long

    def __init__(self, folder, data, cores, options):
        self.folder, self.data, self.cores, self.options = folder, data, cores, options
        self.port, self.process, self.log = free_port(), None, folder / "log"
        folder.mkdir(parents=True)

    # What subclasses say.

    def configure(self):
        """Writes what the server reads, but for the data; called once."""

    def place_data(self):
        """Puts the content where the server reads it; called once, after configure()."""

    def command(self):
        raise NotImplementedError

    def stage(self, content):
        """Makes ready what swap() needs, before a clock runs."""

    def swap(self, content):
        """Requests that all of its content is exchanged; returns when the request is answered."""
        raise NotImplementedError

    def stage_change(self, tag):
        """The same for change()."""

    def change(self, tag):
        """Requests that endpoint 0 gets the addresses of `tag`; returns when the request is answered."""
        raise NotImplementedError

    def is_right(self, answer):
        """NOERROR with four answers."""
        flags, _, answers = struct.unpack("!3H", answer[2:8])
        return flags & 0xf == 0 and answers == 4

    # What all have in common.

    def prepare(self):
        self.configure()
        self.place_data()

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(pinned(self.cores, self.command()), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True)

    def start(self):
        """Starts it and returns the seconds until it answered rightly for the first time."""
        begun = time.monotonic()
        self.launch()
        return self.wait_for_answer(begun)

    def wait_for_answer(self, begun):
        """Asks about every two milliseconds; returns the seconds since `begun`."""
        end = begun + self.options.start_timeout
        message = query(f"{endpoint('ep', 0)}.{ZONE}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.002)
            client.connect(("127.0.0.1", self.port))
            while time.monotonic() < end:
                if self.has_ended():
                    raise Failed(f"ended with {self.process.returncode}: {self.last_words()}")
                try:
                    client.send(message)
                    if self.is_right(client.recv(4096)):
                        return time.monotonic() - begun
                except TimeoutError:
                    continue
                except OSError:
                    pass
                time.sleep(0.001)
        raise Failed(f"no answer within {self.options.start_timeout} s")

    def has_ended(self):
        return self.process.poll() is not None

    def last_words(self):
        return self.log.read_text(encoding="utf-8", errors="replace").strip()[-200:]

    def pids(self):
        return accounting.processes_of(self.process.pid)

    def stop(self):
        """In order, and by force where that takes too long. Nothing of it is left afterwards."""
        if self.process is None:
            return
        members = self.pids()
        if not self.has_ended():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.options.stop_timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pid in members:
            if accounting.stat_fields(f"/proc/{pid}/stat") is not None and pid != self.process.pid:
                self._end(pid)
        self.process = None

    def _end(self, pid):
        end = time.monotonic() + 5
        while time.monotonic() < end:
            fields = accounting.stat_fields(f"/proc/{pid}/stat")
            if fields is None or fields[0] == "Z":
                return
            time.sleep(0.02)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
