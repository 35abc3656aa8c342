// RRsets on their way into a message: which records, from where on, whole or not at all.
#include "server/response.h"

namespace holdfast {

bool Response::require(Section section, Owner& owner, const Content& content) noexcept {
  if (addRRset(section, owner, content)) return true;
  truncated_ = true;
  return false;
}

/// A signature is over all records, so a signed RRset is never a choice of them.
bool Response::addRRset(Section section, Owner& owner, const Content& content, bool isSigned) noexcept {
  const MessageWriter::Mark mark = writer_.mark();
  const RRsetView rrset = content.rrset;
  const bool isStable = isSigned || view_ == View::Stable;
  const bool picks = !isStable && rrset.isEndpoint() && rrset.pick() > 0 && rrset.pick() < rrset.count();
  bool fits = false;
  if (rrset.type() == RRType::RRSIG)
    fits = addSignatureRRset(section, owner, content);
  else if (picks)
    fits = addPicked(section, owner, content);
  else
    fits = addAll(section, owner, content,
                  isStable || rrset.count() < 2 ? 0 : scratch_.random.below(rrset.count()));
  if (fits && isSigned) fits = addSignatures(section, owner, content);
  if (!fits) writer_.rollback(mark);
  return fits;
}

/// From some record on, so that clients which take the first spread over all.
bool Response::addAll(Section section, Owner& owner, const Content& content, std::uint64_t first) noexcept {
  const RRsetView rrset = content.rrset;
  if (rrset.count() == 0) return true;
  if (isAddressType(rrset.type()))
    return writer_.addAddresses(section, owner, rrset, content.ttl, static_cast<unsigned>(first));
  auto start = rrset.begin();
  while (first-- > 0) ++start;
  auto at = start;
  do {
    if (!writer_.add(section, owner, rrset.type(), content.ttl, *at)) return false;
    if (++at == rrset.end()) at = rrset.begin();
  } while (!(at == start));
  return true;
}

bool Response::addPicked(Section section, Owner& owner, const Content& content) noexcept {
  const RRsetView rrset = content.rrset;
  TargetPicker::Picked picked;
  scratch_.picker.pick(rrset, scratch_.random, picked);
  const std::size_t octets = rrset.addressOctets();
  for (unsigned i = 0; i < picked.count; ++i) {
    const std::uint8_t* rdata = rrset.addresses() + picked.index[i] * octets;
    if (!writer_.add(section, owner, rrset.type(), content.ttl, {rdata, octets})) return false;
  }
  return true;
}

/// The RRSIGs beside the RRset they cover, with its TTL (RFC 4034 section 3).
bool Response::addSignatures(Section section, Owner& owner, const Content& content) noexcept {
  for (const auto rdata : content.node.find(RRType::RRSIG))
    if (coveredType(rdata) == content.rrset.type() &&
        !writer_.add(section, owner, RRType::RRSIG, content.ttl, rdata))
      return false;
  return true;
}

/// Asked for by type, they come all, each with the TTL of what it covers.
bool Response::addSignatureRRset(Section section, Owner& owner, const Content& content) noexcept {
  for (const auto rdata : content.rrset) {
    const RRsetView covered = content.node.find(coveredType(rdata));
    if (!writer_.add(section, owner, RRType::RRSIG, covered ? covered.ttl() : content.ttl, rdata))
      return false;
  }
  return true;
}

}  // namespace holdfast
