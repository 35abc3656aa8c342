#include "zone/json_endpoints.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "zone/record_text.h"

namespace holdfast {

namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 3> kEndpointKeys = {"ttl", "answer", "targets"};
constexpr std::array<std::string_view, 3> kTargetKeys = {"id", "address", "weight"};
constexpr std::size_t kMaxTargetIdOctets = 255;
constexpr std::uint32_t kDefaultEndpointTtl = 60;
constexpr std::uint32_t kDefaultWeight = 100;
constexpr std::uint32_t kMaxWeight = 1'000'000'000;

constexpr std::size_t octetsOf(RRType type) noexcept {
  return type == RRType::A ? 4 : 16;
}

/// Whether it is seen at once that the owner relative to the zone is written just so.
bool isAsWritten(std::string_view name) noexcept {
  const auto isUsual = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.back() != '.' &&
         std::ranges::all_of(name, [&](char c) { return isUsual(c) || c == '.'; });
}

/// The family of an address and its octets; none where the text is no address.
std::optional<RRType> readAddress(std::string_view text, std::uint8_t* octets) noexcept {
  std::array<char, INET6_ADDRSTRLEN + 1> copy;
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  *std::copy(text.begin(), text.end(), copy.begin()) = '\0';
  if (inet_pton(AF_INET, copy.data(), octets) == 1) return RRType::A;
  if (inet_pton(AF_INET6, copy.data(), octets) == 1) return RRType::AAAA;
  return std::nullopt;
}

}  // namespace

Status JsonEndpoints::read(const dom::object& endpoints, const JsonPlace& where) {
  for (const auto& [name, endpoint] : endpoints)
    if (Status status = readEndpoint(name, endpoint, where.member(name)); !status) return status;
  return Done{};
}

Status JsonEndpoints::readEndpoint(std::string_view name, const dom::element& value, const JsonPlace& where) {
  if (!owner_.assignText(name, zone_))
    return Error{ErrorKind::Invalid, where.text(), Name::fromText(name, zone_).error().what};
  const NameView owner = owner_;
  if (!owner.isAtOrBelow(zone_))
    return Error{ErrorKind::Invalid, where.text(), toText(owner) + " is outside the zone " + toText(zone_)};
  const Result<dom::object> object = asObject(value, where);
  if (!object) return object.error();

  ttl_ = kDefaultEndpointTtl;
  pick_ = 0;
  a_.clear();
  aaaa_.clear();
  JsonKeys keys(kEndpointKeys);
  for (const auto& [key, member] : *object) {
    const JsonPlace at = where.member(key);
    Status status = keys.see(key, where);
    if (status && key == "ttl") status = keep(asNumber(member, at, 0, kMaxTtl), ttl_);
    if (status && key == "answer") status = readAnswer(member, at);
    if (status && key == "targets") status = readTargets(member, at);
    if (!status) return status;
  }
  if (!keys.saw("targets")) return malformedAt(where.member("targets"), "is missing");
  if (a_.empty() && aaaa_.empty()) {
    emptied.push_back({Name(owner), where.text()});
    return Done{};
  }
  compile(owner);
  const std::uint64_t hash = HashedName(owner).hash();
  nodes.add(hash, node_);
  if (!isAsWritten(name) && toRelativeText(owner, zone_) != name) places.addKey(hash, name);
  return Done{};
}

Status JsonEndpoints::readAnswer(const dom::element& value, const JsonPlace& where) {
  if (value.is_string()) {
    if (*asString(value, where) == "all") return Done{};
    return malformedAt(where, R"(must be "all" or {"pick": N})");
  }
  const Result<dom::object> object = asObject(value, where);
  if (!object) return wrongType(where, R"("all" or {"pick": N})", value);
  static constexpr std::array<std::string_view, 1> kKeys = {"pick"};
  JsonKeys keys(kKeys);
  for (const auto& [key, member] : *object) {
    if (Status known = keys.see(key, where); !known) return known;
    if (Status kept = keep(asNumber(member, where.member(key), 1, limits_.pick), pick_); !kept) return kept;
  }
  if (pick_ == 0) return malformedAt(where.member("pick"), "is missing");
  return Done{};
}

Status JsonEndpoints::readTargets(const dom::element& value, const JsonPlace& where) {
  const Result<dom::array> targets = asArray(value, where);
  if (!targets) return targets.error();
  std::size_t index = 0;
  for (const dom::element target : *targets)
    if (Status status = readTarget(target, where.element(index++)); !status) return status;
  if (Status settled = settle(a_, RRType::A, where); !settled) return settled;
  if (Status settled = settle(aaaa_, RRType::AAAA, where); !settled) return settled;
  if (targets_.fetch_add(index, std::memory_order_relaxed) + index <= limits_.records) return Done{};
  return Error{
      ErrorKind::TooLarge, "",
      "the plan has more than " + std::to_string(limits_.records) + " records (limits.plan-records)"};
}

Status JsonEndpoints::readTarget(const dom::element& value, const JsonPlace& where) {
  const Result<dom::object> object = asObject(value, where);
  if (!object) return object.error();
  Draft draft{{}, kDefaultWeight, {}};
  std::string_view address;
  JsonKeys keys(kTargetKeys);
  for (const auto& [key, member] : *object) {
    const JsonPlace at = where.member(key);
    Status status = keys.see(key, where);
    if (status && key == "id") status = keep(asString(member, at, kMaxTargetIdOctets), draft.id);
    if (status && key == "address") status = keep(asString(member, at), address);
    if (status && key == "weight") status = keep(asNumber(member, at, 0, kMaxWeight), draft.weight);
    if (!status) return status;
  }
  if (!keys.saw("address")) return malformedAt(where.member("address"), "is missing");
  const std::optional<RRType> type = readAddress(address, draft.address.data());
  if (!type)
    return malformedAt(where.member("address"),
                       "\"" + std::string(address.substr(0, 60)) + "\" is not an IPv4 or IPv6 address");
  (type == RRType::A ? a_ : aaaa_).push_back(draft);
  return Done{};
}

/// Puts the targets of one family into the order of RRset::canonicalise. None may come twice.
Status JsonEndpoints::settle(Drafts& drafts, RRType type, const JsonPlace& where) const {
  if (drafts.size() > limits_.targets)
    return Error{ErrorKind::Invalid, where.text(),
                 "has " + std::to_string(drafts.size()) + " " + toText(type) + " targets; the limit is " +
                     std::to_string(limits_.targets) + " (limits.targets-per-endpoint)"};
  std::ranges::sort(drafts, {}, &Draft::address);
  const bool hasTwice = std::ranges::adjacent_find(drafts, {}, &Draft::address) != drafts.end();
  if (hasTwice) return malformedAt(where, "lists the same address twice");
  return Done{};
}

void JsonEndpoints::compile(NameView owner) {
  NodeWriter writer(node_, owner, 0);
  for (const RRType type : kAddressTypes) {
    const Drafts& drafts = type == RRType::A ? a_ : aaaa_;
    if (drafts.empty()) continue;
    targetViews_.clear();
    for (const Draft& draft : drafts)
      targetViews_.push_back({{draft.address.data(), octetsOf(type)}, draft.weight, draft.id});
    writer.addEndpoint(type, ttl_, pick_, targetViews_);
  }
  writer.finish();
}

}  // namespace holdfast
