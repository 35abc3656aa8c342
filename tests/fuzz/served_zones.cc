#include "tests/fuzz/served_zones.h"

#include <string>

#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

constexpr char kExample[] = R"(
@ 3600 IN SOA ns1 host 1 7200 900 1209600 300
@ 3600 IN NS ns1
@ 3600 IN NS ns2.sub
@ 300 IN MX 10 mail
@ 300 IN MX 20 mail.elsewhere.test.
@ 60 IN TXT "a" "b" "\000\255\""
@ 60 IN CAA 0 issue "ca.test"
@ 60 IN TYPE65280 \# 4 00ff00ff
ns1 60 IN A 192.0.2.1
ns1 60 IN AAAA 2001:db8::1
mail 60 IN A 192.0.2.2
www 60 IN CNAME ns1
out 60 IN CNAME www.elsewhere.test.
self 60 IN CNAME self
loop1 60 IN CNAME loop2
loop2 60 IN CNAME loop3
loop3 60 IN CNAME loop1
dangling 60 IN CNAME nothing.here
tocut 60 IN CNAME x.cut
intochild 60 IN CNAME www.child
* 60 IN TXT "wild"
*.w 60 IN MX 5 mail
*.w 60 IN CNAME www
b.w 60 IN A 192.0.2.9
*.w2 60 IN MX 5 mail
*.w2 60 IN A 192.0.2.10
deep.empty.w2 60 IN A 192.0.2.11
a.ent.ent2 60 IN A 192.0.2.12
*.star.*.x 60 IN A 192.0.2.13
d 60 IN DNAME target
a.target 60 IN A 192.0.2.14
*.target 60 IN AAAA 2001:db8::14
dd 60 IN DNAME d
dloop 60 IN DNAME down.dloop2
dloop2 60 IN DNAME dloop
grow 60 IN DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.grow2
cut 300 IN NS ns.cut
cut 300 IN NS ns.sibling
cut 300 IN NS ns.away.test.
cut 300 IN DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.cut 300 IN A 192.0.2.20
ns.cut 300 IN AAAA 2001:db8::20
sibling 300 IN NS ns.cut
ns.sibling 300 IN A 192.0.2.21
noglue 300 IN NS ns.away.test.
_s._tcp 60 IN SRV 1 2 53 ns1
_s._tcp 60 IN SRV 1 2 53 ep
https 60 IN HTTPS 1 . alpn=h2
ptr 60 IN PTR www
rrsig 60 IN A 192.0.2.30
rrsig 60 IN RRSIG A 13 3 60 20300101000000 20200101000000 12345 example. AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
rrsig 60 IN NSEC self A RRSIG NSEC
@ 60 IN NSEC *.w NS SOA RRSIG NSEC DNSKEY
@ 60 IN DNSKEY 257 3 13 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
@ 60 IN NSEC3PARAM 1 0 0 -
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG
)";

constexpr char kChild[] = R"(
@ 60 IN SOA ns host 1 2 3 4 5
@ 60 IN NS ns
ns 60 IN A 192.0.2.40
www 60 IN CNAME back.example.
)";

constexpr char kRoot[] = R"(
@ 86400 IN SOA a.root. nstld.root. 1 1800 900 604800 86400
@ 518400 IN NS a.root.
@ 518400 IN NS b.root.
a.root. 518400 IN A 192.0.2.50
b.root. 518400 IN AAAA 2001:db8::50
com. 172800 IN NS a.gtld.com.
com. 172800 IN NS b.gtld.com.
com. 86400 IN DS 19718 13 2 8acbb0cd28f41250a80a491389424d341522d946b0da0c0291f2d3d771d7805a
a.gtld.com. 172800 IN A 192.0.2.51
b.gtld.com. 172800 IN AAAA 2001:db8::51
arpa. 172800 IN NS a.root.
. 86400 IN NSEC aaa. NS SOA RRSIG NSEC DNSKEY
)";

/// A chain longer than is followed.
std::string chain() {
  std::string text;
  for (unsigned i = 0; i < 40; ++i)
    text += "c" + std::to_string(i) + " 5 IN CNAME c" + std::to_string(i + 1) + "\n";
  return text;
}

/// A referral and an MX set that do not fit in a small response.
std::string many() {
  std::string text;
  for (unsigned i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    text += "bigcut 60 IN NS ns" + n + ".bigcut\nns" + n + ".bigcut 60 IN A 192.0.2." + n + "\n";
    text += "bigmx 60 IN MX " + n + " mx-with-a-longer-name-" + n + "\nmx-with-a-longer-name-" + n +
            " 60 IN AAAA 2001:db8::" + n + "\n";
  }
  return text;
}

}  // namespace

std::vector<std::shared_ptr<const Zone>> servedZones() {
  std::string example(kExample);
  // CNAME beside other data is for the guard to refuse; here it shows what a broken zone may do.
  auto zone = zoneOf("example", example + chain() + many());
  zone = withRRset(*zone, "ep.example", endpointOf(0, {1, 2, 3}));
  zone = withRRset(*zone, "pick.example", endpointOf(2, {100, 0, 50, 7, 1}));
  zone = withRRset(*zone, "spare.example", endpointOf(3, {0, 0, 0, 0}));
  zone = withRRset(*zone, "all.example", endpointOf(0, std::vector<std::uint32_t>(300, 1)));
  zone = withRRset(*zone, "*.pick.example", endpointOf(1, std::vector<std::uint32_t>(40, 9)));
  return {zone, zoneOf("child.example", kChild), zoneOf(".", kRoot),
          std::make_shared<const Zone>(*Name::absolute("empty.test"))};
}

}  // namespace holdfast::test
