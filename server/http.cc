#include "server/http.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "server/http_state.h"
#include "server/http_words.h"

namespace holdfast {

HttpReply::HttpReply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

/// Asks for no memory but evhttp's, which does without: there may be none.
HttpReply::~HttpReply() {
  static constexpr std::string_view kGivenUp =
      "{\"error\":\"given up: the server stops, or is short of memory\"}\n";
  evhttp_request* request = take();
  if (request == nullptr) return;
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", "application/json");
  evhttp_add_header(headers, "Retry-After", "5");
  evbuffer_add_reference(evhttp_request_get_output_buffer(request), kGivenUp.data(), kGivenUp.size(), nullptr,
                         nullptr);
  evhttp_send_reply(request, 503, phraseOf(503), nullptr);
}

/// The request, to be answered now; null where it was, or its client is gone.
evhttp_request* HttpReply::take() noexcept {
  evhttp_request* request = std::exchange(exchange_->request, nullptr);
  if (request == nullptr) return nullptr;
  HttpServer::State& server = *exchange_->server;
  evhttp_connection* connection = evhttp_request_get_connection(request);
  evhttp_connection_set_closecb(connection, nullptr, nullptr);
  server.exchanges.erase(connection);
  if (exchange_->wasLarge) server.giveBackMemory();
  evhttp_request_set_on_complete_cb(request, Exchange::onComplete, &server);
  return request;
}

void HttpReply::send(HttpResponse response) {
  if (exchange_->request == nullptr) return;
  auto body = std::make_unique<std::string>(std::move(response.body));
  evhttp_request* request = take();
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", response.type.c_str());
  for (const auto& [key, value] : response.headers) evhttp_add_header(headers, key.c_str(), value.c_str());
  if (!body->empty()) {
    // Lent to the connection, not copied: a zone may be hundreds of megabytes.
    const auto release = [](const void*, size_t, void* text) { delete static_cast<std::string*>(text); };
    evbuffer* out = evhttp_request_get_output_buffer(request);
    if (evbuffer_add_reference(out, body->data(), body->size(), release, body.get()) == 0)
      (void)body.release();
    else
      response.status = 503;  // there is no memory for its reply, and it must not look like an empty one
  }
  evhttp_send_reply(request, response.status, phraseOf(response.status), nullptr);
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::onUnixSocket(event_base* base, const std::string& path,
                                                             HttpSettings settings, HttpCalls calls) {
  auto socket = UnixSocket::listen(path);
  if (!socket) return socket.error();
  auto state = std::make_unique<State>(base, std::move(settings), std::move(calls));
  if (!state->listenOn(socket->descriptor()))
    return Error{ErrorKind::System, path, "cannot watch the control socket"};
  state->keep(*std::move(socket));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

Result<std::unique_ptr<HttpServer>> HttpServer::onTcp(event_base* base, const SocketAddress& address,
                                                      HttpSettings settings, HttpCalls calls) {
  const auto failed = [&](int cause) {
    return Error{ErrorKind::System, address.text(), std::string("cannot listen: ") + std::strerror(cause)};
  };
  FileDescriptor descriptor(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor) return failed(errno);
  const int on = 1;
  setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(descriptor.get(), address.raw(), address.size()) != 0 || listen(descriptor.get(), 64) != 0)
    return failed(errno);
  auto state = std::make_unique<State>(base, std::move(settings), std::move(calls));
  if (!state->listenOn(descriptor.get())) return failed(ENOMEM);
  state->keep(std::move(descriptor));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

void HttpServer::setSettings(HttpSettings settings) {
  state_->set(std::move(settings));
}
void HttpServer::stopAccepting() {
  state_->stopAccepting();
}
std::size_t HttpServer::open() const noexcept {
  return state_->open;
}
HttpStats HttpServer::stats() {
  return state_->stats();
}
std::string HttpServer::address() const {
  return state_->address();
}

}  // namespace holdfast
