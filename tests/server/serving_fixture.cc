#include "tests/server/serving_fixture.h"

#include <arpa/inet.h>

#include <stdexcept>

#include "zone/compile.h"

namespace holdfast::test {

std::shared_ptr<const Zone> zoneOf(std::string_view apex, std::string_view text) {
  const auto name = Name::absolute(apex);
  if (!name) throw std::runtime_error(name.error().text());
  const auto plan = parseZoneFilePlan(text, *name, PlanLimits{});
  if (!plan) throw std::runtime_error(plan.error().text());
  return compilePlan(Zone(*name), *plan, 1, 1, WallTime{});
}

std::shared_ptr<const Zone> withRRset(const Zone& zone, std::string_view text, RRset rrset) {
  const auto name = Name::absolute(text);
  if (!name) throw std::runtime_error(name.error().text());
  ZoneEdit edit(zone);
  rrset.canonicalise();
  edit.setRRset(*name, std::move(rrset));
  return edit.finish(zone.generation() + 1, zone.serial() + 1, WallTime{});
}

RRset endpointOf(std::uint16_t pick, const std::vector<std::uint32_t>& weights, std::uint32_t ttl) {
  RRset rrset;
  rrset.type = RRType::A;
  rrset.ttl = ttl;
  rrset.pick = pick;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    rrset.rdata.push_back({10, 0, static_cast<char>(i >> 8), static_cast<char>(i)});
    rrset.targets.push_back({"lb-" + std::to_string(i), weights[i]});
  }
  return rrset;
}

ClientAddress clientAt(const char* address) {
  sockaddr_storage storage{};
  auto& four = reinterpret_cast<sockaddr_in&>(storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
    storage.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1)
    storage.ss_family = AF_INET6;
  else
    throw std::runtime_error("not an address");
  return ClientAddress(storage);
}

Answers::Answers(std::vector<std::shared_ptr<const Zone>> zones, std::uint16_t payload,
                 MessageSettings settings)
    : snapshot_(std::move(zones)),
      scratch_(std::make_unique<AnswerScratch>(1, payload, std::move(settings))) {}

void Answers::setClient(const char* address) {
  client_ = clientAt(address);
}

Bytes Answers::raw(std::span<const std::uint8_t> message, Transport transport) {
  // On the heap and of the exact sizes, so that the address sanitizer sees every octet out of bounds.
  const Bytes in(message.begin(), message.end());
  Bytes out(transport == Transport::Tcp ? kMaxMessageOctets : scratch_->udpPayload);
  const RcuThread thread;
  const ReadSection section;
  out.resize(answer(snapshot_, section, {in, client_.octets(), transport}, out, *scratch_));
  return out;
}

Decoded Answers::ask(const Ask& ask, Transport transport) {
  const Bytes response = raw(queryBytes(ask), transport);
  const std::size_t client = std::max<std::size_t>(ask.edns.value_or(512), 512);
  if (transport == Transport::Udp && response.size() > client) throw std::runtime_error("over the limit");
  const auto decoded = decode(response);
  if (!decoded) throw std::runtime_error("not a well-formed response");
  return *decoded;
}

}  // namespace holdfast::test
