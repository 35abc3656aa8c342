#include "server/tcp_places.h"

#include <netinet/in.h>

#include <cstring>

#include "server/random.h"

namespace holdfast {

namespace {

/// The address that stands for the client: of IPv6 the upper half, as who has one address of a /64 has all.
std::uint64_t networkOf(const SocketAddress& client) noexcept {
  std::uint64_t network = 0;
  if (client.family() == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6*>(client.raw())->sin6_addr;
    std::memcpy(&network, &address, sizeof network);
  } else if (client.family() == AF_INET) {
    network = reinterpret_cast<const sockaddr_in*>(client.raw())->sin_addr.s_addr;
  }
  return network;
}

}  // namespace

std::chrono::milliseconds TcpLimits::idleWhen(std::size_t used) const noexcept {
  const std::size_t reserve = connections / 4;
  const std::size_t free = used < connections ? connections - used : 0;
  if (free >= reserve) return idle;
  return std::max(idle / 10, idle * static_cast<std::int64_t>(free) / static_cast<std::int64_t>(reserve));
}

TcpPlaces::TcpPlaces(const TcpLimits& limits, std::size_t workers)
    : ofEach_(limits.connections / 2 / std::max<std::size_t>(1, workers)),
      common_(std::max<std::size_t>(1, limits.connections) - ofEach_ * std::max<std::size_t>(1, workers)),
      perClient_(std::max<std::size_t>(1, limits.connectionsPerClient)),
      seed_(randomSeed()),
      cells_(std::make_unique<Cells>()) {}

/// splitmix64 over the address and a seed that nobody outside knows.
std::uint64_t TcpPlaces::hashOf(const SocketAddress& client) const noexcept {
  std::uint64_t z =
      (networkOf(client) ^ seed_) + 0x9e3779b97f4a7c15u * static_cast<unsigned>(client.family());
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

TcpPlaces::Taken TcpPlaces::take(const SocketAddress& client, Share& share, Place& place) noexcept {
  const std::uint64_t hash = hashOf(client);
  const std::uint32_t one = first(hash).fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t other = second(hash).fetch_add(1, std::memory_order_relaxed);
  if (std::min(one, other) >= perClient_) {
    giveBackCells(hash);
    return Taken::ClientHasAll;
  }
  const bool isOwn = share.used_ < ofEach_;
  if (!isOwn && commonUsed_.fetch_add(1, std::memory_order_relaxed) >= common_) {
    commonUsed_.fetch_sub(1, std::memory_order_relaxed);
    giveBackCells(hash);
    return Taken::NoneLeft;
  }
  if (isOwn) ++share.used_;
  used_.fetch_add(1, std::memory_order_relaxed);
  place = Place(*this, isOwn ? &share : nullptr, hash);
  return Taken::Yes;
}

void TcpPlaces::giveBackCells(std::uint64_t hash) noexcept {
  first(hash).fetch_sub(1, std::memory_order_relaxed);
  second(hash).fetch_sub(1, std::memory_order_relaxed);
}

void TcpPlaces::giveBack(std::uint64_t hash, Share* share) noexcept {
  giveBackCells(hash);
  used_.fetch_sub(1, std::memory_order_relaxed);
  if (share != nullptr)
    --share->used_;
  else
    commonUsed_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace holdfast
