#include "server/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <malloc.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <unordered_map>
#include <vector>

#include "server/connection_cap.h"
#include "server/event_handles.h"
#include "server/evhttp_error_page.h"
#include "server/http_words.h"
#include "server/oversized_bodies.h"
#include "server/request_head.h"
#include "server/unix_socket.h"

namespace holdfast {

namespace {

constexpr ev_ssize_t kMaxHeaderOctets = 64 * 1024;

struct FreeHttp {
  void operator()(evhttp* http) const noexcept { evhttp_free(http); }
};

std::string orEmpty(const char* text) {
  return text == nullptr ? "" : text;
}

std::string peerOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (descriptor < 0 || getpeername(descriptor, plain, &size) != 0) return "unknown";
  if (address.ss_family == AF_UNIX) return unixPeer(descriptor);
  return SocketAddress::of(plain, size).text();
}

}  // namespace

class HttpServer::State {
 public:
  State(event_base* base, HttpSettings settings, Handler handler, Rejected rejected)
      : base_(base), handler_(std::move(handler)), rejected_(std::move(rejected)), http_(evhttp_new(base)) {
    evhttp_set_gencb(http_.get(), onRequest, this);
    evhttp_set_bevcb(http_.get(), onConnection, this);
    // All methods, so that a wrong one gets our answer with its Allow header.
    evhttp_set_allowed_methods(http_.get(), 0xffff);
    evhttp_set_flags(http_.get(), EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_max_headers_size(http_.get(), kMaxHeaderOctets);
    arrivals_ = makeEvent<&State::onArrivals>(base, -1, 0, this);
    endings_ = makeEvent<&State::onEndings>(base, -1, 0, this);
    set(std::move(settings));
  }
  ~State();

  void set(HttpSettings settings) {
    settings_ = std::move(settings);
    evhttp_set_max_body_size(http_.get(), static_cast<ev_ssize_t>(settings_.bodyLimit));
    const auto idle = settings_.idle.count();
    const timeval timeout{idle / 1000, idle % 1000 * 1000};
    evhttp_set_timeout_tv(http_.get(), &timeout);
  }

  /// The descriptor stays the caller's, to be kept until stopAccepting().
  bool listenOn(int descriptor) {
    evconnlistener* listener =
        evconnlistener_new(base_, nullptr, nullptr, LEV_OPT_CLOSE_ON_EXEC, 0, descriptor);
    if (listener == nullptr) return false;
    bound_ = evhttp_bind_listener(http_.get(), listener);
    return bound_ != nullptr;
  }
  void keep(UnixSocket socket) { unix_.emplace(std::move(socket)); }
  void keep(FileDescriptor socket) { tcp_ = std::move(socket); }
  void stopAccepting() {
    if (bound_ != nullptr) evhttp_del_accept_socket(http_.get(), std::exchange(bound_, nullptr));
    unix_.reset();
    tcp_.close();
  }
  std::string address() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (bound_ == nullptr || getsockname(evhttp_bound_socket_get_fd(bound_), plain, &size) != 0) return "";
    return SocketAddress::of(plain, size).text();
  }

  std::size_t open = 0;
  std::unordered_map<evhttp_connection*, std::shared_ptr<HttpReply::Exchange>> exchanges;

  void giveBackMemory();
  void onAnswered(evhttp_request* request);
  HttpStats stats() { return {cap_.open(), cap_.turnedAway()}; }

 private:
  /// Stands beside one connection's output, to put our words in the place of evhttp's error pages.
  struct Gate {
    State* state;
    bufferevent* connection;
    bool turnedAway = false;   // one connection too many
    bool isAnswering = false;  // a request of it, to which the response is not yet written
    RequestHead head = {};     // of the request that is coming in
  };
  static bufferevent* onConnection(event_base* base, void* self);
  static void onOutput(evbuffer* output, const evbuffer_cb_info* info, void* gate);
  static void onInput(evbuffer* input, const evbuffer_cb_info* info, void* gate);
  static void onRequest(evhttp_request* request, void* self);
  void readAlong(Gate& gate, evbuffer* input, std::size_t added);
  void expectOversized(const Gate& gate);
  void refuseOversized();
  void onArrivals();
  void onEndings();
  void turnAway(evhttp_request* request) const;

  event_base* const base_;
  const Handler handler_;
  const Rejected rejected_;
  HttpSettings settings_;
  std::optional<UnixSocket> unix_;
  FileDescriptor tcp_;
  evhttp_bound_socket* bound_ = nullptr;
  // By address, which a later connection takes over: as many as were ever open at once.
  std::unordered_map<bufferevent*, Gate> gates_;
  std::vector<bufferevent*> arrived_;  // in this round of the loop
  EventPtr arrivals_, endings_;
  ConnectionCap cap_;
  OversizedBodies oversized_;
  std::unique_ptr<evhttp, FreeHttp> http_;  // freed first, the callbacks use the rest
};

struct HttpReply::Exchange {
  HttpServer::State* server;
  evhttp_request* request;  // null once answered, or when the connection is gone
  bool wasLarge;            // its body left pages with malloc

  static void onClose(evhttp_connection* connection, void* self) {
    auto& state = *static_cast<HttpServer::State*>(self);
    const auto at = state.exchanges.find(connection);
    if (at == state.exchanges.end()) return;
    at->second->request = nullptr;
    --state.open;
    state.exchanges.erase(at);
  }
  static void onComplete(evhttp_request* request, void* self) {
    static_cast<HttpServer::State*>(self)->onAnswered(request);
  }
};

HttpServer::State::~State() {
  // Replies may outlive the server: they must find nothing to answer.
  for (auto& [connection, exchange] : exchanges) {
    evhttp_connection_set_closecb(connection, nullptr, nullptr);
    exchange->request = nullptr;
  }
  exchanges.clear();
}

bufferevent* HttpServer::State::onConnection(event_base* base, void* self) {
  auto& state = *static_cast<State*>(self);
  // evhttp sets the descriptor later, and BEV_OPT_CLOSE_ON_FREE itself.
  bufferevent* connection = bufferevent_socket_new(base, -1, 0);
  if (connection == nullptr) return nullptr;
  Gate& gate = state.gates_[connection];
  gate = {&state, connection};
  state.arrived_.push_back(connection);
  if (state.arrivals_ != nullptr) event_active(state.arrivals_.get(), 0, 0);
  state.oversized_.forget(connection);  // another connection's that had the address
  evbuffer_add_cb(bufferevent_get_output(connection), onOutput, &gate);
  evbuffer_add_cb(bufferevent_get_input(connection), onInput, &gate);
  return connection;
}

/// Runs in the round of the loop in which they came: they have their descriptors now, and nothing was read.
void HttpServer::State::onArrivals() {
  for (bufferevent* connection : std::exchange(arrived_, {})) {
    Gate& gate = gates_[connection];
    gate.turnedAway = cap_.isFull(settings_.connections);
    const int descriptor = bufferevent_getfd(connection);
    if (!gate.turnedAway) {
      cap_.opened(descriptor);
      continue;
    }
    cap_.endSoon(descriptor);
    onEndings();
    rejected_(peerOf(descriptor), 503);
  }
}

void HttpServer::State::onEndings() {
  constexpr timeval kNextLook{0, 250'000};
  refuseOversized();
  const bool isMoreToEnd = cap_.endOverdue() || !oversized_.isEmpty();
  if (isMoreToEnd && endings_ != nullptr) event_add(endings_.get(), &kNextLook);
}

/// evhttp would say nothing until the whole body is there.
void HttpServer::State::refuseOversized() {
  constexpr int kStatus = 413;
  for (const int descriptor : oversized_.takeDue(OversizedBodies::Clock::now(), settings_.idle)) {
    rejected_(peerOf(descriptor), kStatus);
    // Nothing else waits to be sent: it became due only after the request before it was answered.
    const std::string page = errorPage(kStatus, settings_.bodyLimit, settings_.bodyLimitKey);
    (void)::send(descriptor, page.data(), page.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(descriptor, SHUT_RDWR);  // evhttp sees the end, and closes
  }
}

void HttpServer::State::onInput(evbuffer* input, const evbuffer_cb_info* info, void* self) {
  Gate& gate = *static_cast<Gate*>(self);
  if (info->n_added > 0) gate.state->readAlong(gate, input, info->n_added);
}

/// Looks at the last `added` octets of the input. What they are beyond the head of a request is evhttp's.
void HttpServer::State::readAlong(Gate& gate, evbuffer* input, std::size_t added) {
  if (gate.head.isOver()) return oversized_.came(gate.connection, OversizedBodies::Clock::now());
  std::string octets(added, '\0');
  evbuffer_ptr at{};
  evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - added, EVBUFFER_PTR_SET);
  evbuffer_copyout_from(input, &at, octets.data(), octets.size());
  gate.head.feed(octets);
  if (!gate.isAnswering) expectOversized(gate);
}

/// Where the request that is coming in announces too much, from now on it is waited for. REQUIRES: the one
/// before it is answered, so that this one's answer is not taken for that one's.
void HttpServer::State::expectOversized(const Gate& gate) {
  if (!gate.head.isOver() || gate.head.announced() <= settings_.bodyLimit) return;
  oversized_.announced(gate.connection, bufferevent_getfd(gate.connection), OversizedBodies::Clock::now());
  onEndings();
}

void HttpServer::State::onAnswered(evhttp_request* request) {
  --open;
  const auto gate = gates_.find(evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
  if (gate == gates_.end()) return;
  gate->second.isAnswering = false;
  expectOversized(gate->second);
}

void HttpServer::State::turnAway(evhttp_request* request) const {
  const std::string key = settings_.connectionsKey.empty() ? "" : " (" + settings_.connectionsKey + ")";
  const std::string body = "{\"error\":\"too many connections are open" + key + "\"}\n";
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", "application/json");
  evhttp_add_header(headers, "Retry-After", "1");
  evhttp_add_header(headers, "Connection", "close");
  evbuffer_add(evhttp_request_get_output_buffer(request), body.data(), body.size());
  evhttp_send_reply(request, 503, phraseOf(503), nullptr);
}

void HttpServer::State::onOutput(evbuffer* output, const evbuffer_cb_info* info, void* self) {
  if (info->n_added == 0) return;
  // Once something was written a bufferevent keeps its output's front frozen, against reading too.
  evbuffer_unfreeze(output, 1);
  const Gate& gate = *static_cast<Gate*>(self);
  const HttpSettings& settings = gate.state->settings_;
  const int status = evhttpErrorPage(output);
  if (status != 0) replaceErrorPage(output, status, settings.bodyLimit, settings.bodyLimitKey);
  evbuffer_freeze(output, 1);
  if (status == 413) gate.state->giveBackMemory();
  if (status != 0) {
    gate.state->oversized_.forget(gate.connection);
    gate.state->rejected_(peerOf(bufferevent_getfd(gate.connection)), status);
  }
}

/// A large body, kept or thrown away, leaves its pages with malloc, which would keep them.
void HttpServer::State::giveBackMemory() {
  const timeval onceFreed{1, 0};
  event_base_once(
      base_, -1, EV_TIMEOUT, [](evutil_socket_t, short, void*) { malloc_trim(0); }, nullptr, &onceFreed);
}

void HttpServer::State::onRequest(evhttp_request* raw, void* self) {
  auto& state = *static_cast<State*>(self);
  evhttp_connection* connection = evhttp_request_get_connection(raw);
  bufferevent* channel = evhttp_connection_get_bufferevent(connection);
  if (const auto gate = state.gates_.find(channel); gate != state.gates_.end()) {
    if (gate->second.turnedAway) return state.turnAway(raw);
    // What is left of the input begins another request.
    state.oversized_.forget(channel);
    gate->second.head.restart();
    gate->second.isAnswering = true;
    evbuffer* input = bufferevent_get_input(channel);
    state.readAlong(gate->second, input, evbuffer_get_length(input));
  }
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(raw);
  const evkeyvalq* headers = evhttp_request_get_input_headers(raw);

  HttpRequest request;
  request.method = methodText(evhttp_request_get_command(raw));
  request.path = orEmpty(evhttp_uri_get_path(uri));
  request.query = orEmpty(evhttp_uri_get_query(uri));
  request.contentType = orEmpty(evhttp_find_header(headers, "Content-Type"));
  request.accept = orEmpty(evhttp_find_header(headers, "Accept"));
  request.peer = peerOf(bufferevent_getfd(channel));
  constexpr std::size_t kLargeOctets = 16u << 20;
  const bool isLarge = evbuffer_get_length(evhttp_request_get_input_buffer(raw)) >= kLargeOctets;
  request.body.fill(evhttp_request_get_input_buffer(raw));

  auto exchange = std::make_shared<HttpReply::Exchange>(HttpReply::Exchange{&state, raw, isLarge});
  state.exchanges[connection] = exchange;
  ++state.open;
  evhttp_connection_set_closecb(connection, HttpReply::Exchange::onClose, &state);
  state.handler_(std::move(request), std::make_shared<HttpReply>(std::move(exchange)));
}

HttpReply::HttpReply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

HttpReply::~HttpReply() {
  if (exchange_->request != nullptr)
    send({503, "{\"error\":\"the server is stopping\"}\n", "application/json", {{"Retry-After", "5"}}});
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
                                                             HttpSettings settings, Handler handler,
                                                             Rejected rejected) {
  auto socket = UnixSocket::listen(path);
  if (!socket) return socket.error();
  auto state = std::make_unique<State>(base, std::move(settings), std::move(handler), std::move(rejected));
  if (!state->listenOn(socket->descriptor()))
    return Error{ErrorKind::System, path, "cannot watch the control socket"};
  state->keep(*std::move(socket));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

Result<std::unique_ptr<HttpServer>> HttpServer::onTcp(event_base* base, const SocketAddress& address,
                                                      HttpSettings settings, Handler handler,
                                                      Rejected rejected) {
  const auto failed = [&](int cause) {
    return Error{ErrorKind::System, address.text(), std::string("cannot listen: ") + std::strerror(cause)};
  };
  FileDescriptor descriptor(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!descriptor) return failed(errno);
  const int on = 1;
  setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(descriptor.get(), address.raw(), address.size()) != 0 || listen(descriptor.get(), 64) != 0)
    return failed(errno);
  auto state = std::make_unique<State>(base, std::move(settings), std::move(handler), std::move(rejected));
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
