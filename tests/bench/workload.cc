#include "tests/bench/workload.h"

#include <string>

#include "server/random.h"
#include "zone/zone.h"

namespace holdfast::bench {

namespace {

constexpr unsigned kServices = 97;
constexpr std::uint32_t kTtl = 5;
constexpr std::uint16_t kUdpPayload = 1232;

const Name& apex() {
  static const Name name = *Name::absolute("us-east-1.example.net.");
  return name;
}

std::string labels(const char* kind, unsigned endpoint) {
  return kind + std::to_string(endpoint) + ".svc" + std::to_string(endpoint % kServices);
}

std::string fourOctets(std::uint32_t address) {
  std::string rdata;
  for (int shift = 24; shift >= 0; shift -= 8) rdata += static_cast<char>(address >> shift & 0xff);
  return rdata;
}

RRset addresses(unsigned endpoint) {
  RRset rrset{RRType::A, kTtl, 0, {}, {}};
  for (unsigned i = 0; i < 4; ++i) rrset.rdata.push_back(fourOctets(0x0a000000u + endpoint * 4 + i));
  return rrset;
}

RRset addressesOf6(unsigned endpoint) {
  RRset rrset{RRType::AAAA, kTtl, 0, {}, {}};
  for (unsigned i = 1; i <= 2; ++i)
    rrset.rdata.push_back("\x20\x01\x0d\xb8" + std::string(4, '\0') + fourOctets(endpoint) + fourOctets(i));
  return rrset;
}

std::shared_ptr<const Zone> makeZone(unsigned endpoints) {
  const Zone empty{apex()};
  ZoneEdit edit(empty);
  const Name server = *apex().child("ns1");
  const std::string serverWire(server.wire());
  const std::string contactWire((*apex().child("hostmaster")).wire());
  edit.setRRsets(apex(), {{RRType::SOA, 3600, 0, {serverWire + contactWire + std::string(20, '\1')}, {}},
                          {RRType::NS, 3600, 0, {serverWire}, {}}});
  edit.setRRsets(server, {{RRType::A, 3600, 0, {fourOctets(0xc0000201u)}, {}}});
  for (unsigned i = 0; i < endpoints; ++i) {
    std::vector<RRset> rrsets{addresses(i)};
    if (i % 4 == 0) rrsets.push_back(addressesOf6(i));
    edit.setRRsets(*Name::fromText(labels("ep", i), apex()), rrsets);
  }
  return edit.finish(1, 1, {});
}

}  // namespace

Workload::Workload(unsigned endpoints, std::size_t questions)
    : snapshot_(std::make_unique<Snapshot>(std::vector<Snapshot::ZonePtr>{makeZone(endpoints)})) {
  Random random(1);
  ends_.reserve(questions);
  octets_.reserve(questions * 64);
  for (std::size_t i = 0; i < questions; ++i) {
    const auto endpoint = static_cast<unsigned>(random.below(endpoints));
    const std::uint64_t share = random.below(100);
    ask(endpoint, share < 95, share >= 85 && share < 95 ? RRType::AAAA : RRType::A);
  }
}

void Workload::ask(unsigned endpoint, bool exists, RRType type) {
  const auto id = static_cast<std::uint16_t>(ends_.size());
  const std::array<std::uint8_t, kHeaderOctets> header{
      static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  octets_.insert(octets_.end(), header.begin(), header.end());
  const Name name = *Name::fromText(labels(exists ? "ep" : "nx", endpoint), apex());
  octets_.insert(octets_.end(), name.wire().begin(), name.wire().end());
  const std::array<std::uint8_t, 4> fixed{0, static_cast<std::uint8_t>(type), 0, kClassIn};
  octets_.insert(octets_.end(), fixed.begin(), fixed.end());
  ends_.push_back(octets_.size());
}

std::span<const std::uint8_t> Workload::message(std::size_t i) const noexcept {
  i %= ends_.size();
  const std::size_t start = i == 0 ? 0 : ends_[i - 1];
  return {octets_.data() + start, ends_[i] - start};
}

NameView Workload::name(std::size_t i) const noexcept {
  const auto octets = message(i);
  return {octets.data() + kHeaderOctets, octets.size() - kHeaderOctets - 4};
}

Answering::Answering(const Workload& workload, std::size_t first)
    : workload_(workload),
      next_(first),
      scratch_(1, kUdpPayload),
      out_(std::size_t{MessageBatch::kMax} * kUdpPayload) {
  for (unsigned i = 0; i < MessageBatch::kMax; ++i)
    batch_[i].out = std::span(out_).subspan(std::size_t{i} * kUdpPayload, kUdpPayload);
}

unsigned Answering::answerBatch(unsigned size) noexcept {
  for (unsigned i = 0; i < size; ++i) batch_[i].request.message = workload_.message(next_++);
  scratch_.beginBatch();
  const ReadSection section;
  batch_.answer(size, workload_.snapshot(), section, scratch_, counters_);
  unsigned responses = 0;
  for (unsigned i = 0; i < size; ++i) responses += batch_[i].octets > 0;
  return responses;
}

}  // namespace holdfast::bench
