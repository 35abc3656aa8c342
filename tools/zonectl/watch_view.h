#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/zonectl/render.h"

namespace holdfast::zonectl {

/// What `watch` has seen so far: takes the server's documents one look after the other and tells what
/// happened between them. Survives restarts of the server: counters that began anew are noticed, lines of the
/// history that were written meanwhile are told.
class WatchView {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Something that happened, as it is printed.
  struct Event {
    std::string at;  ///< ISO 8601; of the server's clock where it is a line of the history
    std::string zone;
    std::string kind;  ///< "watching", "published", "refused", "away", "back" and so on
    std::string text;
    Json document;  ///< the line of the history, or null
  };

  /// `zones`: only these, absolute with their final dot; none: all.
  explicit WatchView(std::vector<std::string> zones) : wanted_(std::move(zones)) {}

  /// A look at the server. `now` is for people, `at` for rates. Gives the zones whose history to look at
  /// next.
  std::vector<std::string> saw(const Json& status, const std::string& now, Time at);
  void sawHistory(const std::string& zone, const Json& history);
  /// A look that found no server.
  void sawNobody(const std::string& why, const std::string& now);

  bool isAway() const noexcept { return away_; }
  /// What happened since the last call.
  std::vector<Event> takeEvents();
  /// One line of an event.
  std::string line(const Event& event, const Palette& palette) const;
  /// The state of things and the last events, for a terminal.
  std::string screen(const Palette& palette) const;
  /// The look as one object, with the events given.
  Json document(const std::vector<Event>& events) const;

 private:
  struct ZoneSeen {
    std::string fingerprint;               // of what changes when its history grows
    std::optional<std::int64_t> lastLine;  // id of the newest line told
    Json status;
  };
  struct Rates {
    std::uint64_t answered = 0, swaps = 0, swapMicros = 0;
    Time at{};
  };
  void happened(Event event);
  void measure(const Json& status, Time at);
  bool isWanted(const std::string& zone) const;
  std::string ratesText() const;

  std::vector<std::string> wanted_;
  std::map<std::string, ZoneSeen> zones_;
  Json status_;
  std::optional<Rates> before_;
  std::optional<double> answersPerSecond_;
  std::optional<double> swapMicros_;  // mean of the swaps since the last look that saw any
  std::string now_, pid_;
  bool away_ = false, started_ = false;
  std::vector<Event> events_;
  std::deque<Event> recent_;
};

}  // namespace holdfast::zonectl
