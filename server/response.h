#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "server/answer.h"
#include "server/message_writer.h"
#include "zone/denial.h"
#include "zone/lookup.h"

namespace holdfast {

/// How the chain of names that starts at the question ended. Decides the rcode and the authority section.
enum class ChainEnd : std::uint8_t {
  Open,        ///< not yet
  Data,        ///< the answer is complete
  NoData,      ///< of the last name
  NxDomain,    ///< of the last name
  Referral,    ///< the last name is at or below a zone cut
  Leaves,      ///< the last name is in no zone with content, or the chain loops or is too long: others go on
  NotHeld,     ///< the question's name is in no zone held
  NoContent,   ///< the zone of the question's name has no content yet
  NameTooLong  ///< a DNAME makes a name over 255 octets
};

/// Makes one response to one well-formed query, section by section, each step a function in the order of the
/// response. Lives on the stack for one message.
class Response {
 public:
  /// `zone` is what snapshot.findZone() has for the question's name.
  Response(const Snapshot& snapshot, const Query& query, const Zone* zone, View view, MessageWriter& writer,
           AnswerScratch& scratch) noexcept;

  /// Fills the sections and returns the rcode. REQUIRES: called once; the class is IN or ANY.
  Rcode run() noexcept;

 private:
  /// The first name of an RRset's records that addresses are wanted for: NS, MX, SRV, SVCB and HTTPS have
  /// one.
  struct Wanted {
    RRsetView rrset;
    const Zone* zone = nullptr;
    NodeView cut;  ///< of a referral, else null
  };

  // Answer section: response_answer.cc
  void answerSection() noexcept;
  void step() noexcept;
  const Zone* zoneFor(const HashedName& name) const noexcept;
  void found(const Lookup& result, const HashedName& name) noexcept;
  void follow(NameView next) noexcept;
  void followDname(const Lookup& result, const HashedName& name) noexcept;
  Owner ownerOf(NameView name) const noexcept;

  // Authority and additional sections: response_sections.cc
  void authoritySection() noexcept;
  void addReferral() noexcept;
  void additionalSection() noexcept;
  void addInDomainGlue(const Wanted& wanted) noexcept;
  void addAddresses(const Wanted& wanted) noexcept;
  bool addAddressesOf(NameView target, NodeView node) noexcept;
  NodeView addressNode(const HashedName& target) const noexcept;

  // What proves a denial to whoever set DO: response_denial.cc. Found as the chain goes, written at its end.
  void proveNoCloserName(const HashedName& name, const Lookup& wildcard) noexcept;
  void proveNoData(const HashedName& name, const Lookup& result) noexcept;
  void proveNxDomain(const HashedName& name, const Lookup& result) noexcept;
  unsigned proveEncloser(const HashedName& name, unsigned labels) noexcept;
  bool proves() const noexcept { return dnssec_ && zone_->denial().isUsable(); }
  void need(const DenialLink& link) noexcept;
  void addProofs() noexcept;

  // RRsets, whole or not at all: response_rrset.cc
  /// An RRset on its way into the message, and the node it is of, which has the signatures over it.
  struct Content {
    NodeView node;
    RRsetView rrset;
    std::uint32_t ttl;
    Content(NodeView of, RRsetView set) noexcept : node(of), rrset(set), ttl(set.ttl()) {}
    Content(NodeView of, RRsetView set, std::uint32_t seconds) noexcept
        : node(of), rrset(set), ttl(seconds) {}
  };
  bool addRRset(Section section, Owner& owner, const Content& content, bool isSigned) noexcept;
  bool addRRset(Section section, Owner& owner, const Content& content) noexcept {
    return addRRset(section, owner, content, dnssec_ && isSigned(content.node, content.rrset.type()));
  }
  bool addAll(Section section, Owner& owner, const Content& content, std::uint64_t first) noexcept;
  bool addPicked(Section section, Owner& owner, const Content& content) noexcept;
  bool addSignatures(Section section, Owner& owner, const Content& content) noexcept;
  bool addSignatureRRset(Section section, Owner& owner, const Content& content) noexcept;
  /// As addRRset; what does not fit makes the response a truncated one, which nothing is added to any more.
  bool require(Section section, Owner& owner, const Content& content) noexcept;
  bool requireDname(Owner& owner, const Content& content) noexcept;

  const Snapshot& snapshot_;
  const Query& query_;
  const Zone* const questionZone_;
  const View view_;
  const bool dnssec_;  // the client wants DNSSEC records
  MessageWriter& writer_;
  AnswerScratch& scratch_;

  ChainEnd end_ = ChainEnd::Open;
  const Zone* zone_ = nullptr;  // of the last name
  Lookup last_;                 // of the last name
  Wanted answered_;             // an RRset of the answer that names hosts
  bool truncated_ = false;
  unsigned proofs_ = 0;
  // The first proofs_ are set; made when the first is needed.
  std::optional<std::array<DenialLink, kMaxChain + 4>> proof_;

  // The name the chain is at: the question's, then followed_. names_ takes turns, so that the name before
  // stays readable.
  const HashedName& current() const noexcept { return steps_ == 0 ? query_.hashed : followed_; }
  HashedName followed_;
  unsigned steps_ = 0;
  std::array<std::uint64_t, kMaxChain + 1> visited_;
  std::array<const std::uint8_t*, kMaxChain + 1> dnames_;  // nodes whose DNAME the answer has
  unsigned dnameCount_ = 0;
  std::array<std::array<std::uint8_t, kMaxNameOctets>, 2> names_;
};

}  // namespace holdfast
