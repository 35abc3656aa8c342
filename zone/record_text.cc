#include "zone/record_text.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

// Last: it redefines bool in a way that the standard headers above would not survive.
#include <ldns/ldns.h>

namespace holdfast {

namespace {

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  void operator()(ldns_rr* rr) const noexcept { ldns_rr_free(rr); }
  void operator()(ldns_buffer* buffer) const noexcept { ldns_buffer_free(buffer); }
  void operator()(ldns_rdf* rdf) const noexcept { ldns_rdf_deep_free(rdf); }
};
using RrPtr = std::unique_ptr<ldns_rr, Free>;
using RdfPtr = std::unique_ptr<ldns_rdf, Free>;

RdfPtr toRdf(NameView name) {
  return RdfPtr(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.data()));
}

Error malformed(std::string what) {
  return {ErrorKind::Malformed, "", std::move(what)};
}

/// Lets go of an rdf that ldns may have replaced while it parsed.
class RdfSlot {
 public:
  explicit RdfSlot(NameView name) : rdf_(toRdf(name).release()) {}
  ~RdfSlot() { ldns_rdf_deep_free(rdf_); }
  RdfSlot(const RdfSlot&) = delete;
  RdfSlot& operator=(const RdfSlot&) = delete;
  ldns_rdf** slot() noexcept { return &rdf_; }

 private:
  ldns_rdf* rdf_;
};

Result<TextRecord> toRecord(const ldns_rr& rr) {
  if (ldns_rr_get_class(&rr) != LDNS_RR_CLASS_IN) return malformed("the class is not IN");
  const ldns_rdf* owner = ldns_rr_owner(&rr);
  Result<Name> name = Name::fromWire({ldns_rdf_data(owner), ldns_rdf_size(owner)});
  if (!name) return std::move(name).error();
  TextRecord record;
  record.owner = *std::move(name);
  record.type = static_cast<RRType>(ldns_rr_get_type(&rr));
  record.ttl = ldns_rr_ttl(&rr);
  const std::unique_ptr<ldns_buffer, Free> buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
  if (!buffer || ldns_rr_rdata2buffer_wire(buffer.get(), &rr) != LDNS_STATUS_OK)
    return malformed("the RDATA does not fit in 65535 octets");
  record.rdata.assign(reinterpret_cast<const char*>(ldns_buffer_begin(buffer.get())),
                      ldns_buffer_position(buffer.get()));
  const ldns_rr_descriptor* fields = ldns_rr_descript(static_cast<std::uint16_t>(record.type));
  if (ldns_rr_rd_count(&rr) < ldns_rr_descriptor_minimum(fields) || !isWholeRdata(record.type, record.rdata))
    return malformed("the RDATA lacks a field or has one too many");
  return record;
}

bool isDirective(ldns_status status) noexcept {
  return status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
         status == LDNS_STATUS_SYNTAX_ORIGIN;
}

std::string describe(ldns_status status) {
  if (status == LDNS_STATUS_SYNTAX_INCLUDE || status == LDNS_STATUS_SYNTAX_INCLUDE_ERR_NOTIMPL)
    return "$INCLUDE is not allowed: send one self-contained file";
  return ldns_get_errorstr_by_id(status);
}

/// ldns takes a name in RDATA that begins with the label "@" for the origin. `rest` begins with a
/// backslash that begins a field.
bool isEscapedAt(std::string_view rest) noexcept {
  const std::size_t size = rest.starts_with("\\064") ? 4 : rest.starts_with("\\@") ? 2 : 0;
  return size > 0 && (rest.size() == size || std::string_view(". \t\r\n;)").find(rest[size]) != rest.npos);
}

bool isSeparator(char c) noexcept {
  return std::string_view(" \t\r\n()").find(c) != std::string_view::npos;
}

/// Finds a quote that its line does not close, or a parenthesis that the file does not. ldns reads past both,
/// and a file cut off in the middle would pass for a whole one (I4). And finds what ldns would take for
/// something else.
std::optional<Error> findUnreadable(std::string_view text) {
  int line = 1;
  int opened = 0;  // the line of the open parenthesis, 0 for none
  bool quoted = false;
  bool comment = false;
  const auto unclosed = [](int at, const char* what) {
    return Error{ErrorKind::Malformed, "line " + std::to_string(at),
                 std::string("the ") + what + " is never closed"};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      if (quoted) return unclosed(line, "quote");
      comment = false;
      ++line;
    } else if (comment) {
      continue;
    } else if (c == '\\') {
      const bool beginsRdata = i > 0 && isSeparator(text[i - 1]) && (text[i - 1] != '\n' || opened > 0);
      if (!quoted && beginsRdata && isEscapedAt(text.substr(i)))
        return Error{ErrorKind::Malformed, "line " + std::to_string(line),
                     "a name in RDATA whose first label is \"@\" cannot be read"};
      if (i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ';') {
      comment = true;
    } else if (!quoted && c == '(' && opened == 0) {
      opened = line;
    } else if (!quoted && c == ')') {
      opened = 0;
    }
  }
  if (quoted) return unclosed(line, "quote");
  if (opened > 0) return unclosed(opened, "parenthesis");
  return std::nullopt;
}

}  // namespace

Status readZoneText(std::string_view text, NameView origin,
                    const std::function<Status(TextRecord, int line)>& record) {
  if (text.empty())
    return Error{ErrorKind::Unreadable, "", "the zone file is empty, which is not an empty zone"};
  if (text.find('\0') != std::string_view::npos) return malformed("contains a NUL octet: not a zone file");
  if (std::optional<Error> unclosed = findUnreadable(text)) return *std::move(unclosed);
  // fmemopen takes a mutable pointer for its write modes only.
  const std::unique_ptr<std::FILE, Free> file(fmemopen(const_cast<char*>(text.data()), text.size(), "r"));
  if (!file) return Error{ErrorKind::System, "", "cannot open the document for reading"};
  RdfSlot currentOrigin(origin);
  RdfSlot previous(origin);
  std::uint32_t defaultTtl = 3600;
  int line = 1;
  while (std::feof(file.get()) == 0) {
    const int begin = line;
    ldns_rr* raw = nullptr;
    const ldns_status status =
        ldns_rr_new_frm_fp_l(&raw, file.get(), &defaultTtl, currentOrigin.slot(), previous.slot(), &line);
    const RrPtr rr(status == LDNS_STATUS_OK ? raw : nullptr);
    if (isDirective(status)) continue;
    const auto at = [&](Error error) {
      error.where = "line " + std::to_string(begin);
      return error;
    };
    if (status != LDNS_STATUS_OK) return at(malformed(describe(status)));
    Result<TextRecord> read = toRecord(*rr);
    if (!read) return at(std::move(read).error());
    if (Status status2 = record(*std::move(read), begin); !status2) return at(std::move(status2).error());
  }
  return Done{};
}

Result<TextRecord> readRecordText(std::string_view line, NameView origin, std::uint32_t defaultTtl) {
  const std::string text(line);
  if (text.find('\0') != std::string::npos) return malformed("contains a NUL octet");
  ldns_rr* raw = nullptr;
  const RdfPtr originRdf = toRdf(origin);
  ldns_rdf* previous = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&raw, text.c_str(), defaultTtl, originRdf.get(), &previous);
  const RdfPtr previousOwner(previous);
  const RrPtr rr(status == LDNS_STATUS_OK ? raw : nullptr);
  if (status != LDNS_STATUS_OK) return malformed(describe(status));
  return toRecord(*rr);
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
  if (text.empty() || findUnreadable(" " + text)) return false;
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
  const ldns_rr_type type = ldns_get_rr_type_by_name(name.c_str());
  if (static_cast<unsigned>(type) == 0)
    return Error{ErrorKind::Invalid, "type \"" + name.substr(0, 40) + "\"", "is not a known RR type"};
  return static_cast<RRType>(type);
}

}  // namespace holdfast
