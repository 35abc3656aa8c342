#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <memory>
#include <vector>

#include "tools/flood/flow.h"
#include "tools/flood/server_address.h"
#include "zone/file_descriptor.h"
#include "zone/result.h"

namespace holdfast::flood {

/// Questions by UDP, 64 to a system call.
class UdpFlow final : public Flow {
 public:
  /// A socket of its own port. Errors name the address and the system's reason.
  static Result<std::unique_ptr<UdpFlow>> open(const ServerAddress& server, const Asking& asking);

  int socket() const noexcept override { return socket_.get(); }
  bool wantsToSend() const noexcept override { return ready_ > 0; }
  bool hasRoom() const noexcept override { return ready_ < kBatch && hasId(); }
  void ask(const Message& message, std::int64_t due, Tally& tally) override;
  void send(std::int64_t now, Tally& tally) override;
  void receive(Tally& tally) override;

 private:
  static constexpr unsigned kBatch = 64;
  static constexpr std::size_t kOctets = 4096;  ///< of a response; longer ones are cut, and so malformed

  UdpFlow(FileDescriptor socket, const Asking& asking);
  void keepFrom(unsigned first) noexcept;

  FileDescriptor socket_;
  std::vector<std::uint8_t> out_, in_;
  std::array<iovec, kBatch> outParts_{}, inParts_{};
  std::array<mmsghdr, kBatch> outMessages_{}, inMessages_{};
  unsigned ready_ = 0;  // messages in front that are to be sent
};

}  // namespace holdfast::flood
