#include "server/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace holdfast {

namespace {

/// Accepted in one wake-up, so that a rush leaves UDP and open connections their turns.
constexpr unsigned kAcceptsPerWake = 16;
constexpr std::chrono::milliseconds kBackOff{100};

bool isOutOfResources(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

TcpPool::TcpPool(event_base* base, Serving& serving, TcpLimits limits)
    : base_(base),
      serving_(serving),
      limits_(limits),
      sweep_(makeEvent<&TcpPool::sweep>(base, -1, EV_PERSIST, this)) {}

bool TcpPool::start() noexcept {
  using std::chrono::milliseconds;
  const timeval interval = toTimeval(std::clamp(limits_.idle / 4, milliseconds(10), milliseconds(1000)));
  return sweep_ != nullptr && event_add(sweep_.get(), &interval) == 0;
}

void TcpPool::adopt(FileDescriptor socket) {
  serving_.counters.tcpAccepted.add();
  if (connections_.size() >= limits_.connections && !makeRoom()) {
    serving_.counters.tcpRefused.add();
    return;
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections_.emplace_back(base_, std::move(socket), serving_, static_cast<TcpConnection::Owner&>(*this));
  const auto place = std::prev(connections_.end());
  place->self = place;
  serving_.counters.tcpOpen.add();
  if (!place->start()) close(place);
}

bool TcpPool::makeRoom() noexcept {
  const auto idle = std::find_if(connections_.begin(), connections_.end(),
                                 [](const Place& place) { return !place.isBusy(); });
  if (idle == connections_.end()) return false;
  serving_.counters.tcpIdle.add();
  close(idle);
  return true;
}

void TcpPool::sweep() noexcept {
  const Clock::time_point limit = Clock::now() - limits_.idle;
  while (!connections_.empty() && connections_.front().activeAt <= limit) {
    serving_.counters.tcpIdle.add();
    close(connections_.begin());
  }
}

void TcpPool::active(TcpConnection& connection) noexcept {
  if (draining_) return;  // the list is being walked
  auto& place = static_cast<Place&>(connection);
  place.activeAt = Clock::now();
  connections_.splice(connections_.end(), connections_, place.self);
}

void TcpPool::finished(TcpConnection& connection) noexcept {
  close(static_cast<Place&>(connection).self);
}

void TcpPool::drain() noexcept {
  draining_ = true;
  for (auto place = connections_.begin(); place != connections_.end();) {
    TcpConnection& connection = *place;
    ++place;
    connection.drain();
  }
}

void TcpPool::close(std::list<Place>::iterator place) noexcept {
  serving_.counters.tcpClosed.add();
  serving_.counters.tcpOpen.subtract();
  connections_.erase(place);
}

TcpListener::TcpListener(event_base* base, FileDescriptor socket, TcpPool& pool, WorkerCounters& counters)
    : socket_(std::move(socket)),
      pool_(pool),
      counters_(counters),
      event_(makeEvent<&TcpListener::acceptable>(base, socket_.get(), EV_READ | EV_PERSIST, this)),
      resume_(makeEvent<&TcpListener::resume>(base, -1, 0, this)) {}

bool TcpListener::start() noexcept {
  return event_ != nullptr && resume_ != nullptr && event_add(event_.get(), nullptr) == 0;
}

void TcpListener::acceptable() noexcept {
  for (unsigned i = 0; i < kAcceptsPerWake; ++i) {
    FileDescriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (isOutOfResources(errno)) return backOff();
      continue;  // that connection broke before it was accepted, or a signal came
    }
    try {
      pool_.adopt(std::move(socket));
    } catch (const std::bad_alloc&) {
      return backOff();
    }
  }
}

/// The connection stays in the queue, so the listener would be ready again at once: it rests instead.
void TcpListener::backOff() noexcept {
  counters_.acceptFailures.add();
  const timeval pause = toTimeval(kBackOff);
  if (event_add(resume_.get(), &pause) == 0) event_del(event_.get());
}

void TcpListener::resume() noexcept {
  event_add(event_.get(), nullptr);
}

void TcpListener::drain() noexcept {
  acceptable();
  event_.reset();
  resume_.reset();
  socket_.close();
}

}  // namespace holdfast
