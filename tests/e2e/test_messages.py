"""EDNS options, cookies, extended errors, class CH and opcodes, as clients on the wire see them."""

import re
import socket

import dns
import holdfast
import pytest
from holdfast import ZONE, client
from sample import everything

NAME = f"dynamodb.{ZONE}"
ADDRESSES = ["127.0.0.1"] + (["::1"] if holdfast.HAS_IPV6 else [])
CLIENT_COOKIE = bytes(range(1, 9))


@pytest.fixture(scope="module")
def server():
    server = holdfast.Server(identity={"nsid": "ns7.test", "version": "auto", "name": "ns7"},
                             limits={"tcp-idle": "12s"})
    try:
        server.start().add_zone()
        server.publish(everything())
        server.add_zone("empty.test")
        yield server
        assert server.is_alive(), server.log()
    finally:
        server.close()


def dig(server, *arguments, address="127.0.0.1"):
    return client("dig", f"@{address}", "-p", server.port, "+tries=1", "+time=3", "+qr", *arguments)


def test_dig_nsid(server):
    assert 'NSID: 6e 73 37 2e 74 65 73 74 ("ns7.test")' in dig(server, "+nsid", NAME)


@pytest.mark.parametrize("address", ADDRESSES)
def test_dig_learns_a_cookie_and_uses_it(server, address):
    first = dig(server, "+cookie=0102030405060708", NAME, address=address)
    cookie = re.search(r"COOKIE: (0102030405060708[0-9a-f]{32}) \(good\)", first)
    assert cookie, first
    second = dig(server, f"+cookie={cookie.group(1)}", NAME, address=address)
    sent, echoed = re.findall(r"COOKIE: ([0-9a-f]+)", second)
    assert sent == echoed == cookie.group(1) and "192.0.2.10" in second


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("tcp", [False, True])
def test_a_cookie_is_for_one_address(server, address, tcp):
    """RFC 9018 section 4.4: the address of the socket goes into the hash, by either transport."""
    def cookie_for(sent):
        return server.ask("dynamodb", tcp=tcp, address=address, options=[(dns.COOKIE, sent)]).option(dns.COOKIE)
    learnt = cookie_for(CLIENT_COOKIE)
    assert len(learnt) == 24 and learnt[:8] == CLIENT_COOKIE and cookie_for(learnt) == learnt
    before = metric(server, "holdfast_cookies_total", "invalid")
    query = dns.query(NAME, options=[(dns.COOKIE, learnt)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        other.settimeout(3)
        other.sendto(query, ("127.0.0.1", server.port))
        renewed = dns.parse(other.recv(4096)).option(dns.COOKIE)
    assert renewed[:8] == CLIENT_COOKIE and renewed[16:] != learnt[16:]
    assert metric(server, "holdfast_cookies_total", "invalid") == before + 1


def metric(server, family, *labels):
    """The sum over the samples of a family that have all these label values."""
    lines = [line for line in server.metrics().splitlines()
             if line.startswith(family + "{") and all(f'="{label}"' in line for label in labels)]
    assert lines, f"no {family} {labels}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_dig_sends_odd_options_and_flags(server):
    out = dig(server, "+ednsopt=65001:abcdef", "+ednsopt=15", "+ednsflags=0x7fff", "+dnssec", NAME)
    assert "status: NOERROR" in out and "flags: do; udp: 1232" in out.split("Got answer")[1]


def test_dig_negotiates_the_version(server):
    out = client("dig", "@127.0.0.1", "-p", server.port, "+edns=3", "+noednsnegotiation", NAME)
    assert "status: BADVERS" in out and "version: 0" in out
    assert "status: NOERROR" in dig(server, "+edns=3", NAME)


def test_dig_shows_extended_errors(server):
    assert "EDE: 20 (Not Authoritative): (no zone of this name is held here)" in dig(server, "elsewhere.test")
    assert "EDE: 14 (Not Ready): (the zone has no content yet)" in dig(server, "www.empty.test")
    assert "EDE: 21 (Not Supported)" in dig(server, "+opcode=NOTIFY", ZONE, "SOA")
    assert "EDE" not in dig(server, NAME) and "EDE" not in dig(server, f"nowhere.{ZONE}")
    assert metric(server, "holdfast_extended_errors_total", "20") >= 1


def test_dig_reads_the_chaos_names(server):
    assert '"Holdfast ' in dig(server, "+short", "CH", "TXT", "version.bind")
    out = dig(server, "CH", "TXT", "id.server")
    assert re.search(r'id\.server\.\s+0\s+CH\s+TXT\s+"ns7"', out) and " aa" in out
    assert "status: REFUSED" in dig(server, "CH", "TXT", "authors.bind")


def test_kdig_pads_and_keeps_alive_by_tcp_only(server):
    out = client("kdig", "@127.0.0.1", "-p", server.port, "+tcp", "+padding=64", "+ednsopt=11", NAME, "A")
    assert "Received 468 B" in out and "PADDING: " in out
    assert re.search(r"(keepalive|Option \(11\)|EDNS-TCP-KEEPALIVE|CODE11).*", out, re.IGNORECASE), out
    out = client("kdig", "@127.0.0.1", "-p", server.port, "+notcp", "+padding=64", NAME, "A")
    assert "PADDING: " not in out.split("Received")[0].split("ADDITIONAL")[0]
    asked = [(dns.KEEPALIVE, b""), (dns.PADDING, b"\0" * 20)]
    by_tcp = server.ask("dynamodb", tcp=True, options=asked)
    assert by_tcp.size == 468 and by_tcp.option(dns.KEEPALIVE) == (120).to_bytes(2, "big")
    by_udp = server.ask("dynamodb", options=asked)
    assert by_udp.option(dns.KEEPALIVE) is None and by_udp.option(dns.PADDING) is None


def test_dig_asks_for_a_cookie_alone(server):
    out = dig(server, "+header-only", "+cookie=0102030405060708")
    assert "status: NOERROR" in out and "QUERY: 0" in out and "(good)" in out


@pytest.mark.parametrize("opcode", ["IQUERY", "STATUS", "NOTIFY", "UPDATE", "6", "15"])
def test_dig_other_opcodes_are_notimp(server, opcode):
    assert "status: NOTIMP" in dig(server, f"+opcode={opcode}", NAME)


def test_cookies_are_required_by_configuration(make_server):
    server = make_server(cookies={"mode": "require"}).add_zone()
    server.publish(everything())
    first = server.ask("dynamodb", options=[(dns.COOKIE, CLIENT_COOKIE)])
    assert first.rcode == dns.BADCOOKIE and not first.answer
    again = server.ask("dynamodb", options=[(dns.COOKIE, first.option(dns.COOKIE))])
    assert again.rcode == dns.NOERROR and again.answer
    without = server.ask("dynamodb")
    assert without.tc and not without.answer
    assert server.ask("dynamodb", tcp=True).answer
    # dig and kdig find the way by themselves.
    assert "192.0.2.10" in client("dig", "@127.0.0.1", "-p", server.port, NAME)
    assert "192.0.2.10" in client("dig", "@127.0.0.1", "-p", server.port, "+nocookie", NAME)
    assert "192.0.2.10" in client("kdig", "@127.0.0.1", "-p", server.port, NAME)


def test_servers_of_a_set_take_each_others_cookies_while_secrets_roll(make_server, tmp_path):
    old, new = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"

    def start(name, *secrets):
        path = tmp_path / name
        path.write_text("\n".join(secrets) + "\n")
        server = make_server(cookies={"secret-file": str(path)}).add_zone()
        server.publish(everything())
        return server

    def state_of(server, cookie):
        server.ask("dynamodb", options=[(dns.COOKIE, cookie)])
        return [state for state in ("valid", "invalid") if metric(server, "holdfast_cookies_total", state)]

    before, during, after = start("a", old, new), start("b", new, old), start("c", new)
    cookie = before.ask("dynamodb", options=[(dns.COOKIE, CLIENT_COOKIE)]).option(dns.COOKIE)
    assert state_of(during, cookie) == ["valid"]
    renewed = during.ask("dynamodb", options=[(dns.COOKIE, cookie)]).option(dns.COOKIE)
    assert state_of(after, renewed) == ["valid"]
    assert state_of(before, renewed) == ["valid"]
    assert state_of(start("d", old), renewed) == ["invalid"]
    for server in (before, during, after):
        assert old not in server.log().lower() and new not in server.log().lower()


def test_a_bad_file_of_secrets_stops_the_start_with_its_line(tmp_path):
    path = tmp_path / "secrets"
    path.write_text("# mine\nnot-a-secret-at-all\n")
    server = holdfast.Server(cookies={"secret-file": str(path)})
    try:
        with pytest.raises(AssertionError, match="holdfastd ended with 1"):
            server.start()
        assert f"{path}:2: a cookie secret must be 32 hexadecimal digits" in server.log()
        assert "not-a-secret" not in server.log()
    finally:
        server.close()
