// One message through the protocol core. Octet 0: bit 0 TCP, the rest the server's largest UDP response, in
// units of 28 above 512; then the message.
#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "server/edns.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/query_facts.h"
#include "tests/fuzz/served_zones.h"
#include "tests/server/serving_fixture.h"

namespace holdfast::test {

namespace {

using Octets = std::span<const std::uint8_t>;

struct Fixture {
  RcuThread thread;
  Snapshot snapshot{servedZones()};
};

std::string hexOf(Octets octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

/// The ID means nothing else, so its second octet chooses what an operator can.
MessageSettings settingsFor(Octets message) {
  const unsigned choice = message.size() < 2 ? 0 : message[1];
  constexpr std::array kModes{CookieMode::Off, CookieMode::On, CookieMode::Require, CookieMode::On};
  MessageSettings settings;
  settings.cookies = kModes[choice & 3];
  if ((choice & 4) != 0) settings.nsid = std::string(kMaxNsidOctets, 'n');
  if ((choice & 8) != 0) settings.version = settings.name = std::string(255, 'v');
  return settings;
}

Bytes respond(const Snapshot& snapshot, Octets message, Transport transport, std::uint16_t payload) {
  AnswerScratch scratch(1, payload, settingsFor(message));
  scratch.tcpKeepalive = 100;
  // On the heap and of the exact sizes, so that the address sanitizer sees every octet out of bounds.
  const Bytes in(message.begin(), message.end());
  Bytes out(transport == Transport::Tcp ? kMaxMessageOctets : payload);
  const ReadSection section;
  const std::size_t octets = answer(snapshot, section, {in, {}, transport}, out, scratch);
  expect(octets <= out.size(), "a response fits where it is written");
  out.resize(octets);
  return out;
}

std::size_t limitOf(Transport transport, const std::optional<QueryFacts>& facts, std::uint16_t payload) {
  if (transport == Transport::Tcp) return kMaxMessageOctets;
  if (!facts || !facts->payload) return 512;
  return std::min(payload, std::max<std::uint16_t>(*facts->payload, 512));
}

/// No record stands twice in a section (RFC 2181 section 5).
void expectDistinct(const Decoded& decoded, const std::string& seen) {
  for (const auto& section : decoded.sections) {
    const std::set<std::string_view> distinct(section.begin(), section.end());
    expect(distinct.size() == section.size(), "no record stands twice in a section", seen);
  }
}

void judge(Octets query, Octets response, const std::optional<QueryFacts>& facts) {
  const std::string seen = "query    " + hexOf(query) + "\nresponse " + hexOf(response);
  expect(std::equal(query.begin(), query.begin() + 2, response.begin()), "the ID is echoed", seen);
  expect(((query[2] ^ response[2]) & 0x79) == 0, "opcode and RD are echoed", seen);
  const auto decoded = decode(response);
  expect(decoded.has_value(), "the response is well-formed to its last octet", seen);
  if (!facts) {
    expect(decoded->answer().empty() && decoded->authority().empty() && decoded->additional().empty(),
           "a malformed query gets no records", seen);
    // Of another version the options are not looked at; without a question only a cookie can be asked for.
    const bool asksForCookie =
        query[4] == 0 && query[5] == 0 && (decoded->rcode == 0 || decoded->rcode == 23);
    const bool isMissing = (query[2] & 0x78) != 0 && decoded->rcode == 4;
    expect(decoded->rcode == 1 || isMissing || decoded->rcode == 16 || asksForCookie,
           "a malformed query gets FORMERR, NOTIMP or BADVERS", seen);
    return;
  }
  const Octets echoed = response.subspan(kHeaderOctets, facts->question.size());
  expect(response[5] == 1 && std::equal(echoed.begin(), echoed.end(), facts->question.begin()),
         "the question is echoed octet by octet", seen);
  expect(decoded->edns == facts->payload.has_value(), "an OPT answers an OPT", seen);
  expect(!decoded->edns || decoded->payload >= 512, "the OPT offers 512 octets or more", seen);
  expect(!(decoded->authoritative() && decoded->rcode == 5), "REFUSED is not authoritative", seen);
  expect(decoded->rcode != 3 || decoded->truncated() || !decoded->authority().empty() ||
             !decoded->authoritative(),
         "NXDOMAIN brings the SOA", seen);
  expectDistinct(*decoded, seen);
}

void run(const Fixture& fixture, Octets input) {
  if (input.empty()) return;
  const Transport transport = (input[0] & 1) != 0 ? Transport::Tcp : Transport::Udp;
  const auto payload = static_cast<std::uint16_t>(512 + (input[0] >> 1) * 28u);
  const Octets message = input.subspan(1);
  const Bytes response = respond(fixture.snapshot, message, transport, payload);
  const bool isQuery = message.size() >= kHeaderOctets && (message[2] & 0x80) == 0;
  expect(response.empty() == !isQuery, "every query gets a response, nothing else does", hexOf(message));
  if (!isQuery) return;
  const auto facts = readQueryFacts(message);
  expect(response.size() <= limitOf(transport, facts, payload), "the response keeps to its limit",
         hexOf(message));
  judge(message, response, facts);
}

}  // namespace

}  // namespace holdfast::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const holdfast::test::Fixture fixture;
  holdfast::test::run(fixture, {data, size});
  return 0;
}
