"""What clients get from a zone that has one of everything."""

import collections

import dns
import holdfast
import pytest
from sample import BIG, POOL, everything


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


@pytest.mark.parametrize("transport", [
    {}, {"tcp": True}, {"edns": 1232}, {"edns": 1232, "tcp": True},
    pytest.param({"address": "::1"}, marks=pytest.mark.skipif(not holdfast.HAS_IPV6, reason="no IPv6 here")),
    pytest.param({"address": "::1", "tcp": True},
                 marks=pytest.mark.skipif(not holdfast.HAS_IPV6, reason="no IPv6 here")),
], ids=["udp", "tcp", "udp-edns", "tcp-edns", "udp-ipv6", "tcp-ipv6"])
def test_an_endpoint_answers_all_its_targets_over_every_transport(server, transport):
    answer = server.ask("dynamodb", **transport)
    assert answer.rcode == dns.NOERROR and answer.aa and not answer.tc
    assert answer.data("A") == ["192.0.2.10", "192.0.2.11"]
    assert {record.ttl for record in answer.answer} == {5}
    assert server.ask("dynamodb", "AAAA", **transport).data("AAAA") == ["2001:db8::10"]


def test_names_are_found_whatever_their_case_and_the_question_comes_back_as_asked(server):
    octets = dns.ask_udp("127.0.0.1", server.port, dns.query("DyNaMoDb.US-east-1.Example.NET"))
    answer = dns.parse(octets)
    assert answer.data("A") == ["192.0.2.10", "192.0.2.11"]
    assert answer.question[0][0] == "DyNaMoDb.US-east-1.Example.NET."


def test_rd_is_copied_and_recursion_is_never_offered(server):
    answer = server.ask("dynamodb", flags=0x0100)
    assert answer.rd and not answer.ra


def test_pick_answers_that_many_distinct_targets_and_over_time_all_of_them(server):
    seen = collections.Counter()
    for ident in range(200):
        picked = server.ask("picky", ident=ident).data("A")
        assert len(set(picked)) == 2 == len(picked)
        seen.update(picked)
    assert set(seen) == set(POOL)


def test_a_target_of_weight_zero_is_the_last_resort(server):
    assert {tuple(server.ask("last-resort", ident=i).data("A")) for i in range(50)} == {("203.0.113.1",)}


def test_an_answer_too_long_for_udp_is_truncated_and_whole_over_tcp(server):
    short = server.ask("big")
    assert short.tc and short.size <= 512
    assert not server.ask("big", edns=4096, tcp=True).tc
    assert server.ask("big", tcp=True).data("A") == sorted(BIG)


def test_edns_lets_longer_answers_through_up_to_the_servers_own_limit(server):
    answer = server.ask("big", edns=65535)
    assert answer.opt and answer.size <= 1232
    assert answer.tc or answer.data("A") == sorted(BIG)
    assert answer.opt.rclass >= 512
    assert server.ask("big").opt is None


def test_an_offered_payload_below_512_counts_as_512(server):
    answer = server.ask("dynamodb", edns=10)
    assert answer.data("A") == ["192.0.2.10", "192.0.2.11"] and not answer.tc


def test_an_unknown_edns_version_gets_badvers(server):
    answer = server.ask("dynamodb", edns=1232, version=1)
    assert answer.rcode == dns.BADVERS and answer.opt and not answer.answer


def test_a_name_that_does_not_exist_is_nxdomain_with_soa(server):
    answer = server.ask("nowhere")
    assert answer.is_nxdomain and not answer.answer
    soa = answer.authority[0]
    assert soa.name.lower() == holdfast.ZONE + "." and soa.ttl <= soa.data[6]


def test_a_type_that_does_not_exist_is_nodata_with_soa(server):
    assert server.ask("four-only", "AAAA").is_nodata
    assert server.ask("www", "CNAME").data("CNAME") == ["dynamodb." + holdfast.ZONE + "."]


def test_an_empty_non_terminal_is_nodata_not_nxdomain(server):
    assert server.ask("nonterminal").is_nodata
    assert server.ask("empty.nonterminal").is_nodata
    assert server.ask("other.empty.nonterminal").is_nxdomain


def test_a_cname_chain_comes_in_order_with_the_addresses_at_its_end(server):
    answer = server.ask("alias1")
    assert answer.types() == ["CNAME", "CNAME", "CNAME", "A", "A"]
    owners = [record.name.split(".")[0] for record in answer.answer]
    assert owners[:4] == ["alias1", "alias2", "www", "dynamodb"]
    assert answer.data("A") == ["192.0.2.10", "192.0.2.11"]


def test_a_cname_out_of_the_zone_is_answered_alone(server):
    answer = server.ask("outside")
    assert answer.rcode == dns.NOERROR and answer.types() == ["CNAME"]


def test_a_cname_to_a_missing_name_is_nxdomain_with_the_cname(server):
    answer = server.ask("dangling")
    assert answer.rcode == dns.NXDOMAIN and answer.types() == ["CNAME"]
    assert "SOA" in answer.types("authority")


def test_a_cname_loop_ends_in_one_bounded_answer(server):
    answer = server.ask("loop-a")
    assert len(answer.answer) <= 20 and set(answer.types()) <= {"CNAME"}


def test_a_wildcard_answers_in_the_name_asked(server):
    answer = server.ask("anything.wild")
    assert answer.data("A") == ["192.0.2.40"] and answer.answer[0].name.startswith("anything.wild.")
    assert server.ask("a.b.c.wild", "TXT").data("TXT") == ["from the wildcard"]
    assert server.ask("anything.wild", "MX").is_nodata
    assert server.ask("x.wildalias").data("A") == ["192.0.2.10", "192.0.2.11"]


def test_a_wildcard_does_not_cover_a_name_that_exists_nor_what_is_below_it(server):
    assert server.ask("exists.wild").data("A") == ["192.0.2.41"]
    assert server.ask("exists.wild", "TXT").is_nodata
    assert server.ask("below.exists.wild").is_nxdomain


@pytest.mark.parametrize("name", ["sub", "host.sub", "deep.host.sub"])
def test_a_delegation_is_a_referral_with_glue(server, name):
    answer = server.ask(name)
    assert answer.rcode == dns.NOERROR and not answer.aa and not answer.answer
    assert answer.data("NS", "authority") == ["ns.example.org.", "ns1.sub." + holdfast.ZONE + "."]
    assert answer.data("A", "additional") == ["192.0.2.53"]
    assert answer.data("AAAA", "additional") == ["2001:db8::53"]


def test_ds_at_a_cut_is_answered_by_the_parent(server):
    answer = server.ask("sub", "DS")
    assert answer.aa and answer.types() == ["DS"]


def test_glue_is_not_answered_with_authority(server):
    answer = server.ask("ns1.sub")
    assert not answer.aa and not answer.answer and "NS" in answer.types("authority")


def test_a_dname_is_answered_with_a_cname_made_of_it(server):
    answer = server.ask("host.old")
    assert answer.types() == ["DNAME", "CNAME", "A"]
    assert answer.answer[1].name.startswith("host.old.")
    assert answer.answer[1].data == "host.new." + holdfast.ZONE + "."
    assert answer.data("A") == ["192.0.2.30"]
    assert server.ask("old", "DNAME").types() == ["DNAME"]
    assert server.ask("old").is_nodata


def test_a_dname_that_makes_too_long_a_name_is_yxdomain(server):
    # "new" is as long as "old", so the name has to come close to the limit on another way: a longer target.
    server.publish({"plan": 1, "zone": holdfast.ZONE, "base": server.served(), "kind": "delta",
                    "records": ["short 300 IN DNAME " + "t" * 60 + ".new"]})
    labels = ".".join(["a" * 60, "b" * 60, "c" * 60])
    answer = server.ask(labels + ".short")
    assert answer.rcode == dns.YXDOMAIN and "DNAME" in answer.types()


@pytest.mark.parametrize("name, qtype, part", [
    ("@", "MX", "mail."), ("@", "TXT", "v=spf1 -all second string"), ("_dns._udp", "SRV", "mail."),
    ("@", "CAA", b"\0\x05issueca.example.org"), ("custom", "TYPE65280", b"\x0a\0\0\x01"),
    ("@", "NS", "ns1.example.org."), ("@", "SOA", "hostmaster.")])
def test_every_other_type_is_answered(server, name, qtype, part):
    answer = server.ask(name, qtype)
    assert answer.rcode == dns.NOERROR and answer.aa and answer.answer
    data = [record.data for record in answer.answer]
    assert any(part == d if isinstance(d, bytes) else part in str(d) for d in data), data


def test_the_addresses_of_names_in_the_answer_come_along(server):
    assert "192.0.2.25" in server.ask("@", "MX").data("A", "additional")


def test_a_name_of_no_zone_held_is_refused(server):
    answer = server.ask("example.com.")
    assert answer.rcode == dns.REFUSED and not answer.aa and not answer.answer and not answer.authority


def test_the_soa_serial_follows_the_generation(server):
    before = server.ask("@", "SOA").answer[0].data
    assert before[2] == server.served()


def test_several_queries_on_one_tcp_connection_are_all_answered(server):
    import socket
    import struct
    queries = [dns.query("dynamodb." + holdfast.ZONE, "A" if i % 2 else "AAAA", ident=i) for i in range(20)]
    with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
        sock.sendall(b"".join(struct.pack("!H", len(q)) + q for q in queries))
        seen = set()
        for _ in queries:
            size = struct.unpack("!H", dns.receive_exactly(sock, 2))[0]
            answer = dns.parse(dns.receive_exactly(sock, size))
            assert answer.answer
            seen.add(answer.ident)
    assert seen == set(range(20))


def test_a_zone_without_content_is_servfail(make_server):
    other = make_server().add_zone()
    assert other.ask("anything").rcode == dns.SERVFAIL
