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

}  // namespace

bool isWholeRdata(RRType type, std::string_view rdata) noexcept {
  for (const Shape& shape : kShapes) {
    if (shape.type != type) continue;
    std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(rdata.data()), rdata.size());
    if (rest.size() < shape.before) return false;
    rest = rest.subspan(shape.before);
    for (unsigned i = 0; i < shape.names; ++i) {
      const std::size_t octets = nameOctets(rest);
      if (octets == 0) return false;
      rest = rest.subspan(octets);
    }
    return rest.size() == shape.after;
  }
  return true;
}

}  // namespace holdfast
