#include "tests/differential/query.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace holdfast::differential {

namespace {

constexpr std::array<std::pair<std::uint16_t, std::string_view>, 25> kTypes{{
    {kTypeA, "A"},           {kTypeNs, "NS"},       {kTypeCname, "CNAME"},
    {kTypeSoa, "SOA"},       {kTypePtr, "PTR"},     {kTypeMx, "MX"},
    {kTypeTxt, "TXT"},       {kTypeAaaa, "AAAA"},   {kTypeSrv, "SRV"},
    {kTypeNaptr, "NAPTR"},   {kTypeDname, "DNAME"}, {kTypeOpt, "OPT"},
    {kTypeDs, "DS"},         {kTypeRrsig, "RRSIG"}, {kTypeNsec, "NSEC"},
    {kTypeDnskey, "DNSKEY"}, {kTypeNsec3, "NSEC3"}, {kTypeNsec3Param, "NSEC3PARAM"},
    {kTypeSvcb, "SVCB"},     {kTypeHttps, "HTTPS"}, {kTypeIxfr, "IXFR"},
    {kTypeAxfr, "AXFR"},     {kTypeAny, "ANY"},     {257, "CAA"},
    {13, "HINFO"},
}};

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xFFU);
  out += static_cast<char>(value & 0xFFU);
}

std::string hexOf(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15U];
  }
  return out;
}

std::string octetsOf(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16));
  return out;
}

}  // namespace

std::string textOfType(std::uint16_t type) {
  const auto* const found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& entry) { return entry.first == type; });
  return found != kTypes.end() ? std::string(found->second) : "TYPE" + std::to_string(type);
}

std::string Query::message(std::uint16_t id) const {
  std::string out;
  put16(out, id);
  put16(out, static_cast<unsigned>(opcode) << 11 | (rd ? 0x0100U : 0U) | (ad ? 0x0020U : 0U) |
                 (cd ? 0x0010U : 0U));
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, edns ? 1 : 0);
  out += name.wire();
  put16(out, type);
  put16(out, qclass);
  if (edns) {
    out += '\0';
    put16(out, kTypeOpt);
    put16(out, edns->payload);
    put16(out, edns->version);
    put16(out, edns->flags);
    put16(out, static_cast<unsigned>(edns->options.size()));
    out += edns->options;
  }
  return out;
}

std::string Query::text() const {
  std::string out = "'" + name.text() + "' " + textOfType(type);
  if (qclass != kClassIn) out += " CLASS" + std::to_string(qclass);
  if (opcode != 0) out += " +opcode=" + std::to_string(opcode);
  out += rd ? " +rec" : " +norec";
  if (cd) out += " +cd";
  if (ad) out += " +ad";
  if (tcp) out += " +tcp";
  if (!edns) return out + " +noedns";
  out += " +bufsize=" + std::to_string(edns->payload);
  if (edns->version != 0) out += " +edns=" + std::to_string(edns->version);
  if (edns->isDo()) out += " +do";
  if ((edns->flags & 0x7FFFU) != 0) out += " +ednsflags=" + std::to_string(edns->flags & 0x7FFFU);
  if (!edns->options.empty()) out += " options " + hexOf(edns->options);
  return out;
}

std::size_t Query::limit() const {
  if (tcp) return 65535;
  return edns ? std::clamp<std::size_t>(edns->payload, 512, 4096) : 512;
}

nlohmann::json toJson(const Query& query) {
  nlohmann::json out{{"name", query.name.text()},
                     {"type", query.type},
                     {"class", query.qclass},
                     {"opcode", query.opcode},
                     {"rd", query.rd},
                     {"cd", query.cd},
                     {"ad", query.ad},
                     {"tcp", query.tcp}};
  if (query.edns)
    out["edns"] = {{"payload", query.edns->payload},
                   {"version", query.edns->version},
                   {"flags", query.edns->flags},
                   {"options", hexOf(query.edns->options)}};
  return out;
}

Query queryFrom(const nlohmann::json& document) {
  Query query;
  query.name = Name::parse(document.at("name").get<std::string>());
  query.type = document.at("type");
  query.qclass = document.at("class");
  query.opcode = document.at("opcode");
  query.rd = document.at("rd");
  query.cd = document.at("cd");
  query.ad = document.at("ad");
  query.tcp = document.at("tcp");
  if (document.contains("edns")) {
    const auto& edns = document.at("edns");
    query.edns = Edns{edns.at("payload"), edns.at("version"), edns.at("flags"),
                      octetsOf(edns.at("options").get<std::string>())};
  }
  return query;
}

}  // namespace holdfast::differential
