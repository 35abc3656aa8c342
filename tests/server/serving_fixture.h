#pragma once

#include <memory>
#include <string_view>

#include "server/answer.h"
#include "server/client_address.h"
#include "tests/server/dns_message.h"

namespace holdfast::test {

/// Compiled from zone-file text, generation 1. Throws with the error's text when it does not parse.
std::shared_ptr<const Zone> zoneOf(std::string_view apex, std::string_view text);
/// The same zone with one RRset put in the place of what the name has of that type.
std::shared_ptr<const Zone> withRRset(const Zone& zone, std::string_view name, RRset rrset);
/// `weights.size()` targets 10.0.0.0, 10.0.0.1 and so on.
RRset endpointOf(std::uint16_t pick, const std::vector<std::uint32_t>& weights, std::uint32_t ttl = 5);

/// Throws where the text is no address.
ClientAddress clientAt(const char* address);

/// A snapshot that answers, without sockets.
class Answers {
 public:
  explicit Answers(std::vector<std::shared_ptr<const Zone>> zones, std::uint16_t payload = 1232,
                   MessageSettings settings = {});

  /// The raw response; empty when there is none.
  Bytes raw(std::span<const std::uint8_t> message, Transport transport = Transport::Udp);
  /// Throws where there is no response, or none that is well-formed or within its limit.
  Decoded ask(const Ask& ask, Transport transport = Transport::Udp);
  AnswerScratch& scratch() { return *scratch_; }
  void setClient(const char* address);  ///< IPv4 or IPv6; unknown before
  const Answered& last() const { return scratch_->last; }

 private:
  Snapshot snapshot_;
  std::unique_ptr<AnswerScratch> scratch_;
  ClientAddress client_;
};

}  // namespace holdfast::test
