#include "server/udp_worker.h"

#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include "server/random.h"

namespace holdfast {

UdpWorker::UdpWorker(std::uint16_t udpPayload, const MessageSettings& messages,
                     const RcuPointer<Snapshot>& snapshot, WorkerCounters& counters)
    : serving_{snapshot, counters, AnswerScratch(randomSeed(), udpPayload, messages)} {}

Status UdpWorker::serve(FileDescriptor socket) {
  waiting_.push_back({socket.get(), POLLIN, 0});
  sockets_.push_back(std::make_unique<UdpSocket>(std::move(socket), serving_));
  return thread_.usable();
}

Status UdpWorker::start(unsigned number) {
  waiting_.push_back({thread_.wake(), POLLIN, 0});
  return thread_.start("udp-" + std::to_string(number), [this] { run(); });
}

void UdpWorker::stop(std::chrono::steady_clock::time_point deadline) noexcept {
  thread_.stop(deadline);
  if (sockets_.size() == 1) sockets_.front()->shut();
}

void UdpWorker::join() noexcept {
  thread_.join();
  sockets_.clear();
}

void UdpWorker::run() noexcept {
  if (sockets_.size() == 1)
    while (!thread_.isStopped()) sockets_.front()->waitAndServe();
  else
    while (!thread_.isStopped()) serveAll();
  drain();
}

void UdpWorker::serveAll() noexcept {
  wait();
  for (std::size_t i = 0; i < sockets_.size(); ++i)
    if (waiting_[i].revents != 0) sockets_[i]->serve();
}

void UdpWorker::wait() noexcept {
  if (::poll(waiting_.data(), waiting_.size(), -1) >= 0) return;
  // Short of memory, perhaps: then each socket is looked at as if it had something, not all the time.
  const bool isSignal = errno == EINTR;
  if (!isSignal) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (pollfd& each : waiting_) each.revents = isSignal ? short{0} : short{POLLIN};
}

/// In turns, so that a flood of one socket does not keep from answers what waits in the others.
void UdpWorker::drain() noexcept {
  unsigned received = 0;
  do {
    received = 0;
    for (const auto& socket : sockets_) received += socket->serveBatch();
  } while (received > 0 && std::chrono::steady_clock::now() < thread_.deadline());
}

}  // namespace holdfast
