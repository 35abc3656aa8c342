#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tools/zonectl/commands.h"

namespace holdfast::test {

/// Answers one connection after the other at a Unix socket with what it was given, and remembers the
/// requests.
class FakeServer {
 public:
  struct Request {
    std::string line;  ///< "GET /v1/status HTTP/1.1"
    std::string body;
    bool has(const std::string& text) const { return line.find(text) != std::string::npos; }
  };

  explicit FakeServer(std::vector<std::pair<int, std::string>> answers) : answers_(std::move(answers)) {
    std::string name = (std::filesystem::temp_directory_path() / "holdfast-tools-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0)
      throw std::runtime_error("bind");
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    finish();
    ::close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string path() const { return (directory_ / "control.sock").string(); }
  const std::filesystem::path& directory() const { return directory_; }
  /// The requests so far, once every answer was given or no more is wanted.
  const std::vector<Request>& requests() {
    finish();
    return requests_;
  }

 private:
  void finish() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  void serve() {
    for (const auto& [status, body] : answers_) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      requests_.push_back(receive(fd));
      const std::string answer = "HTTP/1.1 " + std::to_string(status) +
                                 " X\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                                 "\r\n\r\n" + body;
      static_cast<void>(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL));
      ::close(fd);
    }
  }

  static Request receive(int fd) {
    std::string text;
    std::size_t wanted = std::string::npos;
    while (text.size() < wanted) {
      char buffer[4096];
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string::npos || wanted != std::string::npos) continue;
      const std::size_t length = text.find("Content-Length: ");
      wanted = end + 4 + (length < end ? std::stoul(text.substr(length + 16)) : 0);
    }
    const std::size_t end = text.find("\r\n\r\n");
    return {text.substr(0, text.find("\r\n")), end == std::string::npos ? "" : text.substr(end + 4)};
  }

  const std::vector<std::pair<int, std::string>> answers_;
  std::filesystem::path directory_;
  int listener_ = -1;
  std::vector<Request> requests_;
  std::thread thread_;
};

/// A screen whose other end is memory.
struct MemoryScreen {
  std::istringstream in;
  std::ostringstream out, err;
  explicit MemoryScreen(const std::string& typed = "") : in(typed) {}
  zonectl::Screen screen(bool asks = false) { return {in, out, err, asks}; }
};

}  // namespace holdfast::test
