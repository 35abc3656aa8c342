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

HttpReply::~HttpReply() {
  if (exchange_->request != nullptr)
    send({503,
          "{\"error\":\"given up: the server stops, or is short of memory\"}\n",
          "application/json",
          {{"Retry-After", "5"}}});
}

void HttpReply::send(HttpResponse response) {
  evhttp_request* request = std::exchange(exchange_->request, nullptr);
  if (request == nullptr) return;
  HttpServer::State& server = *exchange_->server;
  evhttp_connection* connection = evhttp_request_get_connection(request);
  evhttp_connection_set_closecb(connection, nullptr, nullptr);
  server.exchanges.erase(connection);
  if (exchange_->wasLarge) server.giveBackMemory();
  evhttp_request_set_on_complete_cb(request, Exchange::onComplete, &server);

  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", response.type.c_str());
  for (const auto& [key, value] : response.headers) evhttp_add_header(headers, key.c_str(), value.c_str());
  if (!response.body.empty()) {
    // Lent to the connection, not copied: a zone may be hundreds of megabytes.
    auto* body = new std::string(std::move(response.body));
    const auto release = [](const void*, size_t, void* text) { delete static_cast<std::string*>(text); };
    evbuffer* out = evhttp_request_get_output_buffer(request);
    if (evbuffer_add_reference(out, body->data(), body->size(), release, body) != 0) delete body;
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
