#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zone/plan.h"

namespace holdfast {

/// The largest OPT record beside an answer, which carries no extended error: the record itself, a cookie,
/// an NSID and a keepalive with their headers. The server, which writes them, asserts it.
inline constexpr std::size_t kMaxOptOctets = 11 + (4 + 24) + (4 + 128) + (4 + 2);

/// An error refuses a plan (rule `invalid`), a warning is shown and counted.
enum class Severity : std::uint8_t { Error, Warning };

/// What can be wrong with a zone. Each with its code, rule and what other servers do: docs/zone-checks.md.
enum class Check : std::uint8_t {
  NoSoa,
  NoApexNs,
  SeveralRecords,
  CnameAndOtherData,
  BelowDname,
  ApexNsIsCname,
  ApexNsWithoutAddress,
  Lame,
  ResponseTooLarge,
  DsAtApex,
  DsWithoutNs,
  DsDigest,
  DnskeyProtocol,
  Nsec3paramNotAtApex,
  Nsec3Algorithm,
  Nsec3IterationsLimit,
  SvcbMalformed,
  SvcbMandatory,
  SingleNameServer,
  NsIsCname,
  NsWithoutAddress,
  MissingGlue,
  SiblingGlue,
  Occluded,
  DnameAndNs,
  WildcardNs,
  WildcardDname,
  InnerAsterisk,
  DanglingAlias,
  AliasLoop,
  OriginTwice,
  MxIsCname,
  MxWithoutAddress,
  NullMxAndOthers,
  SrvIsCname,
  SrvWithoutAddress,
  TargetIsAddress,
  NotAHostName,
  SeveralSpf,
  SpfType,
  CaaFlags,
  SvcbModesMixed,
  SvcbSeveralAliases,
  SvcbAliasToItself,
  SoaMade,
  SoaMname,
  SoaRname,
  SoaTimers,
  TtlDiffers,
  TtlTooLarge,
  DuplicateRecord,
  DuplicateButForCase,
  TruncatedByUdp,
  DnskeyNotAtApex,
  SeveralNsec3params,
  Nsec3Iterations,
  Nsec3Parameters,
  Nsec3Chain,
  NsecChain,
  NsecTypes,
  RrsigWithoutRrset,
  RrsigExpired,
  RrsigNotYetValid,
  RrsigKeyTag,
  SignedWithoutDnskey,
  RrsetUnsigned
};
inline constexpr std::size_t kChecks = static_cast<std::size_t>(Check::RrsetUnsigned) + 1;

struct CheckFacts {
  std::string_view code;  ///< stable, for programs
  Severity severity;
  std::string_view rule;    ///< what is wanted, with the section of the RFC
  std::string_view advice;  ///< what to do
};
const CheckFacts& factsOf(Check check) noexcept;

/// One thing that is wrong.
struct Finding {
  Check check = Check::NoSoa;
  Severity severity = Severity::Error;  ///< as by the table, but a warning where it is served already
  Name name;
  std::optional<RRType> type;
  std::string where;     ///< as PlannedRRset::where; empty where the plan does not set it
  std::string observed;  ///< what was seen
};

/// What is checked. `before` is nullptr for a zone's first plan. `changed` are the names whose
/// nodes differ: all that a delta is checked for, with what stands above them and the apex. A full plan is
/// checked whole, whatever they are. Borrows all of it.
struct CheckCase {
  const Zone* before;
  const Zone& after;
  const Plan& plan;
  std::span<const NameView> changed;
  WallTime now;  ///< for signatures; 0: their times are not looked at
  std::size_t maxErrors, maxWarnings;
  /// Asked for every name; checking ends when it says false.
  const std::function<bool()>& hasTime;
};

/// In canonical order of the names, as many as the limits allow.
struct Findings {
  std::vector<Finding> errors, warnings;
  std::uint64_t unlistedErrors = 0, unlistedWarnings = 0;
};

/// Makes the checks that a zone needs before it is served. An error that the served content has too is a
/// warning: refusing a newer plan for it would not take it away (I6). Of a delta only what is new is told.
/// Work is of the order of the change for a delta (of the zone where a delta adds a zone cut or a DNAME above
/// names that exist), of the zone for a full plan. Any thread; nothing is kept.
Findings checkZone(const CheckCase& c);

}  // namespace holdfast
