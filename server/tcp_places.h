#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "server/listen.h"
#include "server/tcp_limits.h"

namespace holdfast {

/// Counts the TCP connections of all workers, in all and by client, so that both limits hold for the whole
/// server. Half of the places is divided among the workers, for each to have whatever the others hold: a
/// worker can only close connections of its own to make room. Neither locks nor allocates after construction.
/// Any thread.
///
/// Clients are counted in two rows of cells, each chosen by a keyed hash; a client has what the emptier of
/// its two cells says. Memory is fixed whoever connects, and a client is taken for another's share only where
/// both its cells meet those of full clients: with ten of them once in 2.7 million.
/// While two workers take the last place at the same instant, both may be told that none is left.
class TcpPlaces {
 public:
  explicit TcpPlaces(const TcpLimits& limits, std::size_t workers = 1);
  TcpPlaces(const TcpPlaces&) = delete;
  TcpPlaces& operator=(const TcpPlaces&) = delete;

  /// How many places of its own a worker has taken. One thread, which takes and drops them.
  class Share {
    friend class TcpPlaces;
    std::size_t used_ = 0;
  };

  /// A place, given back when dropped. REQUIRES: the TcpPlaces and the Share outlive it.
  class Place {
   public:
    Place() noexcept = default;
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)), share_(other.share_), hash_(other.hash_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(places_, other.places_);
      std::swap(share_, other.share_);
      std::swap(hash_, other.hash_);
      return *this;
    }
    ~Place() {
      if (places_ != nullptr) places_->giveBack(hash_, share_);
    }

   private:
    friend class TcpPlaces;
    Place(TcpPlaces& places, Share* share, std::uint64_t hash) noexcept
        : places_(&places), share_(share), hash_(hash) {}
    TcpPlaces* places_ = nullptr;
    Share* share_ = nullptr;  // null: of those that all workers have together
    std::uint64_t hash_ = 0;
  };

  enum class Taken {
    Yes,
    NoneLeft,     ///< all places that this worker may have are taken
    ClientHasAll  ///< that client may have no more
  };
  /// Fills `place` where the answer is Yes.
  Taken take(const SocketAddress& client, Share& share, Place& place) noexcept;
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kCells = std::size_t{1} << 14;
  using Cell = std::atomic<std::uint32_t>;
  struct Cells {
    Cell first[kCells];
    Cell second[kCells];
  };

  Cell& first(std::uint64_t hash) noexcept { return cells_->first[hash % kCells]; }
  Cell& second(std::uint64_t hash) noexcept { return cells_->second[(hash >> 32) % kCells]; }
  std::uint64_t hashOf(const SocketAddress& client) const noexcept;
  void giveBackCells(std::uint64_t hash) noexcept;
  void giveBack(std::uint64_t hash, Share* share) noexcept;

  const std::size_t ofEach_, common_;  // places
  const std::size_t perClient_;
  const std::uint64_t seed_;
  const std::unique_ptr<Cells> cells_;
  std::atomic<std::size_t> used_{0}, commonUsed_{0};
};

}  // namespace holdfast
