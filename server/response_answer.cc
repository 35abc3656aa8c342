// The answer section: the chain of names from the question to its end (RFC 1034 section 4.3.2, steps 2 and
// 3).
#include <algorithm>

#include "server/response.h"

namespace holdfast {

namespace {

/// The RRset a query for ANY gets: one is enough (RFC 8482 section 4.1). Proofs are no use to whoever asks
/// so.
RRsetView oneOf(NodeView node) noexcept {
  for (const RRsetView rrset : node)
    if (!isDenialType(rrset.type())) return rrset;
  return *node.begin();
}

bool namesHosts(RRType type) noexcept {
  return type == RRType::NS || type == RRType::MX || type == RRType::SRV || type == RRType::SVCB ||
         type == RRType::HTTPS;
}

}  // namespace

Response::Response(const Snapshot& snapshot, const Query& query, const Zone* zone, View view,
                   MessageWriter& writer, AnswerScratch& scratch) noexcept
    : snapshot_(snapshot),
      query_(query),
      questionZone_(zone),
      view_(view),
      dnssec_(query.edns.dnssecOk),
      writer_(writer),
      scratch_(scratch) {}

Rcode Response::run() noexcept {
  const MessageWriter::Mark empty = writer_.mark();
  answerSection();
  switch (end_) {
    case ChainEnd::NotHeld:
      scratch_.last.extendedError = ExtendedError::NotAuthoritative;
      return Rcode::Refused;
    case ChainEnd::NoContent:
      scratch_.last.extendedError = ExtendedError::ZoneNotReady;
      writer_.rollback(empty);
      writer_.clearFlags(flag::kAuthoritative);
      return Rcode::ServFail;
    default:
      break;
  }
  if (!truncated_) authoritySection();
  if (!truncated_) additionalSection();
  if (truncated_) writer_.setFlags(flag::kTruncated);
  if (end_ == ChainEnd::NxDomain) return Rcode::NxDomain;
  return end_ == ChainEnd::NameTooLong ? Rcode::YxDomain : Rcode::NoError;
}

void Response::answerSection() noexcept {
  while (end_ == ChainEnd::Open && !truncated_) step();
}

/// One name of the chain.
void Response::step() noexcept {
  const HashedName& name = current();
  const auto visited = visited_.begin() + steps_;
  if (steps_ > kMaxChain || std::find(visited_.begin(), visited, name.hash()) != visited) {
    end_ = ChainEnd::Leaves;
    return;
  }
  *visited = name.hash();
  zone_ = zoneFor(name);
  if (zone_ == nullptr) {
    end_ = steps_ == 0 ? ChainEnd::NotHeld : ChainEnd::Leaves;
    return;
  }
  if (!zone_->hasContent()) {
    end_ = steps_ == 0 ? ChainEnd::NoContent : ChainEnd::Leaves;
    return;
  }
  last_ = lookup(*zone_, name, query_.type);
  // AA is about the first owner name in the answer (RFC 1035 section 4.1.1), and never holds for all classes
  // at once (section 6.2).
  if (steps_ == 0 && last_.found != Found::Delegation && query_.qclass == kClassIn)
    writer_.setFlags(flag::kAuthoritative);
  if (last_.found == Found::Dname) return followDname(last_, name);
  found(last_, name);
}

/// The zone to ask. The DS of an apex belongs to the parent's side of the cut: where the zone that made the
/// cut is held too, it answers (RFC 4035 section 3.1.4.1).
const Zone* Response::zoneFor(const HashedName& name) const noexcept {
  const Zone* zone = steps_ == 0 ? questionZone_ : snapshot_.findZone(name);
  if (query_.type != RRType::DS || zone == nullptr || name.labels() == 0) return zone;
  if (zone->apexLabels() != name.labels()) return zone;
  const Zone* above = snapshot_.findZone(name, name.labels() - 1);
  if (above == nullptr || !above->hasContent()) return zone;
  // A zone further up, with the cut in a zone between that is not held, knows nothing of this name.
  return lookup(*above, name, RRType::DS).found == Found::Delegation ? zone : above;
}

void Response::found(const Lookup& result, const HashedName& name) noexcept {
  Owner owner = ownerOf(name.name());
  switch (result.found) {
    case Found::Data: {
      const RRsetView rrset = query_.type == RRType::ANY ? oneOf(result.node) : result.rrset;
      const Content content(result.node, rrset);
      const bool isOwnDname = rrset.type() == RRType::DNAME && !result.wildcard;
      if (!(isOwnDname ? requireDname(owner, content) : require(Section::Answer, owner, content))) return;
      if (result.wildcard) proveNoCloserName(name, result);
      if (namesHosts(rrset.type())) answered_ = {rrset, zone_, {}};
      end_ = ChainEnd::Data;
      return;
    }
    case Found::Cname:
      if (!require(Section::Answer, owner, {result.node, result.rrset})) return;
      if (result.wildcard) proveNoCloserName(name, result);
      return follow(canonicalName(result.rrset.front(), names_[steps_ % 2]));
    case Found::Delegation:
      end_ = ChainEnd::Referral;
      return;
    case Found::NoData:
      proveNoData(name, result);
      end_ = ChainEnd::NoData;
      return;
    case Found::Dname:
    case Found::NxDomain:
      proveNxDomain(name, result);
      end_ = ChainEnd::NxDomain;
      return;
  }
}

/// The question's name is in the message already, in the client's case; others are found by compression.
Owner Response::ownerOf(NameView name) const noexcept {
  return steps_ == 0 ? Owner::question(query_) : Owner(name);
}

void Response::follow(NameView next) noexcept {
  followed_.assign(next);
  ++steps_;
}

/// A chain may come through one DNAME again and again, or end at it: it stands in the answer once.
bool Response::requireDname(Owner& owner, const Content& content) noexcept {
  const std::uint8_t* node = content.node.bytes().data();
  const auto end = dnames_.begin() + dnameCount_;
  if (std::find(dnames_.begin(), end, node) != end) return true;
  dnames_[dnameCount_++] = node;
  return require(Section::Answer, owner, content);
}

/// RFC 6672 section 3.2: the DNAME, then the CNAME it makes of the name.
void Response::followDname(const Lookup& result, const HashedName& name) noexcept {
  Owner dnameOwner(result.node.name());
  if (!requireDname(dnameOwner, {result.node, result.rrset})) return;
  std::array<std::uint8_t, kMaxNameOctets> target;
  auto& out = names_[steps_ % 2];
  const std::size_t size =
      substituteDname(name.name(), result.node.name(), canonicalName(result.rrset.front(), target), out);
  if (size == 0) {
    end_ = ChainEnd::NameTooLong;
    return;
  }
  Owner owner = ownerOf(name.name());
  const MessageWriter::Mark mark = writer_.mark();
  if (!writer_.add(Section::Answer, owner, RRType::CNAME, result.rrset.ttl(), {out.data(), size})) {
    writer_.rollback(mark);
    truncated_ = true;
    return;
  }
  // A query for the CNAME itself, or for anything, has its answer (RFC 1034 section 4.3.2, step 3a).
  if (query_.type == RRType::CNAME || query_.type == RRType::ANY)
    end_ = ChainEnd::Data;
  else
    follow({out.data(), size});
}

}  // namespace holdfast
