// What RDATA must be beyond its form: SOA, TXT, CAA, SVCB, records that are equal but for case.
#include <algorithm>
#include <array>

#include "zone/record_text.h"
#include "zone/zone_checker.h"

namespace holdfast {

namespace {

constexpr auto kSpf = RRType{99};
constexpr auto kCaa = RRType{257};
constexpr std::uint32_t kDay = 86'400;

bool isSpf(std::span<const std::uint8_t> rdata) noexcept {
  constexpr std::string_view kMark = "v=spf1";
  if (rdata.size() < 1 + kMark.size() || rdata[0] < kMark.size()) return false;
  for (std::size_t i = 0; i < kMark.size(); ++i)
    if (lowerOctet(rdata[1 + i]) != static_cast<std::uint8_t>(kMark[i])) return false;
  return rdata[0] == kMark.size() || rdata[1 + kMark.size()] == ' ';
}

/// Types of which a name is all, or all but a fixed beginning: their case means nothing.
bool isNameType(RRType type) noexcept {
  return type == RRType::NS || type == RRType::MX || type == RRType::SRV || type == RRType::PTR;
}

/// One SVCB or HTTPS record, taken apart (RFC 9460 section 2.2).
struct Service {
  unsigned priority = 0;
  NameView target;
  std::vector<unsigned> keys, mandatory;
};

bool readService(std::span<const std::uint8_t> rdata, Service& service,
                 std::array<std::uint8_t, kMaxNameOctets>& buffer) {
  if (rdata.size() < 3) return false;
  service.priority = number16(rdata);
  rdata = rdata.subspan(2);
  const std::size_t name = nameOctets(rdata);
  if (name == 0) return false;
  service.target = canonicalName(rdata.first(name), buffer);
  rdata = rdata.subspan(name);
  while (!rdata.empty()) {
    if (rdata.size() < 4 || rdata.size() < 4 + number16(rdata.subspan(2))) return false;
    const unsigned key = number16(rdata), size = number16(rdata.subspan(2));
    if (!service.keys.empty() && key <= service.keys.back()) return false;
    service.keys.push_back(key);
    const auto value = rdata.subspan(4, size);
    if (key == 0) {
      if (size == 0 || size % 2 != 0) return false;
      for (std::size_t i = 0; i < size; i += 2) service.mandatory.push_back(number16(value.subspan(i)));
    }
    rdata = rdata.subspan(4 + size);
  }
  return true;
}

}  // namespace

void ZoneChecker::checkRecords(NodeView node, RRsetView rrset) {
  const RRType type = rrset.type();
  switch (type) {
    case RRType::A:
    case RRType::AAAA:
      return checkOwner(node, type);
    case RRType::NS:
      checkServers(node, rrset);
      break;
    case RRType::CNAME:
      return checkAlias(node, rrset);
    case RRType::MX:
      checkOwner(node, type);
      checkMail(node, rrset);
      break;
    case RRType::SRV:
      checkServices(node, rrset);
      break;
    case RRType::SOA:
      return checkSoa(node, rrset);
    case RRType::TXT:
      return checkText(node, rrset);
    case RRType::SVCB:
    case RRType::HTTPS:
      return checkService(node, rrset);
    default:
      if (type == kSpf) return checkText(node, rrset);
      if (type == kCaa) return checkCaa(node, rrset);
  }
  if (isNameType(type)) checkCase(node, rrset);
}

void ZoneChecker::checkSoa(NodeView node, RRsetView soa) {
  const Octets rdata = soa.front();
  std::array<std::uint8_t, kMaxNameOctets> buffer{};
  const std::size_t primary = nameOctets(rdata);
  const NameView host = canonicalName(rdata.first(primary), buffer);
  const Host reach = reachOf(host).host;
  // The zone's own name as MNAME is a usual way to hide the primary.
  if (host != zone_.apex() && (reach == Host::Alias || reach == Host::None))
    found_(Check::SoaMname, node.name(), RRType::SOA,
           toText(host) + (reach == Host::Alias ? " is a CNAME" : " has no address"));
  const Octets mailbox = rdata.subspan(primary, rdata.size() - 20 - primary);
  if (std::ranges::find(mailbox, std::uint8_t{'@'}) != mailbox.end())
    found_(Check::SoaRname, node.name(), RRType::SOA, toText(canonicalName(mailbox, buffer)));

  const Octets timers = rdata.last(16);
  const std::uint64_t refresh = number32(timers), retry = number32(timers.subspan(4)),
                      expire = number32(timers.subspan(8)), minimum = number32(timers.subspan(12));
  const auto wrong = [&](std::string observed) {
    found_(Check::SoaTimers, node.name(), RRType::SOA, std::move(observed));
  };
  if (retry >= refresh)
    wrong("retry " + std::to_string(retry) + " s, refresh " + std::to_string(refresh) + " s");
  if (expire <= refresh + retry)
    wrong("expire " + std::to_string(expire) + " s, refresh and retry " + std::to_string(refresh + retry) +
          " s");
  if (minimum > kDay) wrong("minimum " + std::to_string(minimum) + " s");
}

void ZoneChecker::checkText(NodeView node, RRsetView txt) {
  unsigned spfs = 0;
  for (const auto rdata : txt) spfs += isSpf(rdata) ? 1 : 0;
  if (spfs > 1) found_(Check::SeveralSpf, node.name(), txt.type(), std::to_string(spfs) + " SPF records");
  if (txt.type() == kSpf) found_(Check::SpfType, node.name(), txt.type(), "type SPF");
}

void ZoneChecker::checkCaa(NodeView node, RRsetView caa) {
  for (const auto rdata : caa)
    if (!rdata.empty() && (rdata[0] & 0x7f) != 0)
      found_(Check::CaaFlags, node.name(), caa.type(), "flags " + std::to_string(rdata[0]));
}

void ZoneChecker::checkService(NodeView node, RRsetView svcb) {
  unsigned aliases = 0, services = 0;
  const auto seen = [&](Check check, std::string observed) {
    found_(check, node.name(), svcb.type(), std::move(observed));
  };
  for (const auto rdata : svcb) {
    std::array<std::uint8_t, kMaxNameOctets> buffer{};
    Service service;
    if (!readService(rdata, service, buffer)) {
      seen(Check::SvcbMalformed, rdataText(svcb.type(), rdata).substr(0, 120));
      continue;
    }
    ++(service.priority == 0 ? aliases : services);
    if (service.priority == 0 && service.target == node.name())
      seen(Check::SvcbAliasToItself, "an alias to itself");
    for (std::size_t i = 0; i < service.mandatory.size(); ++i) {
      const unsigned key = service.mandatory[i];
      if (!std::ranges::binary_search(service.keys, key) || key == 0 ||
          (i > 0 && key <= service.mandatory[i - 1]))
        seen(Check::SvcbMandatory, "mandatory key " + std::to_string(key));
    }
  }
  if (aliases > 0 && services > 0)
    seen(Check::SvcbModesMixed,
         std::to_string(aliases) + " aliases, " + std::to_string(services) + " services");
  if (aliases > 1) seen(Check::SvcbSeveralAliases, std::to_string(aliases) + " aliases");
}

void ZoneChecker::checkCase(NodeView node, RRsetView rrset) {
  if (rrset.count() < 2) return;
  std::vector<std::string> lower;
  for (const auto rdata : rrset) {
    const std::size_t fixed = rrset.type() == RRType::MX ? 2 : rrset.type() == RRType::SRV ? 6 : 0;
    std::string text(reinterpret_cast<const char*>(rdata.data()), rdata.size());
    for (std::size_t i = fixed; i < text.size(); ++i)
      text[i] = static_cast<char>(lowerOctet(static_cast<std::uint8_t>(text[i])));
    lower.push_back(std::move(text));
  }
  std::ranges::sort(lower);
  for (auto same = lower.begin(); (same = std::adjacent_find(same, lower.end())) != lower.end(); ++same) {
    const std::span<const std::uint8_t> rdata(reinterpret_cast<const std::uint8_t*>(same->data()),
                                              same->size());
    found_(Check::DuplicateButForCase, node.name(), rrset.type(), rdataText(rrset.type(), rdata));
  }
}

}  // namespace holdfast
