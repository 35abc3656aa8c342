#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/zone/fixtures.h"
#include "zone/candidate.h"
#include "zone/velocity_ledger.h"

namespace holdfast::test {

/// As large as zones get in tests; unoptimised builds are content with less.
#ifdef __OPTIMIZE__
inline constexpr int kManyEndpoints = 100'000;
#else
inline constexpr int kManyEndpoints = 10'000;
#endif

/// A target by the last two octets of its address, with its weight.
struct FleetTarget {
  std::uint16_t address;
  std::uint32_t weight;
};
using Fleet = std::map<std::string, std::vector<FleetTarget>>;

/// So many targets of weight 100, from that address on.
std::vector<FleetTarget> targets(std::size_t count, std::uint16_t first = 1);

/// A plan whose content can still be changed.
struct PlanDraft {
  struct Endpoint {
    Name owner;
    std::optional<RRset> a{}, aaaa{};
  };
  struct Records {
    Name owner;
    RRset rrset;
  };
  Name zone;
  PlanKind kind = PlanKind::Full;
  std::vector<Endpoint> endpoints{};
  std::vector<Records> rrsets{};
  std::vector<Removal> removals{};

  Plan made() const;
};
PlanDraft fleetPlan(const Name& zone, PlanKind kind, const Fleet& endpoints,
                    const std::vector<std::string>& remove = {});

/// Zones under the guard without store and threads, over the code that submissions go through; time is the
/// test's.
class Guarded {
 public:
  explicit Guarded(std::vector<std::string> zones = {"z."});

  /// Judges, and where it is accepted makes it what is served.
  Candidate push(const PlanDraft& plan, const std::vector<std::string>& allow = {});
  Candidate full(const Fleet& fleet, const std::vector<std::string>& remove = {});
  Candidate delta(const Fleet& fleet, const std::vector<std::string>& remove = {},
                  const std::vector<std::string>& allow = {});
  void pass(std::chrono::seconds time) { now += time; }
  const Zone& zone(std::string_view apex = "z.") const;
  Basis basisFor(NameView zone);

  GuardPolicy policy;
  VelocityPolicy server = defaultServerVelocity();
  VelocityLedger ledger;
  LossWindow::Time now{std::chrono::hours(1000)};

 private:
  std::unique_ptr<Snapshot> served_;
  Generation generation_ = 0;
};

std::vector<std::string> rulesOf(const std::vector<Reason>& reasons);
std::vector<std::string> rulesOf(const Candidate& candidate);

}  // namespace holdfast::test
