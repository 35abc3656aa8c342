#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/control.h"
#include "zone/reception.h"

namespace holdfast {

/// One request on its way through a pool. Of control*.cc only.
struct Control::Call {
  std::string method, path, query, contentType, accept, peer;
  HttpBody body;
  std::unique_ptr<BodySink> sink;    // in place of the body, where there is one
  std::shared_ptr<HttpReply> reply;  // touched on the loop thread only, its release included
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

/// Takes a large plan as it comes.
class PlanSink : public BodySink {
 public:
  explicit PlanSink(std::unique_ptr<Reception> reception) : reception_(std::move(reception)) {}
  void feed(std::string_view octets) override { reception_->feed(octets); }
  Reception& reception() noexcept { return *reception_; }

 private:
  std::unique_ptr<Reception> reception_;
};

/// Takes what can be no plan, so that it needs no memory while it is read to its end.
class DroppedBody : public BodySink {
 public:
  void feed(std::string_view /*octets*/) override {}
};

/// Of a media type; none where no plan is of it.
std::optional<DocumentFormat> planFormatOf(std::string_view type);
/// The media type without its parameters, in lower case.
std::string mediaType(std::string_view value);

inline constexpr std::uint64_t kDiffMost = 100'000;  ///< names that one answer lists

}  // namespace holdfast
