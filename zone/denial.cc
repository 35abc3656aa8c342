#include "zone/denial.h"

// The interface of before OpenSSL 3: the one after it allocates for every digest, which queries must not
// (I13).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>

namespace holdfast {

namespace {

void digest(std::span<const std::uint8_t> text, const std::string& salt, Nsec3Hash& out) noexcept {
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, text.data(), text.size());
  SHA1_Update(&context, salt.data(), salt.size());
  SHA1_Final(out.data(), &context);
}

}  // namespace

Nsec3Hash hashNsec3(NameView name, const Nsec3Parameters& parameters) noexcept {
  Nsec3Hash hash;
  digest(name.bytes(), parameters.salt, hash);
  for (unsigned i = 0; i < parameters.iterations; ++i) digest(Nsec3Hash(hash), parameters.salt, hash);
  return hash;
}

DenialLink findNsec(const Zone& zone, NameView name) noexcept {
  const DenialIndex& denial = zone.denial();
  if (denial.nsec3()) return {};
  const CanonicalKey wanted(name, zone.apex());
  const auto key = denial.keys().atOrBefore(wanted.octets());
  std::array<std::uint8_t, kMaxNameOctets> buffer;
  const NameView owner = denial.isUsable() ? CanonicalKey::toName(key, zone.apex(), buffer) : NameView();
  if (!owner) return {};
  DenialLink link;
  link.node = zone.find(owner);
  if (link.node) link.rrset = link.node.find(RRType::NSEC);
  link.matches = std::ranges::equal(key, wanted.octets());
  return link;
}

DenialLink findNsec3(const Zone& zone, NameView name) noexcept {
  const DenialIndex& denial = zone.denial();
  const Nsec3Hash hash = hashNsec3(name, *denial.nsec3());
  const auto key = denial.keys().atOrBefore(hash);
  const NameView apex = zone.apex();
  if (key.size() != kNsec3HashOctets || 1 + kNsec3LabelOctets + apex.size() > kMaxNameOctets) return {};
  std::array<std::uint8_t, kMaxNameOctets> owner{kNsec3LabelOctets};
  toBase32Hex(key.first<kNsec3HashOctets>(),
              std::span<std::uint8_t, kNsec3LabelOctets>(owner.data() + 1, kNsec3LabelOctets));
  std::copy_n(apex.data(), apex.size(), owner.begin() + 1 + kNsec3LabelOctets);
  DenialLink link;
  link.node = zone.find(NameView(owner.data(), 1 + kNsec3LabelOctets + apex.size()));
  if (link.node) link.rrset = link.node.find(RRType::NSEC3);
  link.matches = std::ranges::equal(key, hash);
  return link;
}

}  // namespace holdfast
