#include <array>

#include "zone/rrset.h"

namespace holdfast {

namespace {

struct Shape {
  RRType type;
  unsigned before, names, after;
};

/// The types whose RDATA the code reads: octets before the names, names, octets after them.
constexpr std::array kShapes = {
    Shape{RRType::A, 4, 0, 0},     Shape{RRType::AAAA, 16, 0, 0}, Shape{RRType::NS, 0, 1, 0},
    Shape{RRType::MD, 0, 1, 0},    Shape{RRType::MF, 0, 1, 0},    Shape{RRType::MB, 0, 1, 0},
    Shape{RRType::MG, 0, 1, 0},    Shape{RRType::MR, 0, 1, 0},    Shape{RRType::CNAME, 0, 1, 0},
    Shape{RRType::DNAME, 0, 1, 0}, Shape{RRType::PTR, 0, 1, 0},   Shape{RRType::MINFO, 0, 2, 0},
    Shape{RRType::SOA, 0, 2, 20},  Shape{RRType::MX, 2, 1, 0},    Shape{RRType::SRV, 6, 1, 0}};

using Octets = std::span<const std::uint8_t>;

/// Windows of types, each above the one before (RFC 4034 section 4.1.2). Type 0 is none: ldns makes it of a
/// word that names no type.
bool isTypeBitmap(Octets rest) noexcept {
  for (int last = -1; !rest.empty();) {
    if (rest.size() < 3) return false;
    const int window = rest[0];
    const std::size_t size = rest[1];
    if (window <= last || size == 0 || size > 32 || rest.size() < 2 + size) return false;
    if (window == 0 && (rest[2] & 0x80u) != 0) return false;
    last = window;
    rest = rest.subspan(2 + size);
  }
  return true;
}

/// Algorithm, flags, iterations, salt and next hashed owner, each of the last two behind its length (RFC 5155
/// section 3.2), then the types.
bool isNsec3(Octets rest) noexcept {
  constexpr std::size_t kFixed = 4;
  if (rest.size() <= kFixed) return false;
  rest = rest.subspan(kFixed);
  for (int field = 0; field < 2; ++field) {
    if (rest.empty() || rest.size() < std::size_t{1} + rest[0]) return false;
    rest = rest.subspan(std::size_t{1} + rest[0]);
  }
  return isTypeBitmap(rest);
}

bool isNsec(Octets rest) noexcept {
  const std::size_t next = nameOctets(rest);
  return next > 0 && isTypeBitmap(rest.subspan(next));
}

}  // namespace

bool isWholeRdata(RRType type, std::string_view rdata) noexcept {
  const Octets octets(reinterpret_cast<const std::uint8_t*>(rdata.data()), rdata.size());
  if (type == RRType::NSEC) return isNsec(octets);
  if (type == RRType::NSEC3) return isNsec3(octets);
  for (const Shape& shape : kShapes) {
    if (shape.type != type) continue;
    Octets rest = octets;
    if (rest.size() < shape.before) return false;
    rest = rest.subspan(shape.before);
    for (unsigned i = 0; i < shape.names; ++i) {
      const std::size_t size = nameOctets(rest);
      if (size == 0) return false;
      rest = rest.subspan(size);
    }
    return rest.size() == shape.after;
  }
  return true;
}

}  // namespace holdfast
