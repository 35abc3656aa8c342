#include "tests/server_control/http_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace holdfast {

RawConnection::RawConnection(const std::string& path)
    : descriptor_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const timeval patience{60, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(descriptor_);
    descriptor_ = -1;
  }
}

RawConnection::~RawConnection() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool RawConnection::send(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t sent = ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string RawConnection::readAll() {
  std::string all;
  std::array<char, 16384> chunk;
  for (ssize_t got; (got = recv(descriptor_, chunk.data(), chunk.size(), 0)) > 0;)
    all.append(chunk.data(), static_cast<std::size_t>(got));
  return all;
}

std::string RawConnection::readTo(std::string_view end) {
  std::string all;
  for (char octet = 0; !all.ends_with(end) && recv(descriptor_, &octet, 1, 0) == 1;) all += octet;
  return all;
}

HttpAnswer RawConnection::readAnswer() {
  std::string all = readAll();
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (all.starts_with(kContinue)) all.erase(0, kContinue.size());
  HttpAnswer answer;
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos || all.size() < 12) return answer;
  answer.status = std::atoi(all.c_str() + 9);
  answer.head = all.substr(0, end + 2);
  answer.body = all.substr(end + 4);
  return answer;
}

HttpAnswer httpRequest(const std::string& path, const std::string& method, const std::string& target,
                       const std::string& headers, const std::string& body) {
  RawConnection connection(path);
  connection.send(method + " " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + headers);
  if (!body.empty() || method == "POST" || method == "PUT")
    connection.send("Content-Length: " + std::to_string(body.size()) + "\r\n");
  connection.send("\r\n");
  connection.send(body);
  return connection.readAnswer();
}

}  // namespace holdfast
