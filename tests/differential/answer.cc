#include "tests/differential/answer.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <memory>
#include <tuple>

namespace holdfast::differential {

namespace {

std::string taken(char* text) {
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  std::string out = owned ? owned.get() : "";
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Name nameIn(std::string_view wire, std::size_t at) {
  std::vector<std::string> labels;
  while (at < wire.size() && wire[at] != 0) {
    const auto size = static_cast<unsigned char>(wire[at]);
    labels.emplace_back(wire.substr(at + 1, size));
    at += size + 1U;
  }
  return Name(std::move(labels)).lower();
}

/// Names in RDATA are compared without case (RFC 4343), in those types too whose canonical form keeps it.
void lowerNames(ldns_rr* rr) {
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i)
    if (ldns_rdf_get_type(ldns_rr_rdf(rr, i)) == LDNS_RDF_TYPE_DNAME)
      ldns_dname2canonical(ldns_rr_rdf(rr, i));
}

Rr rrOf(ldns_rr* rr, ldns_pkt_section section) {
  ldns_rr2canonical(rr);
  lowerNames(rr);
  Rr out;
  out.type = static_cast<std::uint16_t>(ldns_rr_get_type(rr));
  out.rrclass = static_cast<std::uint16_t>(ldns_rr_get_class(rr));
  out.ttl = ldns_rr_ttl(rr);
  std::uint8_t* octets = nullptr;
  std::size_t size = 0;
  if (ldns_rr2wire(&octets, rr, section, &size) != LDNS_STATUS_OK) return out;
  const std::string wire(reinterpret_cast<const char*>(octets), size);
  std::free(octets);
  const std::size_t ownerSize = ldns_rdf_size(ldns_rr_owner(rr));
  out.owner = nameIn(std::string_view(wire).substr(0, ownerSize), 0);
  out.rdata = wire.substr(std::min(wire.size(), ownerSize + 10));
  return out;
}

void readHeader(Answer& answer, const ldns_pkt* packet) {
  answer.rcode = ldns_pkt_get_rcode(packet);
  answer.opcode = ldns_pkt_get_opcode(packet);
  answer.qr = ldns_pkt_qr(packet);
  answer.aa = ldns_pkt_aa(packet);
  answer.tc = ldns_pkt_tc(packet);
  answer.rd = ldns_pkt_rd(packet);
  answer.ra = ldns_pkt_ra(packet);
  answer.ad = ldns_pkt_ad(packet);
  answer.cd = ldns_pkt_cd(packet);
  answer.hasOpt = ldns_pkt_edns(packet);
  if (!answer.hasOpt) return;
  answer.rcode |= static_cast<unsigned>(ldns_pkt_edns_extended_rcode(packet)) << 4U;
  answer.version = ldns_pkt_edns_version(packet);
  answer.isDo = ldns_pkt_edns_do(packet);
}

std::string textOfRcode(unsigned rcode) {
  const std::unique_ptr<char, decltype(&std::free)> text(
      ldns_pkt_rcode2str(static_cast<ldns_pkt_rcode>(rcode)), &std::free);
  return text && rcode < 16 ? text.get() : "rcode " + std::to_string(rcode);
}

/// For people: only those that are printed are worth the time.
std::string display(const Rr& rr) {
  std::string wire = rr.owner.wire();
  const auto put = [&](std::uint32_t value, unsigned octets) {
    while (octets-- > 0) wire += static_cast<char>(value >> 8 * octets & 0xFFU);
  };
  put(rr.type, 2);
  put(rr.rrclass, 2);
  put(rr.ttl, 4);
  put(static_cast<std::uint32_t>(rr.rdata.size()), 2);
  wire += rr.rdata;
  ldns_rr* raw = nullptr;
  std::size_t at = 0;
  if (ldns_wire2rr(&raw, reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size(), &at,
                   LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
    return rr.owner.text() + " " + textOfType(rr.type) + " (unreadable)";
  std::string text = taken(ldns_rr2str(raw));
  ldns_rr_free(raw);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

}  // namespace

std::uint16_t Rr::covered() const {
  if (type != kTypeRrsig || rdata.size() < 2) return 0;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(rdata[0]) << 8U |
                                    static_cast<unsigned char>(rdata[1]));
}

Name Rr::nameAt(std::size_t at) const {
  return nameIn(rdata, at);
}

bool operator==(const Rr& a, const Rr& b) {
  return std::tie(a.owner, a.type, a.rrclass, a.ttl, a.rdata) ==
         std::tie(b.owner, b.type, b.rrclass, b.ttl, b.rdata);
}

bool operator<(const Rr& a, const Rr& b) {
  return std::tie(a.owner, a.type, a.rrclass, a.rdata, a.ttl) <
         std::tie(b.owner, b.type, b.rrclass, b.rdata, b.ttl);
}

bool Answer::has(Section section, std::uint16_t type) const {
  return std::any_of(at(section).begin(), at(section).end(), [&](const Rr& rr) { return rr.type == type; });
}

std::string Answer::key() const {
  if (kind == Kind::None) return "silence";
  if (kind == Kind::Malformed) return "malformed " + problem;
  std::string out;
  for (const unsigned value : {rcode, opcode, version}) out += std::to_string(value) + " ";
  for (const bool flag : {qr, aa, tc, rd, ra, ad, cd, echoes, hasOpt, isDo}) out += flag ? '1' : '0';
  for (const std::vector<Rr>& section : sections) {
    out += "\n#";
    for (const Rr& rr : section) {
      out += rr.owner.wire();
      out += std::to_string(rr.type) + " " + std::to_string(rr.rrclass) + " " + std::to_string(rr.ttl) + " " +
             std::to_string(rr.rdata.size()) + " ";
      out += rr.rdata;
    }
  }
  for (const std::string& mark : marks) out += "\n" + mark;
  return out;
}

std::string Answer::text() const {
  if (kind == Kind::None) return "no reply\n";
  if (kind == Kind::Malformed) return "malformed: " + problem + "\n";
  std::string out = textOfRcode(rcode);
  const auto flag = [&](bool isSet, const char* name) { out += isSet ? std::string(" ") + name : ""; };
  flag(!qr, "(no QR)");
  flag(aa, "AA");
  flag(tc, "TC");
  flag(rd, "RD");
  flag(ra, "RA");
  flag(ad, "AD");
  flag(cd, "CD");
  flag(!echoes, "(question not echoed)");
  if (opcode != 0) out += " opcode " + std::to_string(opcode);
  if (hasOpt) out += " OPT version " + std::to_string(version) + (isDo ? " DO" : "");
  out += ", " + std::to_string(octets) + " octets\n";
  constexpr std::array<const char*, kSections> kNames{"answer", "authority", "additional"};
  for (std::size_t i = 0; i < kSections; ++i)
    for (const Rr& rr : sections[i]) out += std::string("  ") + kNames[i] + "  " + display(rr) + "\n";
  for (const std::string& mark : marks) out += "  (" + mark + ")\n";
  return out;
}

Answer parseAnswer(const std::string& message, const Query& query) {
  Answer answer;
  answer.octets = message.size();
  if (message.empty()) return answer;
  ldns_pkt* raw = nullptr;
  const ldns_status status =
      ldns_wire2pkt(&raw, reinterpret_cast<const std::uint8_t*>(message.data()), message.size());
  const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> packet(raw, &ldns_pkt_free);
  if (status != LDNS_STATUS_OK) {
    answer.kind = Answer::Kind::Malformed;
    answer.problem = ldns_get_errorstr_by_id(status);
    return answer;
  }
  answer.kind = Answer::Kind::Parsed;
  readHeader(answer, packet.get());
  const std::string asked = query.message(0);
  const std::size_t question = query.name.octets() + 4;
  answer.echoes = message.compare(4, 2, asked, 4, 2) == 0 && message.size() >= 12 + question &&
                  message.compare(12, question, asked, 12, question) == 0;
  constexpr std::array<ldns_pkt_section, kSections> kLdnsSections{LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY,
                                                                  LDNS_SECTION_ADDITIONAL};
  const std::array<ldns_rr_list*, kSections> lists{
      ldns_pkt_answer(packet.get()), ldns_pkt_authority(packet.get()), ldns_pkt_additional(packet.get())};
  for (std::size_t i = 0; i < kSections; ++i) {
    for (std::size_t j = 0; j < ldns_rr_list_rr_count(lists[i]); ++j)
      answer.sections[i].push_back(rrOf(ldns_rr_list_rr(lists[i], j), kLdnsSections[i]));
    std::sort(answer.sections[i].begin(), answer.sections[i].end());
  }
  return answer;
}

}  // namespace holdfast::differential
