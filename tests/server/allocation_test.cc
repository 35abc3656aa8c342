// In programs without a sanitizer only: those bring allocation functions of their own.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/server/serving_fixture.h"
#include "zone/denial.h"

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

namespace {

constexpr const char* kHead = "@ 60 IN SOA ns a 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";

std::string signatureOf(const std::string& owner, const std::string& type, unsigned labels) {
  return owner + " 60 IN RRSIG " + type + " 13 " + std::to_string(labels) +
         " 60 20301231000000 20250101000000 1 @ aaaa\n";
}

/// A chain of NSEC3 over the apex, ns, w and *.w of the apex.
std::string nsec3Chain(const std::string& apex) {
  const Nsec3Parameters parameters{10, "\xaa\xbb"};
  std::vector<std::string> labels;
  for (const std::string& owner : {apex, "ns." + apex, "w." + apex, "*.w." + apex}) {
    std::array<std::uint8_t, kNsec3LabelOctets> label;
    toBase32Hex(hashNsec3(*Name::absolute(owner), parameters), label);
    labels.emplace_back(label.begin(), label.end());
  }
  std::sort(labels.begin(), labels.end());
  std::string lines = "@ 60 IN NSEC3PARAM 1 0 10 aabb\n";
  for (std::size_t i = 0; i < labels.size(); ++i)
    lines += labels[i] + " 60 IN NSEC3 1 0 10 aabb " + labels[(i + 1) % labels.size()] + " A\n" +
             signatureOf(labels[i], "NSEC3", 3);
  return lines;
}

/// Whether the authority section proves something by NSEC or NSEC3.
bool proves(const Decoded& response) {
  return std::ranges::any_of(response.authority(), [](const std::string& record) {
    return record.find(" NSEC") != std::string::npos;
  });
}

}  // namespace

TEST_CASE("allocations are counted, whoever asks for them") {
  std::uint64_t before = allocations;
  void* volatile memory = ::operator new(16);
  CHECK(allocations == before + 1);
  ::operator delete(memory);
  before = allocations;
  memory = std::malloc(16);  // NOLINT(cppcoreguidelines-no-malloc)
  CHECK(allocations == before + 1);
  before = allocations;
  memory = std::realloc(memory, 1 << 16);  // NOLINT(cppcoreguidelines-no-malloc)
  CHECK(allocations == before + 1);
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
  before = allocations;
  memory = std::calloc(2, 8);  // NOLINT(cppcoreguidelines-no-malloc)
  CHECK(allocations == before + 1);
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc)
}

TEST_CASE("I13: answering allocates nothing, whatever is asked") {
  auto zone = zoneOf("example", std::string(kHead) +
                                    "www 60 IN CNAME ns\nd 60 IN DNAME ns\ncut 60 IN NS ns.cut\n"
                                    "ns.cut 60 IN A 192.0.2.2\n* 60 IN MX 1 ns\n");
  zone = withRRset(*zone, "pick.example", endpointOf(8, std::vector<std::uint32_t>(2000, 3)));
  zone = withRRset(*zone, "all.example", endpointOf(0, std::vector<std::uint32_t>(2000, 3)));
  const std::string wildcard = "*.w 60 IN A 192.0.2.3\n" + signatureOf("*.w", "A", 3);
  const auto nsec = zoneOf("nsec.example", kHead + wildcard + signatureOf("@", "SOA", 2) +
                                               "@ 60 IN NSEC ns SOA NS\nns 60 IN NSEC *.w A\n"
                                               "*.w 60 IN NSEC @ A\n" +
                                               signatureOf("@", "NSEC", 2) + signatureOf("ns", "NSEC", 3) +
                                               signatureOf("*.w", "NSEC", 3));
  const auto nsec3 =
      zoneOf("nsec3.example", kHead + wildcard + signatureOf("@", "SOA", 2) + nsec3Chain("nsec3.example"));
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
        "all.example", "a.b.example", "other.", "version.bind", "a.nsec.example", "a.b.nsec3.example",
        "x.w.nsec.example", "x.w.nsec3.example", "x.y.w.nsec.example", "x.y.w.nsec3.example"})
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
        const std::size_t octets =
            answer(snapshot, section, {query, client.octets(), transport}, out, *scratch);
        const std::uint64_t after = allocations;
        INFO(name << " " << static_cast<unsigned>(type));
        CHECK(octets > 12);
        CHECK(after == before);
        const bool isSigned = std::string_view(name).find("nsec") != std::string_view::npos;
        const auto response = decode(std::span(out).first(octets));
        REQUIRE(response);
        CHECK((!isSigned || type == RRType::ANY || proves(*response)));
      }
}

}  // namespace holdfast::test
