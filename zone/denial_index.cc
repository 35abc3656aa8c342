#include "zone/denial_index.h"

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

constexpr std::uint8_t kSha1 = 1;
constexpr char kBase32Hex[] = "0123456789abcdefghijklmnopqrstuv";

std::string toString(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

std::optional<Nsec3Fields> nsec3FieldsOf(std::span<const std::uint8_t> rdata) {
  if (rdata.size() < 5 || rdata.size() - 5 < rdata[4]) return std::nullopt;
  Nsec3Fields fields;
  fields.algorithm = rdata[0];
  fields.flags = rdata[1];
  fields.parameters.iterations = static_cast<std::uint16_t>(rdata[2] << 8 | rdata[3]);
  fields.parameters.salt.assign(reinterpret_cast<const char*>(rdata.data()) + 5, rdata[4]);
  fields.octets = 5u + rdata[4];
  return fields;
}

CanonicalKey::CanonicalKey(NameView name, NameView apex) noexcept {
  std::array<std::uint8_t, kMaxLabels> offsets;
  unsigned labels = 0;
  for (std::size_t at = 0; at < name.size() - apex.size(); at += name.data()[at] + 1u)
    offsets[labels++] = static_cast<std::uint8_t>(at);
  // 0 ends a label, so 0 and 1 in a label become 1 1 and 1 2.
  while (labels > 0) {
    const std::uint8_t* label = name.data() + offsets[--labels];
    for (unsigned i = 1; i <= label[0]; ++i) {
      if (label[i] > 1) {
        octets_[size_++] = label[i];
        continue;
      }
      octets_[size_++] = 1;
      octets_[size_++] = static_cast<std::uint8_t>(label[i] + 1);
    }
    octets_[size_++] = 0;
  }
}

NameView CanonicalKey::toName(std::span<const std::uint8_t> key, NameView apex,
                              std::span<std::uint8_t, kMaxNameOctets> out) noexcept {
  // From the end backwards, as the first label of the key is the last before the apex.
  std::size_t begin = kMaxNameOctets;
  const auto prepend = [&](std::span<const std::uint8_t> octets) {
    if (octets.size() > begin) return false;
    begin -= octets.size();
    std::copy(octets.begin(), octets.end(), out.begin() + static_cast<std::ptrdiff_t>(begin));
    return true;
  };
  if (!prepend(apex.bytes())) return {};
  while (!key.empty()) {
    std::array<std::uint8_t, kMaxLabelOctets + 1> label;
    std::size_t size = 0;
    std::size_t at = 0;
    for (; at < key.size() && key[at] != 0; ++at) {
      if (size == kMaxLabelOctets) return {};
      const bool isEscaped = key[at] == 1;
      if (isEscaped && ++at == key.size()) return {};
      label[++size] = static_cast<std::uint8_t>(key[at] - (isEscaped ? 1 : 0));
    }
    if (at == key.size()) return {};
    label[0] = static_cast<std::uint8_t>(size);
    if (!prepend({label.data(), size + 1})) return {};
    key = key.subspan(at + 1);
  }
  return {out.data() + begin, kMaxNameOctets - begin};
}

void toBase32Hex(std::span<const std::uint8_t, kNsec3HashOctets> hash,
                 std::span<std::uint8_t, kNsec3LabelOctets> label) noexcept {
  std::uint64_t bits = 0;
  unsigned held = 0;
  std::size_t out = 0;
  for (const std::uint8_t octet : hash) {
    bits = bits << 8 | octet;
    for (held += 8; held >= 5; held -= 5)
      label[out++] = static_cast<std::uint8_t>(kBase32Hex[bits >> (held - 5) & 31]);
  }
}

bool fromBase32Hex(std::span<const std::uint8_t> label,
                   std::span<std::uint8_t, kNsec3HashOctets> hash) noexcept {
  if (label.size() != kNsec3LabelOctets) return false;
  std::uint64_t bits = 0;
  unsigned held = 0;
  std::size_t out = 0;
  for (const std::uint8_t octet : label) {
    unsigned value = 0;
    if (octet >= '0' && octet <= '9')
      value = octet - '0';
    else if (octet >= 'a' && octet <= 'v')
      value = octet - 'a' + 10u;
    else
      return false;
    bits = bits << 5 | value;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    hash[out++] = static_cast<std::uint8_t>(bits >> held);
  }
  return true;
}

std::optional<Nsec3Parameters> DenialIndex::parametersOf(NodeView apex) {
  const RRsetView rrset = apex ? apex.find(RRType::NSEC3PARAM) : RRsetView();
  if (!rrset) return std::nullopt;
  for (const auto rdata : rrset) {
    std::optional<Nsec3Fields> fields = nsec3FieldsOf(rdata);
    if (fields && fields->algorithm == kSha1 && fields->flags == 0 &&
        fields->parameters.iterations <= kMaxNsec3Iterations)
      return std::move(fields->parameters);
  }
  return std::nullopt;
}

std::optional<std::string> DenialIndex::keyOf(NodeView node, NameView apex,
                                              const std::optional<Nsec3Parameters>& nsec3) {
  if (!node) return std::nullopt;
  if (!nsec3) {
    if (!node.has(RRType::NSEC)) return std::nullopt;
    return toString(CanonicalKey(node.name(), apex).octets());
  }
  const RRsetView rrset = node.find(RRType::NSEC3);
  if (!rrset || node.name().isRoot() || node.name().parent() != apex) return std::nullopt;
  const std::optional<Nsec3Fields> fields = nsec3FieldsOf(rrset.front());
  std::array<std::uint8_t, kNsec3HashOctets> hash;
  if (!fields || fields->algorithm != kSha1 || fields->parameters != *nsec3 ||
      !fromBase32Hex(node.name().firstLabel(), hash))
    return std::nullopt;
  return toString(hash);
}

}  // namespace holdfast
