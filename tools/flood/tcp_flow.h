#pragma once

#include <memory>
#include <vector>

#include "tools/flood/flow.h"
#include "tools/flood/server_address.h"
#include "zone/file_descriptor.h"
#include "zone/result.h"

namespace holdfast::flood {

/// Questions by TCP, many at once on one connection. A connection that ends is made anew, and what waited on
/// it is asked again, as clients do (RFC 7766 section 6.2.4), while its time is not over.
class TcpFlow final : public Flow {
 public:
  TcpFlow(const ServerAddress& server, const Asking& asking);

  int socket() const noexcept override { return socket_.get(); }
  bool wantsToSend() const noexcept override { return sent_ < out_.size(); }
  bool hasRoom() const noexcept override { return out_.size() < kMostOut && hasId(); }
  void ask(const Message& message, std::int64_t due, Tally& tally) override;
  void send(std::int64_t now, Tally& tally) override;
  void receive(Tally& tally) override;

 private:
  static constexpr std::size_t kMostOut = 64 << 10;
  static constexpr std::size_t kFrame = 2;
  static constexpr std::int64_t kPause = 100'000'000;  ///< before another attempt, nanoseconds

  std::span<std::uint8_t> roomFor(const Message& message);
  void connect(std::int64_t now, Tally& tally);
  void close(std::int64_t now, Tally& tally);
  void takeFrames(std::int64_t time, Tally& tally);

  const ServerAddress server_;
  FileDescriptor socket_;
  std::int64_t notBefore_ = 0;  // another attempt
  std::vector<std::uint8_t> out_;
  std::size_t sent_ = 0;  // octets of out_
  std::vector<std::uint8_t> in_;
};

}  // namespace holdfast::flood
