#include "server/evhttp_error_page.h"

#include <event2/buffer.h>

#include <array>
#include <charconv>
#include <string_view>

namespace holdfast {

namespace {

constexpr std::string_view kTail = "</BODY></HTML>\n";
constexpr std::string_view kFirstHeader = "Content-Type: text/html\r\n";
// The page with its headers is about 260 octets; a "100 Continue" may stand before it.
constexpr std::size_t kLongestPage = 1024;

std::string_view statusLine(std::string_view head) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (head.starts_with(kContinue)) head.remove_prefix(kContinue.size());
  return head;
}

}  // namespace

int evhttpErrorPage(evbuffer* output) {
  const std::size_t size = evbuffer_get_length(output);
  if (size < kTail.size() || size > kLongestPage) return 0;
  std::array<char, kLongestPage> bytes;
  if (evbuffer_copyout(output, bytes.data(), size) != static_cast<ev_ssize_t>(size)) return 0;
  const std::string_view head = statusLine({bytes.data(), size});
  // "HTTP/1.1 413 Reason\r\nContent-Type: text/html\r\n..."
  const std::size_t lineEnd = head.find("\r\n");
  if (!head.ends_with(kTail) || !head.starts_with("HTTP/") || lineEnd == std::string_view::npos) return 0;
  if (!head.substr(lineEnd + 2).starts_with(kFirstHeader)) return 0;
  int status = 0;
  const std::size_t blank = head.find(' ');
  if (blank > lineEnd) return 0;
  std::from_chars(head.data() + blank + 1, head.data() + lineEnd, status);
  return status >= 400 ? status : 0;
}

std::string errorPage(int status, std::size_t limit, const std::string& key) {
  std::string error = "not a valid HTTP/1.1 request";
  std::string phrase = "Bad Request";
  if (status == 413) {
    phrase = "Content Too Large";
    error = "the body is over " + key + ", " + std::to_string(limit) + " octets";
  } else if (status == 417) {
    phrase = "Expectation Failed";
    error = "of Expect only 100-continue is known";
  } else if (status != 400) {
    phrase = "Error";
    error = "the request cannot be served";
  }
  const std::string body = "{\"error\":\"" + error + "\"}\n";
  return "HTTP/1.1 " + std::to_string(status) + " " + phrase +
         "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

void replaceErrorPage(evbuffer* output, int status, std::size_t limit, const std::string& key) {
  const std::string page = errorPage(status, limit, key);
  evbuffer_drain(output, evbuffer_get_length(output));
  evbuffer_add(output, page.data(), page.size());
}

}  // namespace holdfast
