#pragma once

#include <string>
#include <string_view>

namespace holdfast {

struct HttpAnswer {
  int status = 0;  ///< 0: the connection ended without an answer
  std::string head, body;
};

/// A connection to a Unix socket that speaks HTTP as a test wants it spoken.
class RawConnection {
 public:
  explicit RawConnection(const std::string& path);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// False where the server took no more.
  bool send(std::string_view octets);
  /// What comes until the server closes, at most a minute long.
  std::string readAll();
  /// What comes until the first `end`, and at most a minute long; what came after it stays for the next read.
  std::string readTo(std::string_view end);
  HttpAnswer readAnswer();

 private:
  int descriptor_;
};

/// One request on a connection of its own. `headers` are lines that end with CR LF.
HttpAnswer httpRequest(const std::string& path, const std::string& method, const std::string& target,
                       const std::string& headers = "", const std::string& body = "");

}  // namespace holdfast
