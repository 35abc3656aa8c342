#pragma once

#include <vector>

#include "zone/node.h"
#include "zone/octets.h"
#include "zone/rrset.h"

namespace holdfast {

/// How the RRsets of one owner are written where they are kept: their number, and each of them. Numbers with
/// a width are big-endian, the others varints of 16 bits, TTLs and weights of 32. What is written is decided
/// by the RRsets alone and never by how nodes lay them out: stored changes are compressed against it.
///
///   Second  u16 RRsets; each: u16 type, u32 ttl, u16 pick, u8 has targets, u16 records,
///           (u16 length, RDATA)..., and with targets (u32 weight, u8 length, id)...
///   Third   RRsets; each: type, ttl, pick, u8 flags, records, octets of each record and RDATA...; where they
///           differ 0 and (length, RDATA)...; and with targets weight..., one of all or one each, and where
///           any has an id (u8 length, id)...
enum class RRsetForm : std::uint8_t { Second, Third };

/// Of a null view: no RRsets.
void putRRsets(OctetWriter& out, NodeView node, RRsetForm form);
/// The inverse. Any octets are safe input: where they are cut off, reader.ok() is false and what is returned
/// means nothing.
std::vector<RRset> takeRRsets(OctetReader& reader, RRsetForm form);
/// The same, without making anything of them.
void skipRRsets(OctetReader& reader, RRsetForm form) noexcept;

}  // namespace holdfast
