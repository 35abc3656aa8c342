#include "server/connection_cap.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>

namespace holdfast {

namespace {
constexpr std::chrono::seconds kPatience{1};
}  // namespace

ConnectionCap::Socket ConnectionCap::socketOf(int descriptor) {
  struct stat file {};
  return {descriptor, fstat(descriptor, &file) == 0 ? file.st_ino : 0, std::chrono::steady_clock::now()};
}

bool ConnectionCap::isOpen(const Socket& socket) {
  struct stat file {};
  return fstat(socket.descriptor, &file) == 0 && S_ISSOCK(file.st_mode) && file.st_ino == socket.inode;
}

std::size_t ConnectionCap::open() {
  std::erase_if(sockets_, [](const Socket& socket) { return !isOpen(socket); });
  return sockets_.size();
}

bool ConnectionCap::isFull(std::size_t most) {
  if (sockets_.size() < most || open() < most) return false;
  ++turnedAway_;
  return true;
}

void ConnectionCap::opened(int descriptor) {
  sockets_.push_back(socketOf(descriptor));
}

void ConnectionCap::endSoon(int descriptor) {
  ending_.push_back(socketOf(descriptor));
}

bool ConnectionCap::endOverdue() {
  const auto overdue = std::chrono::steady_clock::now() - kPatience;
  std::erase_if(ending_, [&](const Socket& socket) {
    if (socket.since > overdue) return false;
    if (isOpen(socket)) shutdown(socket.descriptor, SHUT_RDWR);  // evhttp sees the end, and closes
    return true;
  });
  return !ending_.empty();
}

}  // namespace holdfast
