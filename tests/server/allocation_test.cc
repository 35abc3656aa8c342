// In programs without a sanitizer only: those bring allocation functions of their own.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/server/serving_fixture.h"

// What the C library calls its own; operator new and OpenSSL come by malloc.
extern "C" void* __libc_malloc(std::size_t octets);  // NOLINT(bugprone-reserved-identifier)
extern "C" void* __libc_calloc(std::size_t count,
                               std::size_t octets);                 // NOLINT(bugprone-reserved-identifier)
extern "C" void* __libc_realloc(void* memory, std::size_t octets);  // NOLINT(bugprone-reserved-identifier)

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

// In the place of the C library's, so that every allocation of this thread is seen, whoever asks for it.
extern "C" void* malloc(std::size_t octets) {
  ++allocations;
  return __libc_malloc(octets);
}
extern "C" void* calloc(std::size_t count, std::size_t octets) {
  ++allocations;
  return __libc_calloc(count, octets);
}
extern "C" void* realloc(void* memory, std::size_t octets) {
  ++allocations;
  return __libc_realloc(memory, octets);
}

namespace holdfast::test {

TEST_CASE("I13: answering allocates nothing, whatever is asked") {
  auto zone = zoneOf("example",
                     "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
                     "www 60 IN CNAME ns\nd 60 IN DNAME ns\ncut 60 IN NS ns.cut\n"
                     "ns.cut 60 IN A 192.0.2.2\n* 60 IN MX 1 ns\n");
  zone = withRRset(*zone, "pick.example", endpointOf(8, std::vector<std::uint32_t>(2000, 3)));
  zone = withRRset(*zone, "all.example", endpointOf(0, std::vector<std::uint32_t>(2000, 3)));
  const auto nsec = zoneOf("nsec.example",
                           "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
                           "@ 60 IN NSEC ns SOA NS\nns 60 IN NSEC @ A\n"
                           "@ 60 IN RRSIG NSEC 13 2 60 20301231000000 20250101000000 1 @ aaaa\n");
  const auto nsec3 = zoneOf(
      "nsec3.example",
      "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n@ 60 IN NSEC3PARAM 1 0 10 aabb\n"
      "@ 60 IN RRSIG SOA 13 2 60 20301231000000 20250101000000 1 @ aaaa\n"
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 10 aabb 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
  const Snapshot snapshot({zone, nsec, nsec3});
  MessageSettings settings;
  settings.cookies = CookieMode::On;
  settings.secrets.other = SipHashKey{1};
  settings.nsid = settings.version = "ns1";
  const auto scratch = std::make_unique<AnswerScratch>(1, std::uint16_t{1232}, settings);
  const ClientAddress client = clientAt("2001:db8::1");
  // NSID, a cookie that is not ours, keepalive, padding.
  const Bytes options = optionBytes({{3, {}}, {10, Bytes(24, 1)}, {11, {}}, {12, Bytes(4)}});
  Bytes out(kMaxMessageOctets);
  const RcuThread thread;
  for (const char* name :
       {"ns.example", "www.example", "x.d.example", "x.cut.example", "y.example", "pick.example",
        "all.example", "a.b.example", "other.", "version.bind", "a.nsec.example", "a.b.nsec3.example"})
    for (const RRType type : {RRType::A, RRType::MX, RRType::ANY, RRType::DS})
      for (const Transport transport : {Transport::Udp, Transport::Tcp}) {
        const std::uint16_t qclass = std::string_view(name) == "version.bind" ? 3 : 1;
        const Bytes query = queryBytes({.name = name,
                                        .type = type,
                                        .edns = 1232,
                                        .qclass = qclass,
                                        .dnssecOk = true,
                                        .options = options});
        const std::uint64_t before = allocations;
        const ReadSection section;
        scratch->beginBatch();
        const std::size_t octets = answer(snapshot, section, {query, transport, client}, out, *scratch);
        const std::uint64_t after = allocations;
        INFO(name << " " << static_cast<unsigned>(type));
        CHECK(octets > 12);
        CHECK(after == before);
      }
}

}  // namespace holdfast::test
