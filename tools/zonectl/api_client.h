#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "zone/result.h"

namespace holdfast::zonectl {

struct ApiRequest {
  std::string method = "GET";
  std::string target;  ///< path and query, encoded
  std::string accept = "application/json";
  std::string contentType;  ///< of a body
  std::string_view body;    ///< borrowed for the call
};

struct ApiResponse {
  long status = 0;
  std::string body;
  bool isSuccess() const noexcept { return status >= 200 && status < 300; }
};

/// Speaks HTTP with the server at a Unix socket. One request at a time.
class ApiClient {
 public:
  /// Told now and then, at least once a second, how much of the body has gone out.
  using Progress = std::function<void(std::uint64_t sent, std::uint64_t all)>;

  ApiClient(std::string socket, std::chrono::seconds timeout);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  const std::string& socket() const noexcept { return socket_; }
  /// An Error when no whole answer came; an answer of any status is none.
  Result<ApiResponse> send(const ApiRequest& request, const Progress& progress = {});

 private:
  struct Handle;
  const std::string socket_;
  const std::chrono::seconds timeout_;
  const std::unique_ptr<Handle> handle_;
};

}  // namespace holdfast::zonectl
