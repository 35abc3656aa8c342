"""A zone that has one of everything, as a plan."""

from holdfast import endpoint, full

BIG = [f"192.0.2.{i}" for i in range(1, 101)]
POOL = [f"198.51.100.{i}" for i in range(1, 9)]


def everything(generation=1):
    last_resort = {"ttl": 5, "answer": {"pick": 1}, "targets": [
        {"id": "live", "address": "203.0.113.1", "weight": 100},
        {"id": "spare", "address": "203.0.113.2", "weight": 0}]}
    return full(generation, {
        "dynamodb": endpoint("192.0.2.10", "192.0.2.11", "2001:db8::10"),
        "four-only": endpoint("192.0.2.20"),
        "picky": endpoint(*POOL, pick=2),
        "big": endpoint(*BIG),
        "last-resort": last_resort,
        "host.new": endpoint("192.0.2.30"),
    }, [
        "www 60 IN CNAME dynamodb",
        "alias1 60 IN CNAME alias2",
        "alias2 60 IN CNAME www",
        "outside 60 IN CNAME host.example.org.",
        "dangling 60 IN CNAME nowhere",
        "loop-a 60 IN CNAME loop-b",
        "loop-b 60 IN CNAME loop-a",
        "@ 300 IN MX 10 mail",
        "mail 300 IN A 192.0.2.25",
        '@ 300 IN TXT "v=spf1 -all" "second string"',
        "_dns._udp 300 IN SRV 0 5 53 mail",
        '@ 300 IN CAA 0 issue "ca.example.org"',
        "*.wild 300 IN A 192.0.2.40",
        '*.wild 300 IN TXT "from the wildcard"',
        "*.wildalias 300 IN CNAME dynamodb",
        "exists.wild 300 IN A 192.0.2.41",
        "leaf.empty.nonterminal 300 IN A 192.0.2.50",
        "sub 3600 IN NS ns1.sub",
        "sub 3600 IN NS ns.example.org.",
        "sub 3600 IN DS 12345 8 2 " + "ab" * 32,
        "ns1.sub 3600 IN A 192.0.2.53",
        "ns1.sub 3600 IN AAAA 2001:db8::53",
        "old 300 IN DNAME new",
        "custom 300 IN TYPE65280 \\# 4 0a000001",
    ])
