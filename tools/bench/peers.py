"""The other servers, each with one UDP worker, nothing limited, and everything in its folder: Debian 12's gdnsd, Knot,
NSD, BIND and PowerDNS; and the null responder, the floor."""

import os
import secrets

from bench.data import FIRST_SERIAL, OLD, ZONE, addresses, copy_zone, endpoint, warm
from bench.server import Failed, Server, free_port, run_quietly


class Null(Server):
    """Answers every message with itself: what receiving and sending alone takes."""

    name = "null"
    threads = addresses = 1

    way = ()  # other than the server's

    def command(self):
        return [self.options.bin / "bench_null_responder", *self.way, self.port, self.threads, self.addresses]

    def is_right(self, answer):
        return len(answer) > 12


class NullPoll(Null):
    """It waits in poll, as the server does, and not in the call that receives."""

    name = "null, poll"
    way = ("--poll",)


class NullEpoll(Null):
    """Its socket is in an epoll instance: what this takes more is what waiting in poll brings."""

    name = "null, epoll"
    way = ("--epoll",)


class NullFragments(Null):
    """Its packets may be fragmented: what this takes more is what DF brings."""

    name = "null, no DF"
    way = ("--fragments",)


class Peer(Server):
    """A server that reads the zone from a file."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.zone_file, self.serial = self.folder / "zone", FIRST_SERIAL

    def place_data(self):
        copy_zone(self.data.zone_file(OLD), self.zone_file, self.serial)

    def start(self):
        warm(self.zone_file)
        return super().start()

    def stage(self, content):
        self.serial += 1
        copy_zone(self.data.zone_file(content), self.folder / "staged", self.serial)

    def swap(self, content):
        os.replace(self.folder / "staged", self.zone_file)
        run_quietly(self.reload_command(), self.log)

    def reload_command(self):
        raise NotImplementedError


class Gdnsd(Peer):
    name = "gdnsd"
    can_swap = True

    def configure(self):
        (self.folder / "zones").mkdir()
        self.zone_file = self.folder / "zones" / ZONE
        (self.folder / "config").write_text(
            f"options => {{ listen => 127.0.0.1:{self.port}, udp_threads => 1, tcp_threads => 1,\n"
            f"  run_dir => {self.folder}/run, state_dir => {self.folder}/state }}\n", encoding="ascii")

    def command(self):
        return ["gdnsd", "-c", self.folder, "start"]

    def reload_command(self):
        return ["gdnsdctl", "-c", self.folder, "-t", "300", "reload-zones"]


class Knot(Peer):
    name = "knot"
    can_swap = True
    can_change = True

    def configure(self):
        (self.folder / "knot.conf").write_text(
            f"server:\n  rundir: {self.folder}\n  listen: 127.0.0.1@{self.port}\n  udp-workers: 1\n  tcp-workers: 1\n"
            f"  background-workers: 1\ncontrol:\n  listen: {self.folder}/control\n  timeout: 300\n"
            f"database:\n  storage: {self.folder}\nlog:\n  - target: stderr\n    any: warning\n"
            f"template:\n  - id: default\n    storage: {self.folder}\n    zonefile-sync: -1\n"
            f"    journal-content: none\n    semantic-checks: off\n"
            f"zone:\n  - domain: {ZONE}\n    file: {self.zone_file}\n", encoding="ascii")

    def command(self):
        return ["knotd", "-c", self.folder / "knot.conf"]

    def knotc(self, *words):
        return ["knotc", "-s", self.folder / "control", "-t", "300", *words]

    def reload_command(self):
        # Without -b it would return before the zone is loaded.
        return self.knotc("-b", "zone-reload", ZONE)

    def change(self, tag):
        name = endpoint("ep", 0)
        run_quietly(self.knotc("zone-begin", ZONE), self.log)
        run_quietly(self.knotc("zone-unset", ZONE, name, "A"), self.log)
        for address in addresses(tag, 0)[0]:
            run_quietly(self.knotc("zone-set", ZONE, name, "5", "A", address), self.log)
        run_quietly(self.knotc("zone-commit", ZONE), self.log)


class Nsd(Peer):
    name = "nsd"
    can_swap = True

    def configure(self):
        # By default it answers 200 queries a second and client network: rrl-ratelimit.
        (self.folder / "nsd.conf").write_text(
            f"server:\n  ip-address: 127.0.0.1@{self.port}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n"
            f"  zonesdir: {self.folder}\n  database: \"\"\n  pidfile: {self.folder}/pid\n"
            f"  xfrdfile: {self.folder}/xfrd.state\n  xfrdir: {self.folder}\n  zonelistfile: {self.folder}/zone.list\n"
            f"  rrl-ratelimit: 0\n  rrl-whitelist-ratelimit: 0\n"
            f"remote-control:\n  control-enable: yes\n  control-interface: {self.folder}/control\n"
            f"zone:\n  name: {ZONE}\n  zonefile: {self.zone_file}\n", encoding="ascii")

    def command(self):
        return ["nsd", "-d", "-c", self.folder / "nsd.conf"]

    def reload_command(self):
        return ["nsd-control", "-c", self.folder / "nsd.conf", "reload", ZONE]


class Bind(Peer):
    name = "bind"
    can_swap = True
    can_change = True

    def configure(self):
        self.control_port = free_port()
        key = secrets.token_hex(16)
        (self.folder / "rndc.conf").write_text(
            f'key "bench" {{ algorithm hmac-sha256; secret "{key}"; }};\n'
            f'options {{ default-key "bench"; default-server 127.0.0.1; default-port {self.control_port}; }};\n',
            encoding="ascii")
        (self.folder / "named.conf").write_text(
            f'key "bench" {{ algorithm hmac-sha256; secret "{key}"; }};\n'
            f'controls {{ inet 127.0.0.1 port {self.control_port} allow {{ 127.0.0.1; }} keys {{ "bench"; }}; }};\n'
            f'options {{\n  directory "{self.folder}"; pid-file "{self.folder}/pid";\n'
            f'  session-keyfile "{self.folder}/session.key"; managed-keys-directory "{self.folder}";\n'
            f'  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;\n'
            f'  dnssec-validation no; empty-zones-enable no; notify no; allow-transfer {{ none; }};\n'
            f'  trust-anchor-telemetry no; check-integrity no; bindkeys-file "{self.folder}/bind.keys";\n}};\n'
            f'logging {{ category default {{ default_stderr; }}; category queries {{ null; }}; '
            f'category update {{ null; }}; }};\n'
            f'zone "{ZONE}" {{ type primary; file "{self.zone_file}"; allow-update {{ 127.0.0.1; }}; }};\n',
            encoding="ascii")

    def command(self):
        return ["named", "-g", "-n", "1", "-c", self.folder / "named.conf"]

    def reload_command(self):
        return ["rndc", "-c", self.folder / "rndc.conf", "reload", ZONE]

    def swap(self, content):
        # What takes updates is reloaded only while it is frozen; these have none yet.
        run_quietly(["rndc", "-c", self.folder / "rndc.conf", "freeze", ZONE], self.log)
        super().swap(content)
        run_quietly(["rndc", "-c", self.folder / "rndc.conf", "thaw", ZONE], self.log)

    def change(self, tag):
        name = f"{endpoint('ep', 0)}.{ZONE}."
        adds = "".join(f"update add {name} 5 A {address}\n" for address in addresses(tag, 0)[0])
        run_quietly(["nsupdate"], self.log,
                    text=f"server 127.0.0.1 {self.port}\nzone {ZONE}\nupdate delete {name} A\n{adds}send\n")


class PowerDns(Peer):
    name = "powerdns"
    # Its BIND backend took more than ten minutes for a million.
    most_endpoints = 100_000

    def configure(self):
        (self.folder / "zones.conf").write_text(
            f'zone "{ZONE}" {{ type master; file "{self.zone_file}"; }};\n', encoding="ascii")
        (self.folder / "pdns.conf").write_text(
            f"launch=bind\nbind-config={self.folder}/zones.conf\nlocal-address=127.0.0.1\nlocal-port={self.port}\n"
            f"socket-dir={self.folder}\ndaemon=no\nguardian=no\nreceiver-threads=1\ndistributor-threads=1\n"
            f"security-poll-suffix=\ndisable-axfr=yes\nloglevel=4\n", encoding="ascii")

    def command(self):
        return ["pdns_server", f"--config-dir={self.folder}"]


PEERS = {kind.name: kind for kind in (Gdnsd, Knot, Nsd, Bind, PowerDns)}
PROGRAMS = {"gdnsd": ["gdnsd", "gdnsdctl"], "knot": ["knotd", "knotc"], "nsd": ["nsd", "nsd-control"],
            "bind": ["named", "rndc", "nsupdate"], "powerdns": ["pdns_server"]}


def add_system_programs_to_path():
    """Servers are in /usr/sbin, which is in the path of root only."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin" + os.pathsep + "/usr/local/sbin"


def chosen(text):
    """The peers that a list names, in the order of the tables."""
    names = [] if text == "none" else list(PEERS) if text == "all" else text.split(",")
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise Failed(f"there is no peer {unknown[0]}; there are {', '.join(PEERS)}, all and none")
    return [PEERS[name] for name in PEERS if name in names]
