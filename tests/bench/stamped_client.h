#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <ctime>

namespace holdfast::bench {

/// A UDP socket connected to that port of 127.0.0.(1 + number), whose messages tell when the system had them
/// (SO_TIMESTAMPNS). The caller owns it; negative where there is none.
int stampedClient(std::uint16_t port, unsigned number);

/// Room for what comes with a message.
struct alignas(cmsghdr) Stamp : std::array<char, CMSG_SPACE(sizeof(timespec))> {};

/// When the system had it: CLOCK_REALTIME in nanoseconds. 0 where it does not say.
std::int64_t stampOf(const msghdr& header);

}  // namespace holdfast::bench
