"""Holdfast as a server under measurement: it gets its data as a plan and starts again from its plan store."""

import http.client
import json
import os
import shutil
import socket
import time

from bench.data import OLD, ZONE, addresses, endpoint, warm
from bench.server import Failed, Server

API = f"/v1/zones/{ZONE}/plans"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Holdfast(Server):
    name = "holdfast"
    can_swap = True
    can_change = True
    threads = addresses = 1
    huge_pages = "auto"
    image = {}  # options of images, other than the defaults
    state_folder = None  # other than one in its folder
    first_load = None  # seconds from the request to the first answer, of a server without data
    committed = None  # the generation, once it is known

    def configure(self):
        self.control = self.folder / "control.sock"
        self.state = (self.state_folder or self.folder) / "state"
        self.connection = self.staged = None
        # JSON is YAML. Every address changes, and the plan of millions is larger than people's are.
        (self.folder / "holdfast.yaml").write_text(json.dumps({
            "listen": [f"127.0.0.{number + 1}:{self.port}" for number in range(self.addresses)],
            "threads": self.threads, "huge-pages": self.huge_pages, "image": self.image,
            "state": str(self.state), "control": str(self.control), "metrics": "off",
            "limits": {"plan-bytes": "8G", "plan-records": 50_000_000, "request-timeout": "1h"},
            "zones": {ZONE: {"guard": {"timeout": "1h"}}}}), encoding="ascii")

    def command(self):
        return [self.options.bin / "holdfastd", "--config", self.folder / "holdfast.yaml"]

    def place_data(self):
        """The first run: it gets its data and goes on."""
        self.launch()
        self.wait_for_control()
        self.stage(OLD)  # before the clock runs
        begun = time.monotonic()
        self.swap(OLD)
        self.first_load = self.wait_for_answer(begun)

    def wait_for_control(self):
        end = time.monotonic() + self.options.start_timeout
        while time.monotonic() < end:
            if self.has_ended():
                raise Failed(f"ended with {self.process.returncode}: {self.last_words()}")
            try:
                self.request("GET", "/v1/status")
                return
            except OSError:
                time.sleep(0.01)
        raise Failed("its control API is not there")

    def start(self):
        for folder, _, files in os.walk(self.state):
            for file in files:
                warm(os.path.join(folder, file))
        seconds = super().start()
        self.wait_for_control()  # it comes when the history is read, after the first answers
        return seconds

    def stop(self):
        if self.process is not None:
            self.disconnect()
        super().stop()

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def connected(self):
        """The connection that is kept."""
        if self.connection is None:
            self.connection = UnixConnection(self.control, 3600)
            self.connection.connect()
        return self.connection

    def request(self, method, path, send=None):
        """A request without a body, or what `send` sends on the connection; the answer's document."""
        try:
            connection = self.connected()
            if send is None:
                connection.sock.sendall(self.head(method, path, 0))
            else:
                send(connection.sock)
            response = http.client.HTTPResponse(connection.sock, method=method)
            response.begin()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.disconnect()
            raise
        if response.status != 200:
            raise Failed(f"{method} {path}: {response.status} {text.decode('utf-8', 'replace')[:200]}")
        return json.loads(text)

    @staticmethod
    def head(method, path, length, kind="application/json"):
        return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {length}\r\n\r\n").encode("ascii")

    def published(self, path, send):
        reply = self.request("POST", path, send)
        if reply["outcome"] != "published":
            raise Failed(f"{path}: {str(reply)[:200]}")
        self.committed = reply["committed"]
        return reply

    def generation(self):
        if self.committed is None:
            zones = self.request("GET", "/v1/status")["zones"]
            self.committed = next((zone["committed"] for zone in zones), 0)
        return self.committed or 0

    def stage(self, content):
        self.data.plan(content)
        self.data.delta(content)

    def submit(self, path, file, kind="application/json"):
        """A plan from a file, as the system sends it."""
        def send(connection):
            connection.sendall(self.head("POST", path, os.path.getsize(file), kind))
            with open(file, "rb") as source:
                connection.sendfile(source)
        return self.published(path, send)

    def swap(self, content):
        """A full plan."""
        return self.submit(f"{API}?generation={self.generation() + 1}", self.data.plan(content))

    def change_few(self, content):
        """A delta with one endpoint in a hundred: those of FEW, or as they are in OLD."""
        return self.submit(f"{API}?base={self.generation()}", self.data.delta(content))

    def stage_change(self, tag):
        """Writes and connects before a clock runs: the time is to be the server's."""
        four, six = addresses(tag, 0)
        delta = json.dumps({"plan": 1, "kind": "delta", "base": self.generation(), "endpoints": {
            endpoint("ep", 0): {"ttl": 5, "targets": [{"address": address} for address in four + six]}}}).encode()
        self.staged = self.head("POST", API, len(delta)) + delta
        self.connected()

    def change(self, tag):
        return self.published(API, lambda connection: connection.sendall(self.staged))


class SmallPages(Holdfast):
    """What huge pages bring is what this takes more."""

    name = "holdfast, small pages"
    huge_pages = "off"


class NoImage(Holdfast):
    """Without compiled images it starts from the plan store alone: the difference is what they bring."""

    name = "holdfast, no image"
    image = {"names": 0}


class OneCore(Holdfast):
    """Its threads on the server's core: what the others bring when a plan is taken is the difference."""

    name = "holdfast, one core"


class ZoneFile(Holdfast):
    """It gets its first content as a zone file."""

    name = "holdfast, zone file"

    def stage(self, content):
        warm(self.data.zone_file(content))

    def swap(self, content):
        return self.submit(API, self.data.zone_file(content), "text/dns")


class InMemory(Holdfast):
    """With the plan store in memory: what is left is not the disk's."""

    name = "holdfast, no disk"

    def configure(self):
        self.state_folder = self.options.memory_folder / self.folder.name
        self.state_folder.mkdir(parents=True)
        super().configure()

    def stop(self):
        super().stop()
        if self.state_folder is not None:
            shutil.rmtree(self.state_folder, ignore_errors=True)
