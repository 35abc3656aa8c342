#include "zone/record_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <system_error>

#include "zone/plain_record.h"
#include "zone/suggest.h"
#include "zone/zone_text.h"

// Last: it redefines bool in a way that the standard headers above would not survive.
#include <ldns/ldns.h>

namespace holdfast {

namespace {

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
  void operator()(ldns_rr* rr) const noexcept { ldns_rr_free(rr); }
  void operator()(ldns_buffer* buffer) const noexcept { ldns_buffer_free(buffer); }
};
using RrPtr = std::unique_ptr<ldns_rr, Free>;
using BufferPtr = std::unique_ptr<ldns_buffer, Free>;

/// For ldns to read only: it borrows the name, and nothing in it may be freed.
ldns_rdf borrowedRdf(NameView name) noexcept {
  ldns_rdf rdf;
  ldns_rdf_set_type(&rdf, LDNS_RDF_TYPE_DNAME);
  ldns_rdf_set_size(&rdf, name.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): ldns has no type for what is only read.
  ldns_rdf_set_data(&rdf, const_cast<std::uint8_t*>(name.data()));
  return rdf;
}

/// Whether a field that must be there is one of base64 or hex digits that say nothing: ldns takes them ("-"),
/// but not the RDATA that they make.
bool hasEmptyField(const ldns_rr& rr, std::size_t required) noexcept {
  for (std::size_t i = 0; i < std::min(required, ldns_rr_rd_count(&rr)); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(&rr, i);
    const ldns_rdf_type type = ldns_rdf_get_type(field);
    if (ldns_rdf_size(field) == 0 && (type == LDNS_RDF_TYPE_B64 || type == LDNS_RDF_TYPE_HEX)) return true;
  }
  return false;
}

/// ldns puts the origin behind a name without asking how long it is then.
bool hasTooLongName(const ldns_rr& rr) noexcept {
  for (std::size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(&rr, i);
    if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME && ldns_rdf_size(field) > kMaxNameOctets) return true;
  }
  return false;
}

/// The types people write; what ldns knows beyond them would make odd suggestions.
constexpr std::array<std::string_view, 30> kUsualTypes = {
    "A",     "AAAA",  "CAA",    "CDNSKEY", "CDS", "CNAME", "DNAME", "DNSKEY",     "DS",         "HINFO",
    "HTTPS", "LOC",   "MX",     "NAPTR",   "NS",  "NSEC",  "NSEC3", "NSEC3PARAM", "OPENPGPKEY", "PTR",
    "RP",    "RRSIG", "SMIMEA", "SOA",     "SRV", "SSHFP", "SVCB",  "TLSA",       "TXT",        "URI"};

std::string unknownType(std::string_view type) {
  std::string word(type.substr(0, 40));
  for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return "unknown type " + quotedForMessage(type.substr(0, 40)) + didYouMean(word, kUsualTypes);
}

/// What is wrong with a record that ldns refused with `status`.
std::string explain(const RecordHead& head, RRType type, NameView origin, ldns_status status) {
  if (const Result<Name> owner = Name::fromText(head.owner.empty() ? "@" : head.owner, origin); !owner)
    return owner.error().text();
  std::size_t fields = 0;
  for (std::string_view rest = head.rdata; !takeField(rest).empty();) ++fields;
  const std::size_t wanted = ldns_rr_descriptor_minimum(ldns_rr_descript(static_cast<std::uint16_t>(type)));
  if (fields < wanted && head.rdata.find("\\#") == std::string_view::npos)
    return "the RDATA of type " + toText(type) + " lacks a field: it has " + std::to_string(fields) + " of " +
           std::to_string(wanted);
  const std::string rule = "the RDATA is not that of type " + toText(type);
  return status == LDNS_STATUS_SYNTAX_RDATA_ERR ? rule : rule + ": " + ldns_get_errorstr_by_id(status);
}

/// ldns takes a name in RDATA whose first label is "@" for the origin.
bool holdsEscapedAt(RRType type, std::string_view rdata) {
  if (rdata.find('\\') == std::string_view::npos) return false;
  // Past its fixed fields a descriptor repeats its last kind without end.
  constexpr std::size_t kMostFields = 16;
  const ldns_rr_descriptor* fields = ldns_rr_descript(static_cast<std::uint16_t>(type));
  const std::size_t count = std::min(ldns_rr_descriptor_maximum(fields), kMostFields);
  bool hasName = false;
  for (std::size_t i = 0; i < count; ++i)
    hasName = hasName || ldns_rr_descriptor_field_type(fields, i) == LDNS_RDF_TYPE_DNAME;
  std::string_view rest = rdata;
  for (std::string_view field = takeField(rest); hasName && !field.empty(); field = takeField(rest)) {
    const std::size_t size = field.starts_with("\\064") ? 4 : field.starts_with("\\@") ? 2 : 0;
    if (size > 0 && (field.size() == size || field[size] == '.')) return true;
  }
  return false;
}

/// The greatest number that a field of RDATA takes; 0 for a field that is no number.
std::uint64_t greatestOf(ldns_rdf_type field) noexcept {
  switch (field) {
    case LDNS_RDF_TYPE_INT8:
      return 0xff;
    case LDNS_RDF_TYPE_INT16:
      return 0xffff;
    case LDNS_RDF_TYPE_INT32:
      return 0xffffffff;
    default:
      return 0;
  }
}

/// One that is not escaped. ldns takes it for a part of the name.
bool hasQuote(std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '\\')
      ++i;
    else if (name[i] == '"')
      return true;
  }
  return false;
}

/// ldns drops octets behind the fields of a type that is written in RFC 3597 form, and takes numbers modulo
/// the size of their field. Says so where it did, else empty.
std::string whatLdnsChanged(std::string_view rdata, const RecordView& record) {
  std::string_view rest = rdata;
  const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem == std::errc::result_out_of_range) return ~std::uint64_t{0};
    return problem == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  };
  const ldns_rr_descriptor* fields = ldns_rr_descript(static_cast<std::uint16_t>(record.type));
  std::string_view field = takeField(rest);
  if (field == "\\#") {
    const auto octets = number(takeField(rest));
    return octets == record.rdata.size() ? "" : "the octets are not RDATA of type " + toText(record.type);
  }
  for (std::size_t i = 0; i < ldns_rr_descriptor_maximum(fields) && !field.empty(); ++i) {
    const ldns_rdf_type type = ldns_rr_descriptor_field_type(fields, i);
    const std::uint64_t greatest = greatestOf(type);
    if (type == LDNS_RDF_TYPE_PERIOD) {
      if (const auto period = parseTtl(field); !period) return period.error().text();
    } else if (greatest == 0 && type != LDNS_RDF_TYPE_DNAME)
      break;             // may be of several words
    if (greatest > 0) {  // signs and what follows the digits ldns does not mind
      const auto value = number(field);
      if (!value) return quotedForMessage(field.substr(0, 40)) + " is not a number";
      if (*value > greatest)
        return "the number " + std::string(field.substr(0, 40)) + " is above " + std::to_string(greatest);
    }
    if (type == LDNS_RDF_TYPE_DNAME && hasQuote(field))
      return "a name in quotes cannot be read: leave them out";
    field = takeField(rest);
  }
  return "";
}

/// Makes records of entries, one after the other: an entry may leave its owner and TTL to those before it.
/// A record borrows from the reader until the next is read.
class RecordReader {
 public:
  RecordReader(NameView origin, std::uint32_t defaultTtl, RecordReading reading)
      : context_{NameBuffer(origin), NameBuffer(origin), defaultTtl}, plain_(context_), reading_(reading) {}

  /// An Error quotes the entry.
  Status read(std::string_view entry, RecordView& record) {
    if (reading_ == RecordReading::PlainFirst && plain_.read(entry, record)) return Done{};
    Status read = parse(entry, record);
    if (read) return read;
    return malformed(quotedForMessage(entry) + ": " + read.error().what);
  }

  /// Follows a directive; false when the entry is none.
  Result<bool> follow(std::string_view entry) {
    if (!entry.starts_with('$')) return false;
    std::string_view rest = entry;
    const std::string_view directive = takeField(rest);
    const std::string_view value = takeField(rest);
    const auto is = [&](std::string_view known) { return equalsIgnoringCase(directive, known); };
    if (is("$INCLUDE")) return malformed("$INCLUDE is not allowed: send one self-contained file");
    if (is("$GENERATE")) return malformed("$GENERATE is not supported: write the records out");
    if (!is("$ORIGIN") && !is("$TTL")) return false;
    if (value.empty() || !takeField(rest).empty())
      return malformed(quotedForMessage(entry) + ": takes one value");
    if (is("$TTL")) {
      const Result<std::uint32_t> ttl = parseTtl(value);
      if (!ttl) return malformed(ttl.error().text());
      context_.ttl = *ttl;
    } else {
      const Result<Name> origin = Name::fromText(value, context_.origin);
      if (!origin) return malformed(origin.error().text());
      context_.origin.assign(*origin);
    }
    return true;
  }

 private:
  Status parse(std::string_view entry, RecordView& record) {
    const Result<RecordHead> head = headOf(entry);
    if (!head) return head.error();
    const Result<RRType> type = parseType(head->type);
    if (!type) return malformed(unknownType(head->type));
    if (holdsEscapedAt(*type, head->rdata))
      return malformed("a name in RDATA whose first label is \"@\" cannot be read");
    // ldns takes both for names of their own kind: what begins with "@" for the origin, quotes for octets.
    if (head->owner.size() > 1 && head->owner.front() == '@')
      return malformed("an owner that begins with \"@\" cannot be read: write \"\\@\" where it is meant");
    if (hasQuote(head->owner)) return malformed("a name in quotes cannot be read: leave them out");
    // ldns reads "1x" as 1 s and 2^32 + 1 s as 1 s: it is given no TTL to read.
    line_.assign(head->owner).append(" 0 IN ").append(head->type).append(head->rdata);
    ldns_rdf origin = borrowedRdf(context_.origin);
    ldns_rdf previous = borrowedRdf(context_.owner);
    ldns_rdf* previousSlot = &previous;  // which ldns replaces where the entry has an owner
    ldns_rr* raw = nullptr;
    const ldns_status status =
        ldns_rr_new_frm_str(&raw, line_.c_str(), 0, &origin, head->owner.empty() ? &previousSlot : nullptr);
    const RrPtr rr(status == LDNS_STATUS_OK ? raw : nullptr);
    if (status == LDNS_STATUS_MEM_ERR) throw std::bad_alloc();
    if (status != LDNS_STATUS_OK) return malformed(explain(*head, *type, context_.origin, status));
    if (Status taken = take(*rr, record); !taken) return taken;
    if (const std::string lost = whatLdnsChanged(head->rdata, record); !lost.empty()) return malformed(lost);
    record.ttl = head->ttl.value_or(context_.ttl);
    return Done{};
  }

  Status take(const ldns_rr& rr, RecordView& record) {
    const ldns_rdf* owner = ldns_rr_owner(&rr);
    const std::span<const std::uint8_t> wire(ldns_rdf_data(owner), ldns_rdf_size(owner));
    if (!context_.owner.assignWire(wire)) return Name::fromWire(wire).error();
    record.owner = context_.owner;
    record.type = static_cast<RRType>(ldns_rr_get_type(&rr));
    if (hasTooLongName(rr)) return malformed("a name in the RDATA is over 255 octets");
    if (!rdata_) rdata_.reset(ldns_buffer_new(LDNS_MAX_PACKETLEN));
    if (!rdata_) throw std::bad_alloc();
    ldns_buffer_clear(rdata_.get());
    const ldns_status written = ldns_rr_rdata2buffer_wire(rdata_.get(), &rr);
    if (written == LDNS_STATUS_MEM_ERR) throw std::bad_alloc();
    if (written != LDNS_STATUS_OK) return malformed("the RDATA does not fit in 65535 octets");
    record.rdata = {ldns_buffer_begin(rdata_.get()), ldns_buffer_position(rdata_.get())};
    const ldns_rr_descriptor* fields = ldns_rr_descript(static_cast<std::uint16_t>(record.type));
    const std::size_t required = ldns_rr_descriptor_minimum(fields);
    const std::string_view octets(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size());
    if (ldns_rr_rd_count(&rr) < required || hasEmptyField(rr, required) || !isWholeRdata(record.type, octets))
      return malformed("the RDATA lacks a field or has one too many");
    return Done{};
  }

  EntryContext context_;
  PlainRecordReader plain_;
  RecordReading reading_;
  std::string line_;  // this and the next are kept for their capacity
  BufferPtr rdata_;
};

}  // namespace

TextRecord ownedRecord(const RecordView& record) {
  return {Name(record.owner), record.type, record.ttl,
          std::string(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size())};
}

RecordView viewOf(const TextRecord& record) noexcept {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(record.rdata.data());
  return {record.owner, record.type, record.ttl, {octets, record.rdata.size()}, 0};
}

Status readZoneText(std::string_view text, NameView origin,
                    const std::function<Status(const RecordView&)>& record, RecordReading reading) {
  if (text.empty())
    return Error{ErrorKind::Unreadable, "", "the zone file is empty, which is not an empty zone"};
  if (text.find('\0') != std::string_view::npos) return malformed("contains a NUL octet: not a zone file");
  ZoneTextReader entries(text);
  RecordReader records(origin, 3600, reading);
  RecordView view;
  for (;;) {
    const Result<bool> more = entries.next();
    if (!more) return more.error();
    if (!*more) return Done{};
    const auto at = [&](Error error) {
      error.where = "line " + std::to_string(entries.line());
      return error;
    };
    const Result<bool> followed = records.follow(entries.entry());
    if (!followed) return at(followed.error());
    if (*followed) continue;
    if (Status read = records.read(entries.entry(), view); !read) return at(std::move(read).error());
    view.line = entries.line();
    if (Status taken = record(view); !taken) return at(std::move(taken).error());
  }
}

Result<TextRecord> readRecordText(std::string_view line, NameView origin, std::uint32_t defaultTtl) {
  const auto wrong = [&](const std::string& what) { return malformed(quotedForMessage(line) + ": " + what); };
  if (line.find('\0') != std::string_view::npos) return wrong("contains a NUL octet");
  ZoneTextReader entries(line);
  const Result<bool> first = entries.next();
  if (!first) return wrong(first.error().what);
  if (!*first) return wrong("is no record");
  const std::string entry(entries.entry());
  const Result<bool> second = entries.next();
  if (!second) return wrong(second.error().what);
  if (*second) return wrong("is more than one record");
  RecordReader records(origin, defaultTtl, RecordReading::PlainFirst);
  RecordView view;
  if (Status read = records.read(entry, view); !read) return std::move(read).error();
  return ownedRecord(view);
}

namespace {

/// As ldns prints it; empty where ldns cannot.
std::string printedRdata(RRType type, std::span<const std::uint8_t> rdata) {
  std::string wire(1, '\0');
  const auto number = [&](std::size_t value, unsigned octets) {
    while (octets-- > 0) wire += static_cast<char>(value >> (8 * octets) & 0xff);
  };
  number(static_cast<std::uint16_t>(type), 2);
  number(kClassIn, 2);
  number(0, 4);
  number(rdata.size(), 2);
  wire.append(reinterpret_cast<const char*>(rdata.data()), rdata.size());
  ldns_rr* raw = nullptr;
  std::size_t position = 0;
  const auto* octets = reinterpret_cast<const std::uint8_t*>(wire.data());
  if (ldns_wire2rr(&raw, octets, wire.size(), &position, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) return {};
  const RrPtr rr(raw);
  const std::unique_ptr<char, Free> printed(ldns_rr2str_fmt(ldns_output_format_nocomments, rr.get()));
  std::string text = printed ? printed.get() : "";
  std::size_t at = 0;
  for (int field = 0; field < 4 && at != std::string::npos; ++field) at = text.find('\t', at) + 1;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return at > 0 && at < text.size() ? text.substr(at) : "";
}

/// Whether the text means the RDATA: ldns prints some that it reads as something else or not at all, such as
/// names with a quote in them.
bool readsBackAs(RRType type, const std::string& text, std::span<const std::uint8_t> rdata) {
  if (text.empty()) return false;
  const Result<TextRecord> record = readRecordText(". 0 IN " + toText(type) + " " + text, Name().view(), 0);
  const std::string_view wanted(reinterpret_cast<const char*>(rdata.data()), rdata.size());
  return record && record->type == type && record->rdata == wanted;
}

}  // namespace

std::string rdataText(RRType type, std::span<const std::uint8_t> rdata) {
  std::string text = printedRdata(type, rdata);
  if (readsBackAs(type, text, rdata)) return text;
  static constexpr char kHex[] = "0123456789abcdef";
  text = "\\# " + std::to_string(rdata.size()) + (rdata.empty() ? "" : " ");
  for (const std::uint8_t octet : rdata) {
    text += kHex[octet >> 4];
    text += kHex[octet & 15];
  }
  return text;
}

std::string toText(RRType type) {
  const std::unique_ptr<char, Free> text(ldns_rr_type2str(static_cast<ldns_rr_type>(type)));
  return text ? text.get() : "TYPE" + std::to_string(static_cast<unsigned>(type));
}

Result<RRType> parseType(std::string_view text) {
  const std::string name(text);
  const Error unknown{ErrorKind::Invalid, "type \"" + name.substr(0, 40) + "\"", "is not a known RR type"};
  // ldns takes TYPE65537 for a type too (RFC 3597 section 5 has 16 bits).
  constexpr std::string_view kGeneric = "TYPE";
  if (equalsIgnoringCase(text.substr(0, kGeneric.size()), kGeneric)) {
    std::uint16_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + kGeneric.size(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return unknown;
    return static_cast<RRType>(number);
  }
  const ldns_rr_type type = ldns_get_rr_type_by_name(name.c_str());
  if (static_cast<unsigned>(type) == 0) return unknown;
  return static_cast<RRType>(type);
}

}  // namespace holdfast
