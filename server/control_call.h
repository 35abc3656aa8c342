#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/control.h"

namespace holdfast {

/// One request on its way through a pool. Of control*.cc only.
struct Control::Call {
  std::string method, path, query, contentType, accept, peer;
  HttpBody body;
  std::shared_ptr<HttpReply> reply;  // touched on the loop thread only, its release included
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

/// The media type without its parameters, in lower case.
std::string mediaType(std::string_view value);

inline constexpr std::uint64_t kDiffMost = 100'000;  ///< names that one answer lists

}  // namespace holdfast
