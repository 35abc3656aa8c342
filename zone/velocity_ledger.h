#pragma once

#include <string>
#include <utility>

#include "zone/velocity.h"

namespace holdfast {

/// What a ledger keeps of one zone.
struct LedgerZone {
  LossWindow window;
  Loss lately;  ///< what stands of it within the server's window
};

/// The windows of all zones of a server, and running sums of what stands in them within the server's own
/// window: what is asked of all zones costs the same however much they lost. One thread at a time.
class VelocityLedger {
 public:
  using Time = LossWindow::Time;

  /// The server's window, `per` of its policy. Work of the order of all that stands, where it is another one.
  void setServerWindow(std::chrono::milliseconds per);
  /// Adds what a commit took and gave, of a replay.
  void record(NameView zone, const Losses& losses, Time at);

  /// What stands in the zone, and what is too old to stand unless that was taken out: since() is the
  /// caller's, as it may be long work. From then on the zone is kept.
  LossWindow of(NameView zone);
  /// Puts in what LossWindow::step() made of what of() gave, less what was too old, and leaves in `step` what
  /// has to be let go of: between the commit and the swap nothing may fail (I11). Where the zone is not kept
  /// nothing happens. REQUIRES: nothing else was put in for the zone since of().
  void put(NameView zone, LossStep& step) noexcept;
  /// Puts in the same window without what was too old, and leaves the one before in `window`.
  void putTrimmed(NameView zone, LossWindow& window) noexcept;
  /// The zone leaves nothing.
  void forget(NameView zone) noexcept;

  /// What stands within the server's window at `now`, in the zone and in all others. Constant time, but for
  /// what grew too old since the last call, which is forgotten: one step for each commit, not for each
  /// endpoint.
  struct Lately {
    Loss here, elsewhere;
  };
  Lately lately(NameView zone, Time now);

  /// nullptr where the zone is not kept.
  const LossWindow* find(NameView zone) const noexcept;
  std::size_t zones() const noexcept { return zones_.size(); }

 private:
  // By the octets of the apex: to find one needs no memory.
  std::map<std::string, LedgerZone, std::less<>> zones_;
  LossSums sums_;  // of all zones, within the server's window
  Loss total_;     // of sums_
  std::chrono::milliseconds per_ = defaultServerVelocity().per;
  Time forgotten_ = Time::min();  // up to then there is nothing in sums_
};

}  // namespace holdfast
