#include "zone/plain_record.h"

#include <netinet/in.h>

#include <algorithm>
#include <span>

#include "zone/address_text.h"
#include "zone/zone_text.h"

namespace holdfast {

namespace {

constexpr std::size_t kMaxStringOctets = 255;  // RFC 1035 section 3.3

enum class Octet : std::uint8_t { Other, Blank, Plain };

/// Plain is what stands for itself wherever it is: not what quotes, escapes, or means more than itself to
/// ldns at the beginning of a name, nor what does not print.
constexpr std::array<Octet, 256> makeOctets() {
  std::array<Octet, 256> octets{};
  for (int c = '!'; c <= '~'; ++c) octets[static_cast<unsigned>(c)] = Octet::Plain;
  for (const char c : std::string_view("\"$();@\\")) octets[static_cast<unsigned char>(c)] = Octet::Other;
  octets[' '] = octets['\t'] = Octet::Blank;
  return octets;
}
constexpr std::array<Octet, 256> kOctets = makeOctets();

Octet octetOf(char c) noexcept {
  return kOctets[static_cast<unsigned char>(c)];
}

/// Takes an entry apart at its blanks.
class Fields {
 public:
  explicit Fields(std::string_view entry) noexcept : rest_(entry) {}

  /// The next field. Empty at the end, and before a field that is neither plain nor "@" alone.
  std::string_view next() noexcept {
    skipBlanks();
    std::size_t size = 0;
    while (size < rest_.size() && octetOf(rest_[size]) == Octet::Plain) ++size;
    if (size == 0 && !rest_.empty() && rest_.front() == '@') size = 1;
    return endsAt(size) ? take(size) : std::string_view();
  }

  /// The next character-string without its quotes. False where there is none that is plain.
  bool nextString(std::string_view& string) noexcept {
    skipBlanks();
    if (rest_.empty() || rest_.front() != '"') {
      string = next();
      return !string.empty();
    }
    std::size_t size = 1;
    while (size < rest_.size() && rest_[size] >= ' ' && rest_[size] <= '~' && rest_[size] != '"' &&
           rest_[size] != '\\')
      ++size;
    if (size == rest_.size() || rest_[size] != '"' || !endsAt(size + 1)) return false;
    string = take(size + 1).substr(1, size - 1);
    return true;
  }

  bool atEnd() noexcept {
    skipBlanks();
    return rest_.empty();
  }

 private:
  void skipBlanks() noexcept {
    while (!rest_.empty() && octetOf(rest_.front()) == Octet::Blank) rest_.remove_prefix(1);
  }
  bool endsAt(std::size_t size) const noexcept {
    return size == rest_.size() || octetOf(rest_[size]) == Octet::Blank;
  }
  std::string_view take(std::size_t size) noexcept {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

/// A short word in lower case as a number, for comparing: letters only come of letters. 0 for a longer word.
constexpr std::uint64_t wordOf(std::string_view text) noexcept {
  std::uint64_t word = 0;
  if (text.size() > sizeof word) return 0;
  for (const char c : text) word = word << 8 | static_cast<unsigned char>(c | 0x20);
  return word;
}

/// What the RDATA of a type is written as, field by field.
enum class Field : std::uint8_t { None, Ipv4, Ipv6, Name, Number16, Number32, Strings };
struct Form {
  RRType type;
  std::array<Field, 7> fields;  // to the first None
};

const Form* formOf(std::string_view type) noexcept {
  using enum Field;
  static constexpr Form kA{RRType::A, {Ipv4}};
  static constexpr Form kAaaa{RRType::AAAA, {Ipv6}};
  static constexpr Form kNs{RRType::NS, {Name}};
  static constexpr Form kCname{RRType::CNAME, {Name}};
  static constexpr Form kPtr{RRType::PTR, {Name}};
  static constexpr Form kMx{RRType::MX, {Number16, Name}};
  static constexpr Form kTxt{RRType::TXT, {Strings}};
  static constexpr Form kSrv{RRType::SRV, {Number16, Number16, Number16, Name}};
  static constexpr Form kSoa{RRType::SOA, {Name, Name, Number32, Number32, Number32, Number32, Number32}};
  switch (wordOf(type)) {
    case wordOf("a"):
      return &kA;
    case wordOf("aaaa"):
      return &kAaaa;
    case wordOf("ns"):
      return &kNs;
    case wordOf("cname"):
      return &kCname;
    case wordOf("ptr"):
      return &kPtr;
    case wordOf("mx"):
      return &kMx;
    case wordOf("txt"):
      return &kTxt;
    case wordOf("srv"):
      return &kSrv;
    case wordOf("soa"):
      return &kSoa;
    default:
      return nullptr;
  }
}

/// Makes RDATA of fields, in wire format. Each function returns false for what is left to ldns.
class RdataWriter {
 public:
  RdataWriter(Fields& fields, NameView origin, std::span<std::uint8_t> out) noexcept
      : fields_(fields), origin_(origin), out_(out) {}

  bool write(Field field) noexcept {
    switch (field) {
      case Field::Ipv4:
        return writeIpv4(fields_.next());
      case Field::Ipv6:
        return writeIpv6(fields_.next());
      case Field::Name:
        return writeName(fields_.next());
      case Field::Number16:
        return writeNumber(fields_.next(), 2);
      case Field::Number32:
        return writeNumber(fields_.next(), 4);
      case Field::Strings:
        return writeStrings();
      case Field::None:
        break;
    }
    return true;
  }
  std::size_t size() const noexcept { return size_; }

 private:
  std::span<std::uint8_t> room() const noexcept { return out_.subspan(size_); }

  bool writeIpv4(std::string_view text) noexcept {
    if (!readIpv4(text, room().data())) return false;
    size_ += sizeof(in_addr);
    return true;
  }

  bool writeIpv6(std::string_view text) noexcept {
    if (!readIpv6(text, room().data())) return false;
    size_ += sizeof(in6_addr);
    return true;
  }

  bool writeName(std::string_view text) noexcept {
    const std::size_t octets = nameFromText(text, origin_, Letters::Kept, room().first<kMaxNameOctets>());
    size_ += octets;
    return octets > 0;
  }

  bool writeNumber(std::string_view text, unsigned octets) noexcept {
    constexpr std::size_t kMostDigits = 10;
    if (text.empty() || text.size() > kMostDigits || !std::all_of(text.begin(), text.end(), isDigit))
      return false;
    std::uint64_t value = 0;
    for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
    if (value >> (8 * octets) != 0) return false;
    while (octets-- > 0) out_[size_++] = static_cast<std::uint8_t>(value >> (8 * octets));
    return true;
  }

  bool writeStrings() noexcept {
    do {
      std::string_view string;
      if (!fields_.nextString(string) || string.size() > kMaxStringOctets) return false;
      if (string.size() >= room().size()) return false;
      out_[size_++] = static_cast<std::uint8_t>(string.size());
      std::copy(string.begin(), string.end(), room().begin());
      size_ += string.size();
    } while (!fields_.atEnd());
    return true;
  }

  Fields& fields_;
  NameView origin_;
  std::span<std::uint8_t> out_;
  std::size_t size_ = 0;
};

/// Takes TTL, class and type, in the orders that headOf takes; nullptr for a type of another form.
const Form* takeHead(Fields& fields, std::uint32_t& ttl) {
  bool hasTtl = false;
  bool hasClass = false;
  for (;;) {
    const std::string_view field = fields.next();
    if (field.empty()) return nullptr;
    if (isDigit(field.front())) {
      const Result<std::uint32_t> seconds = parseTtl(field);
      if (hasTtl || !seconds) return nullptr;
      ttl = *seconds;
      hasTtl = true;
    } else if (!hasClass && wordOf(field) == wordOf("in")) {
      hasClass = true;
    } else {
      return formOf(field);
    }
  }
}

}  // namespace

bool PlainRecordReader::read(std::string_view entry, RecordView& record) {
  if (entry.empty()) return false;
  Fields fields(entry);
  if (octetOf(entry.front()) != Octet::Blank) {
    const std::string_view owner = fields.next();
    if (!context_.owner.assignText(owner, context_.origin)) return false;
  }
  record.ttl = context_.ttl;
  const Form* form = takeHead(fields, record.ttl);
  if (form == nullptr) return false;
  RdataWriter rdata(fields, context_.origin, rdata_);
  for (std::size_t i = 0; i < form->fields.size() && form->fields[i] != Field::None; ++i)
    if (!rdata.write(form->fields[i])) return false;
  if (!fields.atEnd()) return false;
  record.owner = context_.owner;
  record.type = form->type;
  record.rdata = std::span(rdata_).first(rdata.size());
  return true;
}

}  // namespace holdfast
