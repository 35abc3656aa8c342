#include "zone/json_endpoints.h"

#include <algorithm>
#include <array>

#include "zone/address_text.h"
#include "zone/record_text.h"

namespace holdfast {

namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::string_view, 3> kEndpointKeys = {"ttl", "answer", "targets"};
constexpr std::array<std::string_view, 3> kTargetKeys = {"id", "address", "weight"};

/// Whether it is seen at once that the owner relative to the zone is written just so.
bool isAsWritten(std::string_view name) noexcept {
  const auto isUsual = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.back() != '.' &&
         std::ranges::all_of(name, [&](char c) { return isUsual(c) || c == '.'; });
}

}  // namespace

Status JsonEndpoints::read(const dom::object& endpoints, const JsonPlace& where) {
  for (const auto& [name, endpoint] : endpoints)
    if (Status status = readEndpoint(name, endpoint, where.member(name)); !status) return status;
  return Done{};
}

Status JsonEndpoints::add(std::string_view name, EndpointDraft& endpoint, const JsonPlace& where) {
  const JsonPlace at = where.member(name);
  if (Status taken = takeName(name, at); !taken) return taken;
  if (Status settled = settleTargets(endpoint, at.member("targets")); !settled) return settled;
  finish(name, endpoint, at);
  return Done{};
}

Status JsonEndpoints::readEndpoint(std::string_view name, const dom::element& value, const JsonPlace& where) {
  if (Status taken = takeName(name, where); !taken) return taken;
  const Result<dom::object> object = asObject(value, where);
  if (!object) return object.error();

  draft_.clear();
  JsonKeys keys(kEndpointKeys);
  for (const auto& [key, member] : *object) {
    const JsonPlace at = where.member(key);
    Status status = keys.see(key, where);
    if (status && key == "ttl") status = keep(asNumber(member, at, 0, kMaxTtl), draft_.ttl);
    if (status && key == "answer") status = readAnswer(member, at);
    if (status && key == "targets") status = readTargets(member, at);
    if (!status) return status;
  }
  if (!keys.saw("targets")) return malformedAt(where.member("targets"), "is missing");
  finish(name, draft_, where);
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
    if (Status kept = keep(asNumber(member, where.member(key), 1, limits_.pick), draft_.pick); !kept)
      return kept;
  }
  if (draft_.pick == 0) return malformedAt(where.member("pick"), "is missing");
  return Done{};
}

Status JsonEndpoints::readTargets(const dom::element& value, const JsonPlace& where) {
  const Result<dom::array> targets = asArray(value, where);
  if (!targets) return targets.error();
  std::size_t index = 0;
  for (const dom::element target : *targets)
    if (Status status = readTarget(target, where.element(index++)); !status) return status;
  return settleTargets(draft_, where);
}

Status JsonEndpoints::readTarget(const dom::element& value, const JsonPlace& where) {
  const Result<dom::object> object = asObject(value, where);
  if (!object) return object.error();
  NodeWriter::TargetView draft{{}, kDefaultWeight, {}};
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
  const bool isIpv4 = readIpv4(address, draft.address.data());
  if (!isIpv4 && !readIpv6(address, draft.address.data()))
    return malformedAt(where.member("address"),
                       "\"" + std::string(address.substr(0, 60)) + "\" is not an IPv4 or IPv6 address");
  (isIpv4 ? draft_.a : draft_.aaaa).push_back(draft);
  return Done{};
}

Status JsonEndpoints::takeName(std::string_view name, const JsonPlace& where) {
  if (!owner_.assignText(name, zone_))
    return Error{ErrorKind::Invalid, where.text(), Name::fromText(name, zone_).error().what};
  if (owner_.view().isAtOrBelow(zone_)) return Done{};
  return Error{ErrorKind::Invalid, where.text(), toText(owner_) + " is outside the zone " + toText(zone_)};
}

Status JsonEndpoints::settleTargets(EndpointDraft& endpoint, const JsonPlace& where) {
  if (Status settled = settle(endpoint.a, RRType::A, where); !settled) return settled;
  if (Status settled = settle(endpoint.aaaa, RRType::AAAA, where); !settled) return settled;
  const std::size_t count = endpoint.targets();
  if (targets_.fetch_add(count, std::memory_order_relaxed) + count <= limits_.records) return Done{};
  return tooManyRecords(limits_);
}

/// Puts the targets of one family into the order of RRset::canonicalise. None may come twice.
Status JsonEndpoints::settle(std::vector<NodeWriter::TargetView>& targets, RRType type,
                             const JsonPlace& where) const {
  if (targets.size() > limits_.targets)
    return Error{ErrorKind::Invalid, where.text(),
                 "has " + std::to_string(targets.size()) + " " + toText(type) + " targets; the limit is " +
                     std::to_string(limits_.targets) + " (limits.targets-per-endpoint)"};
  const auto isSettled = [&] {
    return std::ranges::adjacent_find(targets, std::ranges::greater_equal(),
                                      &NodeWriter::TargetView::address) == targets.end();
  };
  if (isSettled()) return Done{};  // mostly they are written so
  std::ranges::sort(targets, {}, &NodeWriter::TargetView::address);
  if (isSettled()) return Done{};
  return malformedAt(where, "lists the same address twice");
}

void JsonEndpoints::finish(std::string_view name, const EndpointDraft& endpoint, const JsonPlace& where) {
  if (endpoint.targets() == 0) {
    emptied.push_back({Name(owner_), where.text()});
    return;
  }
  compile(endpoint);
  const std::uint64_t hash = HashedName::of(owner_);
  nodes.add(hash, node_);
  if (!isAsWritten(name) && toRelativeText(owner_, zone_) != name) places.addKey(hash, name);
}

void JsonEndpoints::compile(const EndpointDraft& endpoint) {
  NodeWriter writer(node_, owner_, 0);
  for (const RRType type : kAddressTypes) {
    const std::vector<NodeWriter::TargetView>& targets = type == RRType::A ? endpoint.a : endpoint.aaaa;
    if (targets.empty()) continue;
    writer.addEndpoint(type, endpoint.ttl, endpoint.pick, targets);
  }
  writer.finish();
}

}  // namespace holdfast
