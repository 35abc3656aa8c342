#include "tests/bench/stamped_client.h"

#include <netinet/in.h>

#include <cstring>

namespace holdfast::bench {

int stampedClient(std::uint16_t port, unsigned number) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? socket : -1;
}

std::int64_t stampOf(const msghdr& header) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  timespec stamp{};
  if (const cmsghdr* found = CMSG_FIRSTHDR(&header); found != nullptr && found->cmsg_type == SCM_TIMESTAMPNS)
    std::memcpy(&stamp, CMSG_DATA(found), sizeof stamp);
  return stamp.tv_sec * kSecond + stamp.tv_nsec;
}

}  // namespace holdfast::bench
