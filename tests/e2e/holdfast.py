"""Runs the real holdfastd and talks to it the way people and programs do."""

import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import dns

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HOLDFAST_BIN", CHECKOUT / "build/release/bin"))
ZONE = "us-east-1.example.net"

# zonectl's exit status (design, section 5).
DONE, OTHER, USAGE, REFUSED, UNREACHABLE = 0, 1, 2, 3, 4

HAS_IPV6 = os.path.exists("/proc/net/if_inet6") and any(
    line.startswith("0" * 31 + "1 ") for line in open("/proc/net/if_inet6", encoding="ascii"))


def free_port():
    """A port free for UDP and TCP on both loopbacks."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            try:
                for address in ["127.0.0.1"] + (["::1"] if HAS_IPV6 else []):
                    family = socket.AF_INET6 if ":" in address else socket.AF_INET
                    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                        if (family, kind) == (probe.family, probe.type):
                            continue
                        with socket.socket(family, kind) as other:
                            other.bind((address, port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


def wait_for(condition, what, timeout=20.0):
    """Polls until condition() is true and returns its value. A bound, not a measurement."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(0.02)


class Reply:
    def __init__(self, status, body, headers):
        self.status, self.text, self.headers = status, body.decode("utf-8", "replace"), headers

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def reasons(self):
        return self.json.get("reasons", [])

    @property
    def rules(self):
        return {reason["rule"] for reason in self.reasons}

    def reason(self, rule, name=None):
        for reason in self.reasons:
            if reason["rule"] == rule and (name is None or reason["name"] == name):
                return reason
        raise AssertionError(f"no reason {rule} {name or ''} in {self.text}")

    def __repr__(self):
        return f"<{self.status} {self.text[:600]}>"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Server:
    """One holdfastd with a directory, ports and configuration of its own."""

    def __init__(self, zones=None, **config):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-e2e-"))
        self.port, self.metrics_port = free_port(), free_port()
        self.control = self.dir / "control.sock"
        self.config_file = self.dir / "holdfast.yaml"
        self.log_file = self.dir / "log"
        self.wrapper = []  # a command that runs the server, such as prlimit
        self.environment = {}  # beside that of this process
        self.process = None
        listen = [f"127.0.0.1:{self.port}"] + ([f"[::1]:{self.port}"] if HAS_IPV6 else [])
        self.config = {"listen": listen, "threads": 2, "state": str(self.dir / "state"),
                       "control": str(self.control), "metrics": f"127.0.0.1:{self.metrics_port}",
                       "zones": zones or {}, **config}

    def write_config(self):
        self.config_file.write_text(json.dumps(self.config, indent=1))  # JSON is YAML

    def start(self):
        self.write_config()
        with open(self.log_file, "ab") as log:
            command = [*self.wrapper, BIN / "holdfastd", "--config", self.config_file]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=os.environ | self.environment)
        wait_for(self._ready, lambda: f"the server is ready; its log:\n{self.log()[-10_000:]}")
        return self

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"holdfastd ended with {self.process.returncode}:\n{self.log()}")
        try:
            return self.get("/v1/status").status == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def kill(self):
        """kill -9"""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(10)

    def terminate(self):
        """SIGTERM; returns the exit status"""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(20)

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)

    def close(self):
        if self.is_alive():
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    # The control API.

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = _UnixConnection(self.control, timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.read(), response.headers)
        finally:
            connection.close()

    def get(self, path, accept=None):
        return self.request("GET", path, headers={"Accept": accept} if accept else None)

    def add_zone(self, zone=ZONE):
        reply = self.request("PUT", f"/v1/zones/{zone}")
        assert reply.status in (200, 201, 204), reply
        return self

    def submit(self, plan, zone=ZONE, query="", content_type=None):
        """Submits a plan: a dict as JSON, text as a zone file, bytes as they are."""
        if isinstance(plan, dict):
            body, kind = json.dumps(plan).encode(), "application/json"
        elif isinstance(plan, str):
            body, kind = plan.encode(), "text/dns"
        else:
            body, kind = plan, "application/json"
        path = f"/v1/zones/{zone}/plans" + (f"?{query}" if query else "")
        return self.request("POST", path, body, {"Content-Type": content_type or kind})

    def publish(self, plan, zone=ZONE, query=""):
        reply = self.submit(plan, zone, query)
        assert reply.status == 200 and reply.json["outcome"] == "published", reply
        return reply

    def refused(self, plan, zone=ZONE, query=""):
        reply = self.submit(plan, zone, query)
        assert reply.status == 409 and reply.json["outcome"] == "refused" and reply.reasons, reply
        for reason in reply.reasons:
            assert {"rule", "name", "type", "observed", "limit", "detail"} <= reason.keys(), reason
        return reply

    def status(self, zone=ZONE):
        zones = self.get("/v1/status").json["zones"]
        for entry in zones:
            if entry["zone"].rstrip(".") == zone.rstrip("."):
                return entry
        return None

    def served(self, zone=ZONE):
        entry = self.status(zone)
        return entry["served"] if entry else None

    def history(self, zone=ZONE):
        """What became of plans, newest first; without what was done to the zone itself."""
        return [entry for entry in self.get(f"/v1/zones/{zone}/plans").json["history"]
                if entry["outcome"] in ("published", "refused", "superseded")]

    def metric(self, sample):
        """The value of one sample, named with its labels, as it is printed."""
        text = self.metrics()
        found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.M)
        assert found, f"no {sample} in\n{text}"
        return float(found.group(1))

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        assert response.status == 200
        return text

    # zonectl, and the queries.

    def zonectl(self, *arguments, stdin=None):
        return subprocess.run([BIN / "zonectl", "--control", self.control, *map(str, arguments)],
                              input=stdin, capture_output=True, text=True, timeout=120, check=False)

    def write(self, name, content):
        path = self.dir / name
        text = json.dumps(content) if isinstance(content, dict) else content
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        return path

    def ask(self, name, qtype="A", zone=ZONE, **options):
        """`name` is relative to the zone unless it ends with a dot; "@" is the zone."""
        return dns.ask(self.port, absolute(name, zone), qtype, **options)

    def addresses(self, name, qtype="A", **options):
        return self.ask(name, qtype, **options).data(qtype)

    def resident(self):
        """Resident memory in KiB."""
        return int(process_status(self.pid, "VmRSS")[0])


def absolute(name, zone=ZONE):
    if name == "@":
        return zone.rstrip(".") + "."
    return name if name.endswith(".") else f"{name}.{zone.rstrip('.')}."


def client(*command):
    """Runs a DNS client that a person would use and returns what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=30,
                          check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def process_status(pid, key):
    """The words behind `key` in /proc's status of a process, or of a thread: PID/task/TID."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return re.search(rf"^{key}:\s+(.*)$", status, re.M).group(1).split()


def stamped(generation, target):
    """An address that the generation is in, as tools/flood reads it with --stamped."""
    return f"10.{target}.{generation >> 8 & 255}.{generation & 255}"


def endpoint(*addresses, ttl=5, weight=100, pick=None):
    targets = [{"id": f"lb-{i}", "address": address, "weight": weight}
               for i, address in enumerate(addresses, 1)]
    answer = {"answer": {"pick": pick}} if pick else {}
    return {"ttl": ttl, **answer, "targets": targets}


def full(generation, endpoints=None, records=(), zone=ZONE, **more):
    """A full plan with name servers, so that only what a test is about need be said."""
    return {"plan": 1, "zone": zone, "generation": generation, "kind": "full",
            "endpoints": endpoints or {},
            "records": ["@ 3600 IN NS ns1.example.org.", "@ 3600 IN NS ns2.example.org.", *records], **more}


def delta(base, endpoints=None, records=(), zone=ZONE, **more):
    return {"plan": 1, "zone": zone, "base": base, "kind": "delta", "endpoints": endpoints or {},
            "records": list(records), **more}


def readable(stream, timeout):
    return bool(select.select([stream], [], [], timeout)[0])


def shown_on(terminal):
    """The octets on a terminal, by its main end, until all have closed the other."""
    shown = b""
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk
    except OSError:
        pass  # the other end was closed
    return shown
