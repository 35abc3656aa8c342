"""The programs that people use get right answers."""

import os
import subprocess

import holdfast
import pytest
from holdfast import ZONE, client, endpoint
from sample import BIG, everything


@pytest.fixture(scope="module")
def server():
    server = holdfast.Server()
    try:
        server.start().add_zone()
        server.publish(everything())
        yield server
        assert server.is_alive(), server.log()
    finally:
        server.close()


ADDRESSES = ["127.0.0.1"] + (["::1"] if holdfast.HAS_IPV6 else [])


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_dig_gets_the_endpoint(server, address, transport):
    out = client("dig", f"@{address}", "-p", server.port, transport, "+tries=1", f"dynamodb.{ZONE}", "A")
    assert "status: NOERROR" in out and " aa" in out and "192.0.2.10" in out and "192.0.2.11" in out
    assert "WARNING: recursion requested but not available" in out
    assert "Messages has" not in out and "malformed" not in out


def test_dig_retries_a_truncated_answer_over_tcp(server):
    out = client("dig", "@127.0.0.1", "-p", server.port, "+noedns", f"big.{ZONE}", "A")
    assert "Truncated, retrying in TCP mode" in out
    assert all(f"\t{address}\n" in out for address in BIG)


def in_own_network():
    """Commands that run others in a network namespace of their own, and that go into one; skips where nobody may."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    into = ["nsenter", "--net"] if os.geteuid() == 0 else ["nsenter", "--net", "--user", "--preserve-credentials"]
    own = ["unshare", "--net", *user]
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody here make a network namespace")
    return own, into


@pytest.mark.parametrize("address, mtu, limit, targets", [
    ("127.0.0.1", 700, 1232, 50),
    pytest.param("::1", 1280, 4096, 90, marks=pytest.mark.skipif(not holdfast.HAS_IPV6, reason="no IPv6 here"))])
def test_what_the_link_does_not_take_whole_is_truncated_and_not_fragmented(address, mtu, limit, targets):
    own, into = in_own_network()
    listen = f"[{address}]:5300" if ":" in address else f"{address}:5300"
    server = holdfast.Server(listen=[listen], threads=1, limits={"udp-payload": limit})
    server.wrapper = [*own, "sh", "-c", f'ip link set lo mtu {mtu} up && exec "$0" "$@"']
    try:
        server.start().add_zone()
        plan = everything()
        plan["endpoints"]["many"] = endpoint(*BIG[:targets])  # 860 and 1,500 octets
        plan["endpoints"]["some"] = endpoint(*BIG[:36])  # over 512, and within both links
        server.publish(plan)
        inside = [*into, f"--target={server.pid}"]
        dig = [*inside, "dig", f"@{address}", "-p", 5300, "+tries=1", f"+bufsize={limit}", "A"]
        out = client(*dig, f"many.{ZONE}")
        assert "Truncated, retrying in TCP mode" in out
        assert all(f"\t{each}\n" in out for each in BIG[:targets])
        out = client(*dig, "+ignore", f"many.{ZONE}")
        assert " tc" in out and f"udp: {limit}" in out
        assert "Truncated" not in client(*dig, f"some.{ZONE}")  # in the place of the one that was shortened
        metrics = client(*inside, "curl", "-s", f"127.0.0.1:{server.metrics_port}/metrics")
        assert 'holdfast_dropped_total{transport="udp",reason="unsent"} 0' in metrics
        assert 'holdfast_truncated_total{transport="udp"} 2' in metrics
    finally:
        server.close()


def test_dig_shows_nxdomain_nodata_referral_and_dname(server):
    def dig(name, qtype="A"):
        return client("dig", "@127.0.0.1", "-p", server.port, "+tries=1", f"{name}.{ZONE}", qtype)
    assert "status: NXDOMAIN" in dig("nowhere") and "SOA" in dig("nowhere")
    assert "status: NOERROR" in dig("four-only", "AAAA") and "ANSWER: 0" in dig("four-only", "AAAA")
    assert "192.0.2.53" in dig("host.sub") and "ANSWER: 0" in dig("host.sub")
    assert "DNAME" in dig("host.old") and "192.0.2.30" in dig("host.old")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_kdig_gets_the_endpoint(server, address, transport):
    out = client("kdig", f"@{address}", "-p", server.port, transport, "+edns", f"www.{ZONE}", "A")
    assert "status: NOERROR" in out and "CNAME" in out and "192.0.2.10" in out
    assert "WARNING: malformed" not in out


@pytest.mark.parametrize("transport", ["-u", "-t"])
def test_drill_gets_the_endpoint(server, transport):
    out = client("drill", transport, "-p", server.port, "@127.0.0.1", f"dynamodb.{ZONE}", "A")
    assert "rcode: NOERROR" in out and "192.0.2.10" in out


def test_delv_without_a_trust_anchor_gets_the_endpoint(server):
    out = client("delv", "@127.0.0.1", "-p", server.port, "-i", "+noroot", "+nodlv", f"four-only.{ZONE}", "A")
    assert "192.0.2.20" in out


def test_curl_reads_the_status_over_the_unix_socket(server):
    out = client("curl", "-sS", "--fail", "--unix-socket", server.control, "http://localhost/v1/status")
    assert ZONE in out and '"served"' in out


def test_curl_reads_the_metrics(server):
    out = client("curl", "-sS", "--fail", f"http://127.0.0.1:{server.metrics_port}/metrics")
    assert "# TYPE" in out
