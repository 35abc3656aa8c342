#include "tests/zone/random_entries.h"

namespace holdfast::test {

std::string RandomEntries::blank() {
  return std::string(chance(90) ? " " : oneOf({"\t", "  ", " \t ", "\t\t"}));
}

std::string RandomEntries::anyCase(std::string_view text) {
  std::string made(text);
  if (chance(20))
    for (char& c : made)
      if (c >= 'A' && c <= 'Z' && chance(50)) c = static_cast<char>(c + 32);
  return made;
}

std::string RandomEntries::label() {
  if (chance(3)) return std::string(60 + below(7), 'x');
  if (chance(6))
    return std::string(oneOf({"*",     "_sip",  "a@b",   "@a",    "\\@", "\\064",    "\\.",   "a\\.b",
                              "\\000", "\\255", "\\256", "\\1",   "x\\", "a\"b",     "\"a\"", "\"a b\"",
                              "$a",    "a$",    "a;b",   "a(b",   "a)b", "\xc3\xa9", "#",     "\\#",
                              "a\x7f", "0",     "-",     "a\\ b", "IN",  "A",        "60"}));
  static constexpr std::string_view kOctets = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_";
  std::string made;
  for (std::size_t i = below(9) + 1; i > 0; --i) made += kOctets[below(kOctets.size())];
  return made;
}

std::string RandomEntries::name() {
  if (chance(5))
    return std::string(oneOf({"@", ".", "..", "a..b", ".a", "@.", "@@", "\\@", "*", "*.", "@.a."}));
  std::string made = label();
  for (std::size_t i = chance(3) ? below(130) : below(4); i > 0; --i) made += '.' + label();
  return made + (chance(30) ? "." : "");
}

std::string RandomEntries::number() {
  if (chance(90)) return std::to_string(below(70000));
  return std::string(oneOf({"0", "00", "007", "65535", "65536", "-1", "+1", "1.5", "0x10", "", "4294967295",
                            "4294967296", "99999999999999999999", "1h", "1s", "00000000001", "2147483648"}));
}

std::string RandomEntries::ttl() {
  if (chance(80)) return std::to_string(below(100000));
  return std::string(
      oneOf({"1h30m", "1W", "0", "4294967295", "4294967296", "1x", "2147483648", "007", "1h30", "1d "}));
}

std::string RandomEntries::ipv4() {
  if (chance(10))
    return std::string(oneOf({"1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4.", ".1.2.3.4", "1..3.4",
                              "0.0.0.0", "255.255.255.255", "1.2.3.00", "1.2.3.1000", "1.2.3.-4", "1.2.3.4/8",
                              "@", "1.2.3.+4", "::1"}));
  std::string made = std::to_string(below(256));
  for (int i = 0; i < 3; ++i) made += '.' + std::to_string(below(256));
  return made;
}

std::string RandomEntries::ipv6() {
  if (chance(15))
    return std::string(oneOf({"::",
                              "::1",
                              "1::",
                              "::ffff:1.2.3.4",
                              "1:2:3:4:5:6:7:8",
                              "1:2:3:4:5:6:7",
                              "::1::",
                              "1:2:3:4:5:6:7:8:9",
                              "12345::",
                              "::1.2.3",
                              "fe80::1%lo",
                              "1:2:3:4:5:6:1.2.3.4",
                              ":::",
                              "1.2.3.4",
                              "0001:0002:0003:0004:0005:0006:255.255.255.255",
                              "::1.2.3.4.5",
                              "00000:0002:0003:0004:0005:0006:0007:0008",
                              "ABCD::EF",
                              "::g",
                              "1:"}));
  std::string made = "2001:db8:";
  for (std::size_t i = below(3); i > 0; --i) made += anyCase("FE0" + std::to_string(below(9))) + ':';
  return made + ':' + std::to_string(below(10000));
}

std::string RandomEntries::characterString() {
  static constexpr std::string_view kQuoted = "abcXYZ019 ;()@$=:.,-_~!/?%";
  std::string made;
  const bool quoted = chance(70);
  const std::size_t size = chance(3) ? 250 + below(10) : below(20);
  for (std::size_t i = 0; i < size; ++i) {
    if (chance(1)) made += oneOf({"\\\"", "\\\\", "\\000", "\\300", "\\;", "\t", "\xff", "\\(", "\""});
    made += quoted ? kQuoted[below(kQuoted.size())] : static_cast<char>('a' + below(26));
  }
  return quoted ? '"' + made + '"' : made;
}

std::string RandomEntries::rdata(std::string_view type) {
  if (chance(2))
    return std::string(oneOf({"\\# 4 01020304", "\\# 0", "\\# 1 00", "\\#", "", "@", "\\# 2 0000 "}));
  if (type == "A") return ipv4();
  if (type == "AAAA") return ipv6();
  if (type == "MX") return number() + blank() + name();
  if (type == "SRV") return number() + blank() + number() + blank() + number() + blank() + name();
  if (type == "SOA") {
    std::string made = name() + blank() + name();
    for (int i = 0; i < 5; ++i) made += blank() + (i > 0 && chance(5) ? ttl() : number());
    return made;
  }
  if (type == "TXT") {
    std::string made = characterString();
    for (std::size_t i = chance(2) ? below(60) : below(3); i > 0; --i)
      made += (chance(97) ? blank() : "") + characterString();
    return made;
  }
  if (type == "DS") return "12345 13 2 0123456789abcdef 01";
  if (type == "CAA") return "0 issue \"a.example\"";
  return name();
}

std::string RandomEntries::entry() {
  const std::vector<std::string_view> types = {"A", "AAAA", "NS", "CNAME", "PTR", "MX", "TXT", "SRV", "SOA"};
  const std::string type(chance(95)
                             ? oneOf(types)
                             : oneOf({"DNAME", "DS", "CAA", "TYPE1", "TYPE65280", "AA", "TXTS", "A6", "MB"}));
  std::string made = chance(15) ? "" : name();
  if (chance(30)) made += blank() + ttl();
  if (chance(40))
    made += blank() + anyCase(chance(95) ? "IN" : oneOf({"CH", "CLASS1", "ANY", "CLASS3", "INN"}));
  if (chance(10)) made += blank() + ttl();
  if (chance(2)) made += blank() + "IN";
  made += blank() + anyCase(type) + blank() + rdata(type);
  if (chance(5)) made += oneOf({" ", "\t", " x", " 1", ".", " ; comment \" (", ";x", "\r", " \"\"", " \\"});
  return made;
}

std::string RandomEntries::mutated(std::string entry) {
  static constexpr std::string_view kOctets = " \t\"\\();@.$#+-*:0129afAFinIN\x01\x7f\x80\xff\r\n\v/'_~!";
  for (std::size_t i = below(3) + 1; i > 0 && !entry.empty(); --i) {
    const std::size_t at = below(entry.size());
    const char octet = kOctets[below(kOctets.size())];
    switch (below(4)) {
      case 0:
        entry.erase(at, 1 + below(3));
        break;
      case 1:
        entry.insert(at, 1, octet);
        break;
      case 2:
        entry[at] = octet;
        break;
      default:
        entry.insert(at, entry.substr(below(entry.size()), below(12)));
    }
  }
  return entry;
}

std::string RandomEntries::file() {
  std::string made;
  for (std::size_t i = below(6) + 1; i > 0; --i) {
    if (chance(10)) made += "$TTL" + blank() + ttl() + '\n';
    if (chance(10)) made += "$ORIGIN" + blank() + name() + '\n';
    std::string next = entry();
    if (chance(10)) {
      // Within parentheses an entry spans lines.
      const std::size_t at = next.find_first_of(" \t");
      if (at != std::string::npos && at > 0) next = next.substr(0, at) + " (" + next.substr(at) + "\n )";
    }
    made += next + std::string(oneOf({"\n", "\n", "\r\n", " ; note\n", "\n\n", "\n \t\n"}));
  }
  return made;
}

}  // namespace holdfast::test
