#include "tests/differential/rdata_generator.h"

#include <fmt/format.h>

#include <vector>

namespace holdfast::differential {

namespace {

/// RFC 3597 section 5.
std::string generic(const std::string& octets) {
  std::string out = fmt::format("\\# {} ", octets.size());
  for (const char c : octets) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

std::string RdataGenerator::someType() {
  static const std::vector<std::string> kTypes{"A",   "A",     "AAAA", "TXT",  "MX",    "SRV",       "PTR",
                                               "CAA", "NAPTR", "TLSA", "SVCB", "HTTPS", "TYPE65280", "HINFO"};
  return random_.pick(kTypes);
}

std::string RdataGenerator::hex(unsigned octets) {
  std::string out;
  for (unsigned i = 0; i < octets; ++i) out += fmt::format("{:02x}", random_.below(256));
  return out;
}

std::string RdataGenerator::make(std::string_view type, const Name& host) {
  if (type == "A") return fmt::format("192.0.2.{}", 1 + random_.below(250));
  if (type == "AAAA") return fmt::format("2001:db8::{:x}", 1 + random_.below(65000));
  if (type == "MX") return fmt::format("{} {}", random_.below(3) * 10, host.text());
  if (type == "SRV") return fmt::format("{} 5 {} {}", random_.below(3), random_.below(65536), host.text());
  if (type == "PTR") return host.text();
  if (type == "CAA")
    return fmt::format("{} issue \"ca{}.example\"", random_.below(2) * 128, random_.below(9));
  if (type == "NAPTR") return fmt::format("100 {} \"s\" \"SIP+D2U\" \"\" {}", random_.below(9), host.text());
  if (type == "TLSA") return "3 1 1 " + hex(32);
  if (type == "DS") return fmt::format("{} 15 2 {}", random_.below(65536), hex(32));
  if (type == "HINFO") return fmt::format("\"cpu {}\" \"os\"", random_.below(9));
  if (type == "SVCB" || type == "HTTPS")
    return fmt::format("{} {} port=53", 1 + random_.below(3), host.text());
  if (type == "TYPE65280") return generic("private " + std::to_string(random_.below(99)));
  return fmt::format("\"text {}\" \"{}\"", random_.below(99), std::string(random_.below(120), 'z'));
}

}  // namespace holdfast::differential
