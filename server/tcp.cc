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
constexpr int kTriesToMakeRoom = 4;

bool isOutOfResources(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

TcpPool::TcpPool(event_base* base, Serving& serving, const TcpLimits& limits, TcpPlaces& places)
    : base_(base),
      serving_(serving),
      limits_(limits),
      places_(places),
      sweep_(makeEvent<&TcpPool::sweep>(base, -1, EV_PERSIST, this)) {}

bool TcpPool::start() noexcept {
  using std::chrono::milliseconds;
  // Often enough that no limit is overrun by more than a quarter, the shortened one for idle ones included.
  const milliseconds shortest = std::min({limits_.idle / 10, limits_.message, limits_.response});
  const timeval interval = toTimeval(std::clamp(shortest / 4, milliseconds(10), milliseconds(250)));
  return sweep_ != nullptr && event_add(sweep_.get(), &interval) == 0;
}

TcpPlaces::Taken TcpPool::takePlace(const SocketAddress& client, TcpPlaces::Place& place) noexcept {
  TcpPlaces::Taken taken = places_.take(client, share_, place);
  // Other workers may take what was given back to all.
  for (int tries = 0; taken == TcpPlaces::Taken::NoneLeft && tries < kTriesToMakeRoom && makeRoom(); ++tries)
    taken = places_.take(client, share_, place);
  WorkerCounters& counters = serving_.counters;
  if (taken == TcpPlaces::Taken::NoneLeft) counters.tcpRefused.add();
  if (taken == TcpPlaces::Taken::ClientHasAll) counters.tcpClientRefused.add();
  return taken;
}

void TcpPool::adopt(FileDescriptor socket, const SocketAddress& client) {
  serving_.counters.tcpAccepted.add();
  TcpPlaces::Place place;
  if (takePlace(client, place) != TcpPlaces::Taken::Yes) return resetOnClose(socket);
  // A segment for each response at once, or it waits for the client to acknowledge the one before.
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  idle_.emplace_back(base_, std::move(socket), ClientAddress(client.storage()), serving_, limits_.pipeline,
                     static_cast<TcpConnection::Owner&>(*this));
  Held& held = idle_.back();
  held.list = &idle_;
  held.self = std::prev(idle_.end());
  held.place = std::move(place);
  serving_.counters.tcpOpen.add();
  if (!held.start()) close(held);
}

bool TcpPool::makeRoom() noexcept {
  for (List* list : {&idle_, &receiving_}) {
    if (list->empty()) continue;
    serving_.counters.tcpEvicted.add();
    close(list->front());
    return true;
  }
  return false;
}

/// A drain has its own deadline.
void TcpPool::sweep() noexcept {
  if (draining_) return;
  WorkerCounters& counters = serving_.counters;
  closeOverdue(idle_, limits_.idleWhen(places_.used()), counters.tcpIdle, Close::Orderly);
  closeOverdue(receiving_, limits_.message, counters.tcpSlowMessage, Close::Reset);
  closeOverdue(sending_, limits_.response, counters.tcpSlowResponse, Close::Reset);
}

void TcpPool::closeOverdue(List& list, std::chrono::milliseconds limit, Counter& counter,
                           Close how) noexcept {
  const Clock::time_point due = Clock::now() - limit;
  while (!list.empty() && list.front().since <= due) {
    counter.add();
    if (how == Close::Reset) list.front().resetOnClose();
    close(list.front());
  }
}

TcpPool::List& TcpPool::listOf(TcpState state) noexcept {
  if (state == TcpState::Idle) return idle_;
  return state == TcpState::Receiving ? receiving_ : sending_;
}

/// A life is ended where nothing is lost by it, when the connection is idle; one that never is has as long
/// again as an idle one is kept.
bool TcpPool::entered(TcpConnection& connection, TcpState state) noexcept {
  if (draining_) return true;  // the lists are being walked
  auto& held = static_cast<Held&>(connection);
  held.since = Clock::now();
  List& list = listOf(state);
  list.splice(list.end(), *held.list, held.self);
  held.list = &list;
  const auto life = state == TcpState::Idle ? limits_.lifetime : limits_.lifetime + limits_.idle;
  if (held.since - held.born < life) return true;
  serving_.counters.tcpExpired.add();
  return false;
}

void TcpPool::finished(TcpConnection& connection) noexcept {
  close(static_cast<Held&>(connection));
}

void TcpPool::drain() noexcept {
  draining_ = true;
  for (List* list : {&idle_, &receiving_, &sending_})
    for (auto each = list->begin(); each != list->end();) {
      TcpConnection& connection = *each;
      ++each;
      connection.drain();
    }
}

void TcpPool::close(Held& held) noexcept {
  serving_.counters.tcpClosed.add();
  serving_.counters.tcpOpen.subtract();
  held.list->erase(held.self);
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
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* peer = reinterpret_cast<sockaddr*>(&storage);
    FileDescriptor socket(::accept4(socket_.get(), peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if ((errno == EMFILE || errno == ENFILE) && pool_.makeRoom()) continue;
      if (isOutOfResources(errno)) return backOff();
      continue;  // that connection broke before it was accepted, or a signal came
    }
    try {
      pool_.adopt(std::move(socket), SocketAddress::of(peer, size));
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
