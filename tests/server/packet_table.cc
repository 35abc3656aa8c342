#include "tests/server/packet_table.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "zone/record_text.h"

namespace holdfast::test {

namespace {

using Words = std::vector<std::string>;

constexpr const char* kSections[] = {"answer", "authority", "additional"};

const std::map<std::string, unsigned>& rcodes() {
  static const std::map<std::string, unsigned> all{{"NOERROR", 0},  {"FORMERR", 1}, {"SERVFAIL", 2},
                                                   {"NXDOMAIN", 3}, {"NOTIMP", 4},  {"REFUSED", 5},
                                                   {"YXDOMAIN", 6}, {"BADVERS", 16}};
  return all;
}

/// The header's bits by their names (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6).
std::optional<std::uint16_t> flagBit(const std::string& name) {
  static const std::map<std::string, std::uint16_t> all{{"aa", 0x0400}, {"tc", 0x0200}, {"rd", 0x0100},
                                                        {"ra", 0x0080}, {"z", 0x0040},  {"ad", 0x0020},
                                                        {"cd", 0x0010}};
  const auto at = all.find(name);
  return at == all.end() ? std::nullopt : std::optional(at->second);
}

Words split(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// "RFC NUMBER SECTION: what"
bool isCaseName(const Words& words) {
  if (words.size() < 4 || words[0] != "RFC" || words[2].size() < 2 || words[2].back() != ':') return false;
  return words[1].find_first_not_of("0123456789") == std::string::npos;
}

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  PacketTable read(const std::string& text) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      ++line_;
      if (line.empty() || line.front() == '#') continue;
      if (line.front() == ' ')
        record(line);
      else
        directive(line);
    }
    finishCase();
    if (table_.cases.empty()) fail("no case");
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw TableError(path_ + ":" + std::to_string(line_) + ": " + what);
  }

  void directive(const std::string& line) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string key = line.substr(0, space);
    const std::string rest = space == line.size() ? "" : line.substr(space + 1);
    section_ = std::nullopt;
    if (key == "zone") return zone(split(rest));
    if (key == "case") return beginCase(rest);
    if (table_.cases.empty()) fail("\"" + key + "\" before the first case");
    PacketCase& current = table_.cases.back();
    const bool repeats = key == "octets" || key == "exact" || key == "note";
    if (!repeats && !seen_.insert(key).second) fail("a second \"" + key + "\" in one case");
    if (repeats) seen_.insert(key);
    for (unsigned i = 0; i < 3; ++i)
      if (key == kSections[i] && rest.empty()) section_ = i;
    if (section_ || key == "note") return;
    if (key == "zones") return caseZones(split(rest));
    if (key == "query") return query(split(rest));
    if (key == "octets") return appendHex(current.octets, rest);
    if (key == "exact") return appendHex(current.expected.exact, rest);
    if (key == "gives") return gives(split(rest));
    if (key == "size") return size(split(rest));
    if (key == "payload") {
      current.payload = static_cast<std::uint16_t>(number(rest, 65535));
      return;
    }
    if (line != "over tcp") fail("cannot read \"" + line + "\"");
    current.transport = Transport::Tcp;
  }

  void zone(const Words& words) {
    if (words.size() != 2) fail("\"zone APEX FILE\", where FILE is - for a zone without content");
    if (!table_.cases.empty()) fail("zones come before the first case");
    PacketZone zone{words[0], words[1] == "-" ? "" : words[1], ""};
    if (!zone.file.empty()) {
      std::ifstream in(std::filesystem::path(path_).parent_path() / zone.file);
      if (!in) fail("cannot open the zone file " + zone.file);
      zone.text.assign(std::istreambuf_iterator<char>(in), {});
    }
    table_.zones.push_back(std::move(zone));
  }

  void beginCase(const std::string& name) {
    finishCase();
    if (!isCaseName(split(name))) fail("a case is named \"RFC NUMBER SECTION: what\"");
    for (const PacketCase& other : table_.cases)
      if (other.name == name) fail("the case of line " + std::to_string(other.line) + " has the same name");
    seen_.clear();
    PacketCase next;
    next.name = name;
    next.line = line_;
    for (const PacketZone& zone : table_.zones) next.zones.push_back(zone.apex);
    table_.cases.push_back(std::move(next));
  }

  void finishCase() {
    if (table_.cases.empty()) return;
    PacketCase& done = table_.cases.back();
    for (const char* key : {"octets", "gives"})
      if (!seen_.contains(key)) fail("\"" + done.name + "\" lacks \"" + key + "\"");
    if (done.query && queryBytes(*done.query) != done.octets)
      fail("the octets of \"" + done.name + "\" do not say what its query says: run packets/fill-octets");
  }

  void caseZones(const Words& words) {
    for (const std::string& apex : words)
      if (std::none_of(table_.zones.begin(), table_.zones.end(),
                       [&](const PacketZone& zone) { return zone.apex == apex; }))
        fail("no zone " + apex);
    table_.cases.back().zones = words;
  }

  void query(const Words& words) {
    if (words.size() < 2) fail("\"query NAME TYPE [OPTION...]\"");
    Ask ask{.name = words[0], .type = type(words[1]), .flags = 0};
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (const auto bit = flagBit(word))
        ask.flags |= *bit;
      else if (word == "do")
        ask.dnssecOk = true;
      else if (word.starts_with("edns="))
        ask.edns = static_cast<std::uint16_t>(number(word.substr(5), 65535));
      else if (word.starts_with("version="))
        ask.ednsVersion = static_cast<std::uint8_t>(number(word.substr(8), 255));
      else if (word.starts_with("opcode="))
        ask.flags = static_cast<std::uint16_t>(ask.flags | number(word.substr(7), 15) << 11);
      else if (word.starts_with("class="))
        ask.qclass = static_cast<std::uint16_t>(number(word.substr(6), 65535));
      else
        fail("unknown query option " + word);
    }
    if ((ask.dnssecOk || ask.ednsVersion != 0) && !ask.edns) fail("do and version need edns=");
    table_.cases.back().query = ask;
  }

  void gives(const Words& words) {
    PacketExpected& expected = table_.cases.back().expected;
    if (words == Words{"nothing"}) {
      expected.nothing = true;
      return;
    }
    if (words.empty() || !rcodes().contains(words[0])) fail("\"gives RCODE [FLAG...]\" or \"gives nothing\"");
    expected.rcode = rcodes().at(words[0]);
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (const auto bit = flagBit(words[i]))
        expected.flags |= *bit;
      else if (words[i] == "do")
        expected.dnssecOk = true;
      else if (words[i] == "noquestion")
        expected.question = false;
      else if (words[i].starts_with("edns="))
        expected.edns = static_cast<std::uint16_t>(number(words[i].substr(5), 65535));
      else
        fail("unknown flag " + words[i]);
    }
  }

  void size(const Words& words) {
    PacketExpected& expected = table_.cases.back().expected;
    if (words.size() == 1)
      expected.size = number(words[0], 65535);
    else if (words.size() == 2 && words[0] == "<=")
      expected.largest = number(words[1], 65535);
    else
      fail("\"size OCTETS\" or \"size <= OCTETS\"");
  }

  /// "  OWNER TTL TYPE RDATA", or "  OWNER TTL RRSIG COVERED @[SOURCE]" for the signatures in the zone file.
  void record(const std::string& line) {
    if (!section_) fail("a record outside of a section");
    const Words words = split(line);
    if (words.size() < 4) fail("\"OWNER TTL TYPE RDATA\"");
    auto& section = table_.cases.back().expected.sections[*section_];
    const std::string head = words[0] + " " + std::to_string(number(words[1], 0x7fffffff)) + " ";
    const RRType rrtype = type(words[2]);
    if (words.size() == 5 && words[2] == "RRSIG" && words[4].front() == '@') {
      const std::string source = words[4].size() > 1 ? words[4].substr(1) : words[0];
      for (const std::string& rdata : signatures(source, type(words[3])))
        section.push_back(head + "RRSIG " + rdataText(RRType::RRSIG, bytes(rdata)));
      return;
    }
    const std::size_t rdata =
        line.find(words[3], line.find(words[2], line.find(words[1], 2 + words[0].size())) + words[2].size());
    const auto parsed = readRecordText(". 0 IN " + words[2] + " " + line.substr(rdata), Name().view(), 0);
    if (!parsed) fail("cannot read the RDATA: " + parsed.error().text());
    section.push_back(head + toText(rrtype) + " " + rdataText(rrtype, bytes(parsed->rdata)));
  }

  /// From the zone files themselves: what the product makes of them is what is tested.
  std::vector<std::string> signatures(const std::string& source, RRType covered) const {
    std::vector<std::string> found;
    const Name owner = *Name::absolute(source);
    for (const std::string& apex : table_.cases.back().zones)
      for (const PacketZone& zone : table_.zones)
        if (zone.apex == apex && !zone.file.empty())
          static_cast<void>(readZoneText(zone.text, *Name::absolute(apex), [&](const RecordView& record) {
            if (record.type == RRType::RRSIG && record.owner == owner && coveredType(record.rdata) == covered)
              found.push_back(ownedRecord(record).rdata);
            return Status(Done{});
          }));
    if (found.empty()) fail("the zones have no RRSIG of " + source + " over " + toText(covered));
    return found;
  }

  static std::span<const std::uint8_t> bytes(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }

  RRType type(const std::string& text) const {
    const auto parsed = parseType(text);
    if (!parsed && text != "TYPE0") fail("unknown type " + text);
    return parsed ? *parsed : RRType{};
  }

  unsigned number(const std::string& text, unsigned most) const {
    const bool digits = !text.empty() && text.size() < 11 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    const unsigned long value = digits ? std::stoul(text) : most + 1ul;
    if (value > most) fail("not a number up to " + std::to_string(most) + ": " + text);
    return static_cast<unsigned>(value);
  }

  void appendHex(Bytes& out, const std::string& digits) const {
    std::string packed;
    for (const char c : digits)
      if (c != ' ') packed += c;
    if (packed.size() % 2 != 0 || packed.find_first_not_of("0123456789abcdef") != std::string::npos)
      fail("octets are pairs of 0-9a-f");
    const Bytes octets = hex(packed);
    out.insert(out.end(), octets.begin(), octets.end());
  }

  std::string path_;
  int line_ = 0;
  PacketTable table_;
  std::set<std::string> seen_;  // directives of the current case
  std::optional<unsigned> section_;
};

}  // namespace

PacketTable readPacketTable(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw TableError(path + ": cannot be opened");
  return parsePacketTable({std::istreambuf_iterator<char>(in), {}}, path);
}

PacketTable parsePacketTable(const std::string& text, const std::string& path) {
  return Reader(path).read(text);
}

}  // namespace holdfast::test
