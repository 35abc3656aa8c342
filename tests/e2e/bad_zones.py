"""Zones with one thing wrong each, for comparing what checkers say of them. The apex is example."""

HEAD = """$ORIGIN example.
$TTL 3600
@ IN SOA ns1 hostmaster 7 14400 3600 1209600 300
@ IN NS ns1
@ IN NS ns2
ns1 IN A 192.0.2.1
ns2 IN A 192.0.2.2
"""

ZEROS = "0" * 64
KEY = "AwEAAcdLq6Z3YLvFKmTJRTvz1eXJqXvJ0lOJw4C3YJ4mMtLu"
# Serial arithmetic reaches 68 years either way.
LATER, PAST, EARLY = "20801231000000", "20200101000000", "20190101000000"


def zone(*lines, without=()):
    head = [line for line in HEAD.splitlines() if line not in without]
    return "\n".join([*head, *lines]) + "\n"


def rrsig(owner, covered, until=LATER, since=EARLY, tag=1, labels=1):
    return f"{owner} IN RRSIG {covered} 8 {labels} 3600 {until} {since} {tag} example. {KEY}"


NS1, NS2 = "@ IN NS ns1", "@ IN NS ns2"
SOA = "@ IN SOA ns1 hostmaster 7 14400 3600 1209600 300"


def soa(mname="ns1", rname="hostmaster", refresh=14400, retry=3600, expire=1209600, minimum=300):
    return zone(f"@ IN SOA {mname} {rname} 7 {refresh} {retry} {expire} {minimum}", without=(SOA,))


# name: (zone file, the code of the finding, or None where the parser refuses it)
ZONES = {
    "good": (HEAD, ""),
    # Structure.
    "no SOA": (zone(without=(SOA,)), "soa-made"),
    "two SOAs": (zone("@ IN SOA ns2 hostmaster 8 14400 3600 1209600 300"), "several-records"),
    "SOA below the apex": (zone("a IN SOA ns1 hostmaster 7 14400 3600 1209600 300"), None),
    "no apex NS": (zone(without=(NS1, NS2)), "no-apex-ns"),
    "one apex NS": (zone(without=(NS2,)), "single-name-server"),
    "CNAME beside A": (zone("a IN CNAME ns1", "a IN A 192.0.2.9"), "cname-and-other-data"),
    "CNAME at the apex": (zone("@ IN CNAME www.example.org."), "cname-and-other-data"),
    "CNAME beside RRSIG and NSEC": (zone("a IN CNAME ns1", "a IN NSEC ns1 CNAME RRSIG NSEC",
                                         rrsig("a", "CNAME", labels=2)), ""),
    "two CNAMEs": (zone("a IN CNAME ns1", "a IN CNAME ns2"), "several-records"),
    "two DNAMEs": (zone("a IN DNAME b.example.org.", "a IN DNAME c.example.org."), "several-records"),
    "CNAME beside DNAME": (zone("a IN CNAME ns1", "a IN DNAME c.example.org."), "cname-and-other-data"),
    "CNAME beside KEY": (zone("a IN CNAME ns1", f"a IN KEY 256 3 8 {KEY}"), "cname-and-other-data"),
    "name below a DNAME": (zone("a IN DNAME c.example.org.", "b.a IN A 192.0.2.9"), "below-dname"),
    "DNAME at the apex": (zone("@ IN DNAME c.example.org."), "below-dname"),
    "DNAME beside NS": (zone("a IN DNAME c.example.org.", "a IN NS ns.example.org."), "dname-and-ns"),
    "NS is a CNAME": (zone("@ IN NS ns3", "ns3 IN CNAME ns1"), "apex-ns-is-cname"),
    "NS of a cut is a CNAME": (zone("sub IN NS ns3", "ns3 IN CNAME ns1"), "ns-is-cname"),
    "apex NS without address": (zone("@ IN NS ns3"), "apex-ns-without-address"),
    "apex NS with other data only": (zone("@ IN NS ns3", "ns3 IN TXT x"), "apex-ns-without-address"),
    "apex NS below a DNAME": (zone("@ IN NS ns3.d", "d IN DNAME example.org."), "apex-ns-without-address"),
    "cut without glue": (zone("sub IN NS ns.sub"), "lame-delegation"),
    "cut with half of its glue": (zone("sub IN NS ns.sub", "sub IN NS ns1"), "missing-glue"),
    "cut with an NS elsewhere in the zone, without address": (zone("sub IN NS ns9"), "ns-without-address"),
    "sibling glue missing": (zone("sub IN NS ns.other", "other IN NS ns.example.org."), "sibling-glue"),
    "data below a cut": (zone("sub IN NS ns.example.org.", "www.sub IN TXT x"), "occluded"),
    "address below a cut that is no glue": (zone("sub IN NS ns.example.org.", "www.sub IN A 192.0.2.9"), "occluded"),
    "data at a cut": (zone("sub IN NS ns.example.org.", "sub IN TXT x"), "occluded"),
    "wildcard NS": (zone("*.w IN NS ns.example.org."), "wildcard-ns"),
    "wildcard DNAME": (zone("*.w IN DNAME example.org."), "wildcard-dname"),
    "asterisk inside": (zone("a.*.w IN A 192.0.2.9"), "inner-asterisk"),
    "name out of the zone": (zone("www.example.org. IN A 192.0.2.9"), None),
    "CNAME to nothing": (zone("a IN CNAME nothing"), "dangling-alias"),
    "CNAME loop": (zone("a IN CNAME b", "b IN CNAME a"), "alias-loop"),
    "CNAME to itself": (zone("a IN CNAME a"), "alias-loop"),
    "origin twice": (zone("a IN CNAME www.example"), "origin-twice"),
    # Hosts.
    "MX to a CNAME": (zone("@ IN MX 10 mail", "mail IN CNAME ns1"), "mx-is-cname"),
    "MX to nothing": (zone("@ IN MX 10 mail"), "mx-without-address"),
    "MX is an address": (zone("@ IN MX 10 192.0.2.1."), "target-is-address"),
    "NS is an address": (zone("@ IN NS 192.0.2.1."), "target-is-address"),
    "MX with a bad name": (zone("@ IN MX 10 ma!l", "ma!l IN A 192.0.2.9"), "not-a-host-name"),
    "NS with a bad name": (zone("@ IN NS n_s", "n_s IN A 192.0.2.9"), "not-a-host-name"),
    "SRV to a CNAME": (zone("_a._tcp IN SRV 1 1 1 b", "b IN CNAME ns1"), "srv-is-cname"),
    "SRV to nothing": (zone("_a._tcp IN SRV 1 1 1 b"), "srv-without-address"),
    "null MX beside another": (zone("@ IN MX 0 .", "@ IN MX 10 ns1"), "null-mx-and-others"),
    "A owner with a bad name": (zone("a!b IN A 192.0.2.9"), "not-a-host-name"),
    "A owner with an underscore": (zone("a_b IN A 192.0.2.9"), ""),
    "two SPF": (zone('@ IN TXT "v=spf1 -all"', '@ IN TXT "v=spf1 +all"'), "several-spf"),
    "SPF type": (zone('@ IN SPF "v=spf1 -all"'), "spf-type"),
    "CAA flags": (zone('@ IN CAA 3 issue "ca.example.org"'), "caa-flags"),
    "SVCB alias beside service": (zone("s IN SVCB 0 b.example.org.", "s IN SVCB 1 b.example.org. port=53"),
                                  "svcb-modes-mixed"),
    "two SVCB aliases": (zone("s IN SVCB 0 b.example.org.", "s IN SVCB 0 c.example.org."), "svcb-several-aliases"),
    "SVCB mandatory key missing": (zone("s IN SVCB 1 b.example.org. mandatory=port alpn=h2"), "svcb-mandatory"),
    "HTTPS alias to itself": (zone("s IN HTTPS 0 s"), "svcb-alias-to-itself"),
    # SOA and TTL.
    "SOA MNAME without address": (soa(mname="ns9"), "soa-mname"),
    "SOA retry above refresh": (soa(refresh=600, retry=3600), "soa-timers"),
    "SOA expire below refresh": (soa(refresh=14400, expire=600), "soa-timers"),
    "SOA minimum of a year": (soa(minimum=31536000), "soa-timers"),
    "TTLs differ": (zone("a 60 IN A 192.0.2.8", "a 61 IN A 192.0.2.9"), "ttl-differs"),
    "TTL over 2^31-1": (zone("a 2147483648 IN A 192.0.2.8"), "ttl-too-large"),
    "duplicate record": (zone("a IN A 192.0.2.8", "a IN A 192.0.2.8"), "duplicate-record"),
    "duplicate but for case": (zone("@ IN MX 10 NS1", "@ IN MX 10 ns1"), "duplicate-but-for-case"),
    "big RRset": (zone(*[f"big IN A 192.0.{i // 250}.{i % 250}" for i in range(300)]), "truncated-by-udp"),
    "RRset over 64 KiB": (zone(*[f"big IN TXT {i:03}{'x' * 250}" for i in range(300)]), "response-too-large"),
    # DNSSEC.
    "DS at the apex": (zone(f"@ IN DS 1 8 2 {ZEROS}"), "ds-at-apex"),
    "DS without NS": (zone(f"a IN DS 1 8 2 {ZEROS}", "a IN A 192.0.2.9"), "ds-without-ns"),
    "DS digest too short": (zone("a IN NS ns1", "a IN DS 1 8 2 00112233"), "ds-digest"),
    "NSEC3PARAM below the apex": (zone("a IN NSEC3PARAM 1 0 0 -"), "nsec3param-not-at-apex"),
    "two NSEC3PARAMs": (zone("@ IN NSEC3PARAM 1 0 0 -", "@ IN NSEC3PARAM 1 0 1 -"), "several-nsec3params"),
    "NSEC3PARAM of unknown hash": (zone("@ IN NSEC3PARAM 2 0 0 -"), "nsec3-hash"),
    "NSEC3PARAM of 151 iterations": (zone("@ IN NSEC3PARAM 1 0 151 -"), "nsec3-iterations-limit"),
    "NSEC3PARAM of 10 iterations": (zone("@ IN NSEC3PARAM 1 0 10 -"), "nsec3-iterations"),
    "NSEC3 with other parameters": (zone("@ IN NSEC3PARAM 1 0 0 -",
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom IN NSEC3 1 0 1 - 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A"), "nsec3-parameters"),
    "NSEC3 chain open": (zone("@ IN NSEC3PARAM 1 0 0 -",
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom IN NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A"), "nsec3-chain"),
    "DNSKEY of another protocol": (zone(f"@ IN DNSKEY 256 2 8 {KEY}"), "dnskey-protocol"),
    "DNSKEY below the apex": (zone(f"a IN DNSKEY 256 3 8 {KEY}"), "dnskey-not-at-apex"),
    "RRSIG over nothing": (zone(rrsig("ns1", "AAAA", labels=2)), "rrsig-without-rrset"),
    "RRSIG expired": (zone(rrsig("@", "SOA", until=PAST)), "rrsig-expired"),
    "RRSIG not yet valid": (zone(rrsig("@", "SOA", since="20790101000000")), "rrsig-not-yet-valid"),
    "signed without DNSKEY": (zone(rrsig("@", "SOA")), "signed-without-dnskey"),
    "RRSIG of an unknown key": (zone(f"@ IN DNSKEY 257 3 8 {KEY}", rrsig("@", "SOA")), "rrsig-key-tag"),
    "DNSKEY and unsigned RRsets": (zone(f"@ IN DNSKEY 257 3 8 {KEY}"), "rrset-unsigned"),
    "NSEC chain open": (zone("@ IN NSEC ns2 NS SOA NSEC", "ns1 IN NSEC ns2 A NSEC", "ns2 IN NSEC @ A NSEC"),
                        "nsec-chain"),
    "NSEC missing": (zone("@ IN NSEC ns2 NS SOA NSEC", "ns2 IN NSEC @ A NSEC"), "nsec-chain"),
    "NSEC with wrong types": (zone("@ IN NSEC ns1 NS SOA NSEC", "ns1 IN NSEC ns2 AAAA NSEC",
                                   "ns2 IN NSEC @ A NSEC"), "nsec-types"),
}
