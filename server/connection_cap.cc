#include "server/connection_cap.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

namespace holdfast {

namespace {
constexpr std::chrono::seconds kPatience{1};
}  // namespace

OpenSocket OpenSocket::of(int descriptor) {
  struct stat file {};
  return {descriptor, fstat(descriptor, &file) == 0 ? file.st_ino : 0};
}

bool OpenSocket::isOpen() const {
  struct stat file {};
  return fstat(descriptor, &file) == 0 && S_ISSOCK(file.st_mode) && file.st_ino == inode;
}

std::size_t ConnectionCap::open() {
  std::erase_if(sockets_, [](const OpenSocket& socket) { return !socket.isOpen(); });
  return sockets_.size();
}

bool ConnectionCap::isFull(std::size_t most) {
  if (sockets_.size() < most || open() < most) return false;
  ++turnedAway_;
  return true;
}

void ConnectionCap::opened(int descriptor) {
  sockets_.push_back(OpenSocket::of(descriptor));
}

void ConnectionCap::endSoon(int descriptor) {
  ending_.push_back({OpenSocket::of(descriptor), std::chrono::steady_clock::now()});
}

bool ConnectionCap::endOverdue() {
  const auto overdue = std::chrono::steady_clock::now() - kPatience;
  std::erase_if(ending_, [&](const Ending& ending) {
    if (ending.since > overdue) return false;
    if (ending.socket.isOpen())
      shutdown(ending.socket.descriptor, SHUT_RDWR);  // evhttp sees the end, and closes
    return true;
  });
  return !ending_.empty();
}

}  // namespace holdfast
