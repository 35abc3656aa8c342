"""Signs zones with the tools an operator would use, and asks through validators."""

import datetime
import pathlib
import re
import socket
import subprocess

import dns
from holdfast import free_port, wait_for


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def date(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%S")


class Signer:
    """The keys of one zone, in a directory of its own."""

    def __init__(self, directory, zone):
        self.dir, self.zone = pathlib.Path(directory), zone
        self.dir.mkdir()
        self.ksk, self.zsk = (
            run("ldns-keygen", "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", *kind, zone, cwd=self.dir).strip()
            for kind in (["-k"], []))

    @property
    def anchor(self):
        """The DNSKEY of the key-signing key, as a zone-file line."""
        return (self.dir / f"{self.ksk}.key").read_text().split(";")[0].strip()

    @property
    def ds(self):
        return run("ldns-key2ds", "-n", "-2", f"{self.ksk}.key", cwd=self.dir).strip()

    def sign(self, text, denial):
        """The signed zone. Valid from yesterday, for ten days."""
        (self.dir / "zone").write_text(text)
        if denial == "opt-out":
            self._sign_with_opt_out(text)
        else:
            how = {"nsec": [], "nsec3": ["-n", "-t", "0"], "nsec3-salted": ["-n", "-t", "5", "-s", "c0ffee"]}[denial]
            run("ldns-signzone", *how, "-i", date(-1), "-e", date(10), "-f", "signed", "zone", self.ksk, self.zsk,
                cwd=self.dir)
        return (self.dir / "signed").read_text()

    def _sign_with_opt_out(self, text):
        # ldns-signzone sets the flag but gives every unsigned delegation an NSEC3 all the same; BIND's signer
        # leaves them out.
        keys = [(self.dir / f"{key}.key").read_text() for key in (self.ksk, self.zsk)]
        (self.dir / "zone").write_text("\n".join([text, *keys]))
        run("dnssec-signzone", "-A", "-3", "-", "-H", "0", "-s", date(-1), "-e", date(10), "-o", self.zone, "-O",
            "full", "-f", "signed", "-k", self.ksk, "zone", self.zsk, cwd=self.dir)


def break_signature(signed, owner, covered):
    """The zone with another octet in one signature."""
    fields = r"\s+\S+" * 7  # those of the RDATA before the signature (RFC 4034 section 3.1)
    pattern = re.compile(rf"(?m)^({re.escape(owner)}\.\s+\d+\s+IN\s+RRSIG\s+{covered}{fields}\s+)(\S{{8}})")
    broken, count = pattern.subn(lambda found: found[1] + found[2].swapcase(), signed)
    assert count == 1 and broken != signed
    return broken


class Unbound:
    """A validating resolver whose only servers are holdfastd, with nothing cached for long."""

    def __init__(self, directory, server_port, zones, anchors):
        self.dir, self.port = pathlib.Path(directory), free_port()
        self.dir.mkdir()
        (self.dir / "anchors").write_text("\n".join(anchors) + "\n")
        stubs = "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: 127.0.0.1@{server_port}\n' for zone in zones)
        (self.dir / "unbound.conf").write_text(f"""\
server:
  interface: 127.0.0.1
  port: {self.port}
  outgoing-interface: 127.0.0.1
  do-not-query-localhost: no
  do-ip6: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{self.dir}"
  pidfile: ""
  use-syslog: no
  num-threads: 1
  module-config: "validator iterator"
  trust-anchor-file: "{self.dir}/anchors"
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  aggressive-nsec: no
  harden-glue: yes
  harden-dnssec-stripped: yes
  harden-below-nxdomain: yes
  harden-referral-path: yes
  harden-algo-downgrade: yes
  harden-short-bufsize: yes
  harden-large-queries: yes
  qname-minimisation: yes
  val-log-level: 2
  trust-anchor-signaling: no
remote-control:
  control-enable: no
{stubs}""")
        with open(self.dir / "log", "wb") as log:
            self.process = subprocess.Popen(["/usr/sbin/unbound", "-d", "-p", "-c", self.dir / "unbound.conf"],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for(self._ready, "Unbound answers")

    def _ready(self):
        assert self.process.poll() is None, self.log()
        try:
            return self.ask("ready.invalid", "A", timeout=0.5) is not None
        except (OSError, socket.timeout):
            return False

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def ask(self, name, qtype, timeout=10.0, every=None, cd=False):
        """With `every`, the query is sent again after each such time without an answer, as stub resolvers do."""
        query = dns.query(name, qtype, edns=1232, do=True, flags=0x0100 | (0x0010 if cd else 0))
        return dns.parse(dns.ask_udp("127.0.0.1", self.port, query, timeout, every))

    def verdict(self, name, qtype):
        """(what the validator says, its rcode): secure, insecure or bogus"""
        answer = self.ask(name, qtype)
        if answer.rcode == dns.SERVFAIL:
            return "bogus", answer.rcode
        return ("secure" if answer.flags & 0x0020 else "insecure"), answer.rcode

    def close(self):
        self.process.terminate()
        self.process.wait(10)
