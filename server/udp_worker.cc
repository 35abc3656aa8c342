#include "server/udp_worker.h"

#include <string>

namespace holdfast {

UdpWorker::UdpWorker(std::uint16_t udpPayload, const MessageSettings& messages,
                     const RcuPointer<Snapshot>& snapshot, WorkerCounters& counters)
    : serving_{snapshot, counters, AnswerScratch(randomSeed(), udpPayload, messages)} {}

void UdpWorker::serve(FileDescriptor socket) {
  waiting_.push_back({socket.get(), POLLIN, 0});
  sockets_.push_back(std::make_unique<UdpSocket>(std::move(socket), serving_));
}

Status UdpWorker::start(unsigned number) {
  waiting_.push_back({thread_.wake(), POLLIN, 0});
  return thread_.start("udp-" + std::to_string(number), [this] { run(); });
}

void UdpWorker::run() noexcept {
  while (waiting_.back().revents == 0) {
    // Fails for a signal alone, and then nothing is ready.
    if (::poll(waiting_.data(), waiting_.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < sockets_.size(); ++i)
      if (waiting_[i].revents != 0) sockets_[i]->serve();
  }
  drain();
}

void UdpWorker::stop(std::chrono::steady_clock::time_point deadline) noexcept {
  deadline_.store(deadline);
  thread_.stop();
}

void UdpWorker::drain() noexcept {
  for (const auto& socket : sockets_) socket->drain(deadline_.load());
}

}  // namespace holdfast
