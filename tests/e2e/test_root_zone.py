"""The DNS root of 2020: 17,000 records, delegations with glue, DNSSEC records, no SOA of its own."""

import holdfast
import pytest
from holdfast import client


@pytest.fixture(scope="module")
def server(root_zone):
    server = holdfast.Server()
    try:
        server.start().add_zone(".")
        path = server.write("root.zone", root_zone)
        done = server.zonectl("push", ".", path, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        yield server
        assert server.is_alive(), server.log()
    finally:
        server.close()


def test_a_top_level_domain_is_a_referral_with_glue(server):
    answer = server.ask("www.example.com.", edns=1232)
    assert not answer.aa and not answer.answer and not answer.tc
    names = answer.data("NS", "authority")
    assert names == [f"{letter}.gtld-servers.net." for letter in "abcdefghijklm"]
    assert "192.5.6.30" in answer.data("A", "additional")


def test_a_referral_fits_512_octets_and_names_every_server(server):
    answer = server.ask("example.com.")
    assert answer.size <= 512
    assert answer.tc or len(answer.data("NS", "authority")) == 13


def test_the_apex_answers_ns_soa_and_dnskey(server):
    assert len(server.ask(".", "NS").data("NS")) == 13
    assert len(server.ask(".", "SOA").answer) == 1
    assert len([r for r in server.ask(".", "DNSKEY", edns=1232).answer if r.type == "DNSKEY"]) == 2


def test_ds_of_a_delegation_is_authoritative(server):
    answer = server.ask("com.", "DS", edns=1232)
    assert answer.aa and answer.types() == ["DS"]


def test_a_missing_top_level_domain_is_nxdomain(server):
    assert server.ask("no-such-tld.").is_nxdomain
    assert server.ask("deep.below.no-such-tld.").is_nxdomain


def test_every_top_level_domain_gets_a_referral(server, root_zone):
    domains = sorted({line.split()[0] for line in root_zone.splitlines()
                      if line and line.split()[3] == "NS" and not line.startswith(".")})
    assert len(domains) > 1400
    for domain in domains:
        answer = server.ask("x." + domain, edns=1232)
        assert answer.rcode == 0 and not answer.aa and "NS" in answer.types("authority"), domain


@pytest.mark.parametrize("command", [
    ("dig", "@127.0.0.1", "-p", "PORT", "+norecurse", "+dnssec", "se.", "NS"),
    ("kdig", "@127.0.0.1", "-p", "PORT", "+norec", "+dnssec", "se.", "NS"),
    ("drill", "-D", "-p", "PORT", "@127.0.0.1", "se.", "NS"),
], ids=["dig", "kdig", "drill"])
def test_clients_get_the_referral(server, command):
    out = client(*[str(server.port) if part == "PORT" else part for part in command])
    assert "NOERROR" in out and "ns.se." in out.replace("a.ns.se.", "a.ns.se. ns.se.")


def test_the_zone_shown_as_a_zone_file_can_be_pushed_again_with_no_change(server):
    shown = server.get(f"/v1/zones/%2e/plans/{server.served('.')}", accept="text/dns")
    assert shown.status == 200 and shown.text.count("\n") > 17000
    again = server.submit(shown.text, zone="%2e", query=f"dry-run=true&base={server.served('.')}")
    assert again.status == 200, again
    assert again.json["changes"] == {"added": 0, "removed": 0, "changed": 0}
