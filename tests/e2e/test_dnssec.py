"""Zones signed by others, served by holdfastd, judged by three validators: Unbound, delv and drill."""

import re
import subprocess
import threading

import dns
import holdfast
import pytest
from signing import Signer, Unbound, break_signature, run

PARENT, CHILD, PLAIN, BROKEN = "signed.example", "child.signed.example", "plain.signed.example", "broken.example"


def parent_text(ds="", serial=1, host="192.0.2.10"):
    return f"""\
$ORIGIN {PARENT}.
@ 3600 IN SOA ns hostmaster {serial} 7200 900 1209600 300
@ 3600 IN NS ns
ns 3600 IN A 192.0.2.1
host 60 IN A {host}
host 60 IN AAAA 2001:db8::10
www 60 IN CNAME alias
alias 60 IN CNAME host
dangling 60 IN CNAME nothing
tochild 60 IN CNAME www.child
toplain 60 IN CNAME www.plain
leaf.empty 60 IN A 192.0.2.11
*.wild 60 IN A 192.0.2.12
*.wildalias 60 IN CNAME host
old 60 IN DNAME new
x.new 60 IN A 192.0.2.13
child 3600 IN NS ns.child
ns.child 3600 IN A 192.0.2.2
{ds}
plain 3600 IN NS ns.plain
ns.plain 3600 IN A 192.0.2.3
"""


CHILD_TEXT = f"""\
$ORIGIN {CHILD}.
@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 300
@ 3600 IN NS ns
ns 3600 IN A 192.0.2.2
www 60 IN A 192.0.2.20
"""
PLAIN_TEXT = CHILD_TEXT.replace(CHILD, PLAIN)
BROKEN_TEXT = CHILD_TEXT.replace(CHILD, BROKEN)

# What is asked, the rcode, and the verdict. "opt" is secure but for opt-out, where a proof that lies in an opt-out
# span leaves room for an unsigned delegation, so that nobody may call it secure (RFC 5155 section 9.2).
ANSWERS = [
    ("the apex", PARENT, "SOA", 0, "secure"),
    ("the keys", PARENT, "DNSKEY", 0, "secure"),
    ("an address", f"host.{PARENT}", "A", 0, "secure"),
    ("a chain of aliases", f"www.{PARENT}", "A", 0, "secure"),
    ("an alias to nothing", f"dangling.{PARENT}", "A", 3, "opt"),
    ("an alias into the signed child", f"tochild.{PARENT}", "A", 0, "secure"),
    ("a wildcard", f"a.b.wild.{PARENT}", "A", 0, "opt"),
    ("an alias by wildcard", f"x.wildalias.{PARENT}", "A", 0, "opt"),
    ("a name below a DNAME", f"x.old.{PARENT}", "A", 0, "secure"),
    ("nothing below a DNAME", f"y.old.{PARENT}", "A", 3, "opt"),
    ("no such name", f"nothing.{PARENT}", "A", 3, "opt"),
    ("no such name, deeper down", f"a.b.host.{PARENT}", "A", 3, "opt"),
    ("no such type", f"host.{PARENT}", "TXT", 0, "secure"),
    ("no such type at the apex", PARENT, "A", 0, "secure"),
    ("no such type at the end of a chain", f"www.{PARENT}", "TXT", 0, "secure"),
    ("no such type at a wildcard", f"a.wild.{PARENT}", "TXT", 0, "opt"),
    ("an empty non-terminal", f"empty.{PARENT}", "A", 0, "secure"),
    ("DS at the signed cut", CHILD, "DS", 0, "secure"),
    ("DS at the unsigned cut", PLAIN, "DS", 0, "opt"),
    ("DS at a name that is no cut", f"host.{PARENT}", "DS", 0, "secure"),
    ("an address in the signed child", f"www.{CHILD}", "A", 0, "secure"),
    ("no such name in the signed child", f"nothing.{CHILD}", "A", 3, "opt"),
    ("an address in the unsigned child", f"www.{PLAIN}", "A", 0, "insecure"),
    ("no such name in the unsigned child", f"nothing.{PLAIN}", "A", 3, "insecure"),
    ("the unbroken RRset of a zone with a broken signature", f"ns.{BROKEN}", "A", 0, "secure"),
]


class Signed:
    """A holdfastd with the four zones, and an Unbound that asks it."""

    def __init__(self, directory, denial):
        self.dir, self.denial = directory, denial
        self.parent, self.child, self.broken = (
            Signer(directory / zone, zone) for zone in (PARENT, CHILD, BROKEN))
        self.server = holdfast.Server().start()
        self.push(CHILD, self.child.sign(CHILD_TEXT, denial))
        self.push(PLAIN, PLAIN_TEXT)
        self.push(BROKEN, break_signature(self.broken.sign(BROKEN_TEXT, denial), f"www.{BROKEN}", "A"))
        self.push(PARENT, self.parent.sign(parent_text(self.child.ds), denial))
        self.unbound = Unbound(directory / "unbound", self.server.port, [PARENT, CHILD, PLAIN, BROKEN],
                               [self.parent.anchor, self.broken.anchor])
        delv = [f'{signer.zone}. static-key {" ".join(fields[-4:-1])} "{fields[-1]}";'
                for signer in (self.parent, self.broken) for fields in [signer.anchor.split()]]
        (directory / "delv.keys").write_text("trust-anchors {\n" + "\n".join(delv) + "\n};\n")

    def push(self, zone, text, query=""):
        self.server.add_zone(zone)
        return self.server.publish(text, zone=zone, query=query)

    def expected(self, verdict):
        return verdict if verdict != "opt" else ("insecure" if self.denial == "opt-out" else "secure")

    def close(self):
        self.unbound.close()
        self.server.close()


@pytest.fixture(scope="module", params=["nsec", "nsec3", "nsec3-salted", "opt-out"])
def signed(request, tmp_path_factory):
    zones = Signed(tmp_path_factory.mktemp("signed"), request.param)
    try:
        yield zones
        assert zones.server.is_alive(), zones.server.log()
    finally:
        zones.close()


def by_description(parameters):
    return pytest.mark.parametrize("name, qtype, rcode, verdict", [row[1:] for row in parameters],
                                   ids=[row[0].replace(" ", "-") for row in parameters])


@by_description(ANSWERS)
def test_unbound_agrees(signed, name, qtype, rcode, verdict):
    assert signed.unbound.verdict(name, qtype) == (signed.expected(verdict), rcode), signed.unbound.log()[-2000:]


@by_description(ANSWERS)
def test_delv_agrees(signed, name, qtype, rcode, verdict):
    anchor = BROKEN if name.endswith(BROKEN) else PARENT
    out = run("delv", "@127.0.0.1", "-p", signed.server.port, "-a", signed.dir / "delv.keys", f"+root={anchor}",
              name, qtype)
    found = re.findall("(?m)^; (?:negative response, )?(fully validated|unsigned answer|answer not validated)$", out)
    assert found, out
    if verdict == "opt" and signed.denial == "opt-out":
        return  # delv speaks of the records it shows, not of what they leave open, and differs by kind of answer
    assert found[0] == ("fully validated" if verdict != "insecure" else "unsigned answer"), out


@pytest.mark.parametrize("name, qtype", [(f"host.{PARENT}", "A"), (f"a.wild.{PARENT}", "A"), (PARENT, "SOA"),
                                         (f"www.{CHILD}", "A"), (CHILD, "DS")])
def test_drill_chases_the_signatures_to_the_trust_anchor(signed, name, qtype):
    key = signed.parent.dir / f"{signed.parent.ksk}.key"
    out = run("drill", "-S", "-k", key, "-p", signed.server.port, "@127.0.0.1", name, qtype)
    assert ";; Chase successful" in out, out


@pytest.mark.parametrize("name, qtype", [(f"www.{BROKEN}", "A")])
def test_a_broken_signature_is_bogus_to_all(signed, name, qtype):
    assert signed.unbound.verdict(name, qtype) == ("bogus", dns.SERVFAIL)
    assert signed.unbound.ask(name, qtype, cd=True).data("A") == ["192.0.2.20"]
    command = ["delv", "@127.0.0.1", "-p", str(signed.server.port), "-a", str(signed.dir / "delv.keys"),
               f"+root={BROKEN}", name, qtype]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "fully validated" not in out.stdout and "resolution failed" in out.stdout + out.stderr, out
    key = signed.broken.dir / f"{signed.broken.ksk}.key"
    out = subprocess.run(["drill", "-S", "-k", key, "-p", str(signed.server.port), "@127.0.0.1", name,
                                   qtype], capture_output=True, text=True, timeout=60, check=False)
    assert ";; Chase successful" not in out.stdout, out.stdout


def test_a_zone_signed_again_stays_secure_while_it_is_asked(signed):
    name, verdicts, silences, stop = f"host.{PARENT}", [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                answer = signed.unbound.ask(name, "A", timeout=10.0, every=1.0)
            except TimeoutError:  # no verdict: Unbound is waiting, or has dropped the query
                silences.append(signed.unbound.log()[-3000:])
                continue
            verdicts.append((answer.rcode, bool(answer.flags & 0x0020), *answer.data("A")))

    def told(address):
        assert thread.is_alive()
        return any(verdict[2:] == (address,) for verdict in verdicts)

    thread = threading.Thread(target=ask)
    thread.start()
    first = signed.server.status(PARENT)["serial"]
    try:
        for serial in range(first + 1, first + 6):
            address = f"192.0.2.{100 + serial}"
            signed.push(PARENT, signed.parent.sign(parent_text(signed.child.ds, serial, address), signed.denial))
            assert signed.server.status(PARENT)["serial"] == serial
            holdfast.wait_for(lambda: told(address), f"{address} by way of Unbound; silences: {silences}", timeout=120)
    finally:
        stop.set()
        thread.join(20)
    assert {verdict[:2] for verdict in verdicts} == {(dns.NOERROR, True)}, set(verdicts)
    assert verdicts[-1][2] == f"192.0.2.{100 + first + 5}"
    assert len({verdict[2] for verdict in verdicts}) >= 5
    # Where Unbound was silent, it was not for a query that holdfastd left without an answer.
    holdfast.wait_for(lambda: unanswered(signed.server) == 0, f"all queries answered; silences: {silences}")


def unanswered(server):
    """How many of the queries that the server received it has not answered."""
    queries, responses, dropped = (
        sum(float(value) for value in re.findall(rf"(?m)^holdfast_{family}_total{{.*}} (\S+)$", server.metrics()))
        for family in ("queries", "responses", "dropped"))
    assert queries > 0 and responses > 0
    return max(queries - responses, dropped)


def test_a_zone_signed_again_under_its_old_serial_is_refused(signed):
    serial = signed.server.status(PARENT)["serial"]
    text = signed.parent.sign(parent_text(signed.child.ds, serial, "192.0.2.99"), signed.denial)
    reply = signed.server.refused(text, zone=PARENT, query=f"base={signed.server.served(PARENT)}")
    assert reply.reason("invalid")["type"] == "SOA", reply
    assert signed.unbound.verdict(f"host.{PARENT}", "A") == ("secure", 0)
