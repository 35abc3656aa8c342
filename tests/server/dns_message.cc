#include "tests/server/dns_message.h"

#include <stdexcept>

#include "zone/name.h"
#include "zone/record_text.h"

namespace holdfast::test {

namespace {

struct Broken {};

void append16(Bytes& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : message_(message) {}
  std::uint8_t byte() { return at(at_++); }
  std::uint16_t number16() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::uint32_t number32() {
    const std::uint32_t high = number16();
    return high << 16 | number16();
  }
  std::size_t position() const { return at_; }
  bool atEnd() const { return at_ == message_.size(); }

  Bytes name() {
    Bytes wire;
    std::size_t from = at_;
    bool jumped = false;
    for (;;) {
      const std::uint8_t length = at(from);
      if ((length & 0xc0) == 0xc0) {
        const std::size_t target = (length & 0x3fu) << 8 | at(from + 1);
        if (target >= from || target < 12) throw Broken{};
        if (!jumped) at_ = from + 2;
        jumped = true;
        from = target;
        continue;
      }
      if (length > 63) throw Broken{};
      for (std::size_t i = 0; i <= length; ++i) wire.push_back(at(from + i));
      if (wire.size() > 255) throw Broken{};
      from += length + 1u;
      if (length > 0) continue;
      if (!jumped) at_ = from;
      return wire;
    }
  }

 private:
  std::uint8_t at(std::size_t i) const {
    if (i >= message_.size()) throw Broken{};
    return message_[i];
  }
  std::span<const std::uint8_t> message_;
  std::size_t at_ = 0;
};

std::string text(const Bytes& wire) {
  return toText(NameView(wire.data(), wire.size()));
}

/// How many octets stand before the names of an RDATA, and how many names: those that may be compressed.
std::pair<unsigned, unsigned> layout(RRType type) {
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::PTR:
      return {0, 1};
    case RRType::SOA:
      return {0, 2};
    case RRType::MX:
      return {2, 1};
    default:
      return {0, 0};
  }
}

Bytes readRdata(Reader& reader, RRType type, std::size_t size) {
  const std::size_t end = reader.position() + size;
  Bytes rdata;
  const auto [before, names] = layout(type);
  for (unsigned i = 0; i < before; ++i) rdata.push_back(reader.byte());
  for (unsigned i = 0; i < names; ++i)
    for (const std::uint8_t octet : reader.name()) rdata.push_back(octet);
  while (reader.position() < end) rdata.push_back(reader.byte());
  if (reader.position() != end) throw Broken{};
  return rdata;
}

void readOptions(const Bytes& rdata, Decoded& decoded) {
  Reader reader(rdata);
  while (!reader.atEnd()) {
    const unsigned code = reader.number16();
    Bytes data(reader.number16());
    for (std::uint8_t& octet : data) octet = reader.byte();
    for (const auto& [other, ignored] : decoded.options)
      if (other == code) throw Broken{};
    decoded.options.emplace_back(code, std::move(data));
  }
}

void readRecord(Reader& reader, unsigned section, Decoded& decoded) {
  const Bytes owner = reader.name();
  const auto type = static_cast<RRType>(reader.number16());
  const std::uint16_t qclass = reader.number16();
  const std::uint32_t ttl = reader.number32();
  const std::uint16_t size = reader.number16();
  const Bytes rdata = readRdata(reader, type, size);
  if (type == RRType::OPT) {
    if (section != 2 || decoded.edns || owner.size() != 1) throw Broken{};
    decoded.edns = true;
    decoded.payload = qclass;
    decoded.rcode |= ttl >> 24 << 4;
    decoded.dnssecOk = (ttl & 0x8000) != 0;
    decoded.ednsVersion = ttl >> 16 & 0xff;
    if ((ttl & 0x7fff) != 0) throw Broken{};
    readOptions(rdata, decoded);
    return;
  }
  // A response tells things of the class that was asked for, of IN where that was ANY.
  if (qclass != (decoded.qclass == 3 ? 3 : 1)) throw Broken{};
  decoded.sections[section].push_back(text(owner) + " " + std::to_string(ttl) + " " + toText(type) + " " +
                                      rdataText(type, rdata));
}

Decoded decodeAll(std::span<const std::uint8_t> message) {
  Reader reader(message);
  Decoded decoded;
  decoded.id = reader.number16();
  decoded.flags = reader.number16();
  decoded.rcode = decoded.flags & 0xfu;
  if ((decoded.flags & 0x8000) == 0) throw Broken{};
  const unsigned questions = reader.number16();
  std::array<unsigned, 3> counts{};
  for (unsigned& count : counts) count = reader.number16();
  if (questions > 1) throw Broken{};
  if (questions == 1) {
    decoded.question = text(reader.name());
    decoded.question += " " + toText(static_cast<RRType>(reader.number16()));
    decoded.qclass = reader.number16();
  }
  for (unsigned section = 0; section < 3; ++section)
    for (unsigned i = 0; i < counts[section]; ++i) readRecord(reader, section, decoded);
  if (!reader.atEnd()) throw Broken{};
  return decoded;
}

}  // namespace

Bytes hex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes out;
  for (std::size_t i = 0; i + 1 < digits.size(); ++i) {
    if (digits[i] == ' ') continue;
    out.push_back(static_cast<std::uint8_t>(value(digits[i]) << 4 | value(digits[i + 1])));
    ++i;
  }
  return out;
}

Bytes nameBytes(std::string_view name) {
  Bytes out;
  while (!name.empty() && name != ".") {
    const std::size_t dot = std::min(name.find('.'), name.size());
    out.push_back(static_cast<std::uint8_t>(dot));
    out.insert(out.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  out.push_back(0);
  return out;
}

Bytes queryBytes(const Ask& ask) {
  Bytes out;
  for (const unsigned field : {unsigned{ask.id}, unsigned{ask.flags}, 1u, 0u, 0u, ask.edns ? 1u : 0u})
    append16(out, field);
  const Bytes name = nameBytes(ask.name);
  out.insert(out.end(), name.begin(), name.end());
  append16(out, static_cast<unsigned>(ask.type));
  append16(out, ask.qclass);
  if (!ask.edns) return out;
  out.push_back(0);
  for (const unsigned field : {41u, unsigned{*ask.edns}, unsigned{ask.ednsVersion},
                               ask.dnssecOk ? 0x8000u : 0u, static_cast<unsigned>(ask.options.size())})
    append16(out, field);
  out.insert(out.end(), ask.options.begin(), ask.options.end());
  return out;
}

Bytes optionBytes(const std::vector<std::pair<unsigned, Bytes>>& options) {
  Bytes out;
  for (const auto& [code, data] : options) {
    append16(out, code);
    append16(out, static_cast<unsigned>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
  }
  return out;
}

std::optional<Bytes> Decoded::option(unsigned code) const {
  for (const auto& [each, data] : options)
    if (each == code) return data;
  return std::nullopt;
}

std::optional<Decoded> decode(std::span<const std::uint8_t> message) {
  try {
    return decodeAll(message);
  } catch (const Broken&) {
    return std::nullopt;
  }
}

}  // namespace holdfast::test
