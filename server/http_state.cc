#include "server/http_state.h"

#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <malloc.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "server/evhttp_error_page.h"
#include "server/http_words.h"

namespace holdfast {

namespace {

constexpr ev_ssize_t kMaxHeaderOctets = 64 * 1024;
/// A body of so many octets is handed on while it comes in, where there is who takes it.
constexpr std::uint64_t kStreamedOctets = std::uint64_t{1} << 20;
/// So many are read at once of such a body. More, and malloc would map memory for each.
constexpr std::size_t kReadAtOnce = std::size_t{48} << 10;

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

/// False where memory runs out: no exception may go through evhttp.
template <class Work>
bool hasMemoryFor(Work&& work) noexcept {
  try {
    work();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

/// evhttp sees the end, and closes.
void end(bufferevent* connection) noexcept {
  shutdown(bufferevent_getfd(connection), SHUT_RDWR);
}

}  // namespace

HttpServer::State::State(event_base* base, HttpSettings settings, HttpCalls calls)
    : base_(base), calls_(std::move(calls)), http_(evhttp_new(base)) {
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

void HttpServer::State::set(HttpSettings settings) {
  settings_ = std::move(settings);
  evhttp_set_max_body_size(http_.get(), static_cast<ev_ssize_t>(settings_.bodyLimit));
  const auto idle = settings_.idle.count();
  const timeval timeout{idle / 1000, idle % 1000 * 1000};
  evhttp_set_timeout_tv(http_.get(), &timeout);
}

bool HttpServer::State::listenOn(int descriptor) {
  evconnlistener* listener =
      evconnlistener_new(base_, nullptr, nullptr, LEV_OPT_CLOSE_ON_EXEC, 0, descriptor);
  if (listener == nullptr) return false;
  bound_ = evhttp_bind_listener(http_.get(), listener);
  return bound_ != nullptr;
}

void HttpServer::State::stopAccepting() {
  if (bound_ != nullptr) evhttp_del_accept_socket(http_.get(), std::exchange(bound_, nullptr));
  unix_.reset();
  tcp_.close();
}

std::string HttpServer::State::address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (bound_ == nullptr || getsockname(evhttp_bound_socket_get_fd(bound_), plain, &size) != 0) return "";
  return SocketAddress::of(plain, size).text();
}

void HttpReply::Exchange::onClose(evhttp_connection* connection, void* self) {
  auto& state = *static_cast<HttpServer::State*>(self);
  const auto at = state.exchanges.find(connection);
  if (at == state.exchanges.end()) return;
  at->second->request = nullptr;
  --state.open;
  state.exchanges.erase(at);
}

void HttpReply::Exchange::onComplete(evhttp_request* request, void* self) {
  static_cast<HttpServer::State*>(self)->onAnswered(request);
}

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
  if (!hasMemoryFor([&] {
        state.arrived_.reserve(state.arrived_.size() + 1);
        state.gates_[connection] = {&state, connection};
      })) {
    bufferevent_free(connection);
    return nullptr;  // evhttp makes one of its own, and has no memory for it either, or serves it as it does
  }
  Gate& gate = state.gates_.find(connection)->second;
  state.arrived_.push_back(connection);
  if (state.arrivals_ != nullptr) event_active(state.arrivals_.get(), 0, 0);
  state.oversized_.forget(connection);  // another connection's that had the address
  evbuffer_add_cb(bufferevent_get_output(connection), onOutput, &gate);
  evbuffer_add_cb(bufferevent_get_input(connection), onInput, &gate);
  return connection;
}

/// Runs in the round of the loop in which they came: they have their descriptors now, and nothing was read.
void HttpServer::State::onArrivals() {
  const auto arrived = std::exchange(arrived_, {});
  for (bufferevent* connection : arrived)
    gates_.find(connection)->second.socket = OpenSocket::of(bufferevent_getfd(connection));
  for (bufferevent* connection : arrived)
    if (!hasMemoryFor([&] { admit(gates_.find(connection)->second); })) end(connection);
  forgetGone(arrived.size());
}

void HttpServer::State::admit(Gate& gate) {
  gate.turnedAway = cap_.isFull(settings_.connections);
  if (!gate.turnedAway) return cap_.opened(gate.socket.descriptor);
  cap_.endSoon(gate.socket.descriptor);
  onEndings();
  calls_.rejected(peerOf(gate.socket.descriptor), 503);
}

/// evhttp does not tell when a connection goes, and the address of one need not come again. Looked at once as
/// many more have come, so a connection costs one system call in the mean. A descriptor is closed with all
/// that calls its gate.
void HttpServer::State::forgetGone(std::size_t arrived) {
  untilLook_ -= std::min(untilLook_, arrived);
  if (untilLook_ > 0) return;
  std::erase_if(gates_, [](const auto& each) { return !each.second.socket.isOpen(); });
  untilLook_ = std::max(kFewGates, gates_.size());
}

void HttpServer::State::onEndings() {
  constexpr timeval kNextLook{0, 250'000};
  (void)hasMemoryFor([this] { refuseOversized(); });
  const bool isMoreToEnd = cap_.endOverdue() || !oversized_.isEmpty();
  if (isMoreToEnd && endings_ != nullptr) event_add(endings_.get(), &kNextLook);
}

/// evhttp would say nothing until the whole body is there.
void HttpServer::State::refuseOversized() {
  constexpr int kStatus = 413;
  for (const int descriptor : oversized_.takeDue(OversizedBodies::Clock::now(), settings_.idle)) {
    ++tooLarge_;
    calls_.rejected(peerOf(descriptor), kStatus);
    // Nothing else waits to be sent: it became due only after the request before it was answered.
    const std::string page = errorPage(kStatus, settings_.bodyLimit, settings_.bodyLimitKey);
    (void)::send(descriptor, page.data(), page.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(descriptor, SHUT_RDWR);  // evhttp sees the end, and closes
  }
}

void HttpServer::State::onInput(evbuffer* input, const evbuffer_cb_info* info, void* self) {
  Gate& gate = *static_cast<Gate*>(self);
  if (info->n_added == 0 || gate.isTaking) return;
  if (!hasMemoryFor([&] { gate.state->readAlong(gate, input, info->n_added); })) end(gate.connection);
}

/// Looks at the last `added` octets of the input. What they are beyond the head of a request is evhttp's, but
/// for a large body.
void HttpServer::State::readAlong(Gate& gate, evbuffer* input, std::size_t added) {
  if (gate.head.isOver()) {
    gate.bodyCame += added;
    oversized_.came(gate.connection, OversizedBodies::Clock::now());
    return takeBody(gate, input);
  }
  std::string octets(added, '\0');
  evbuffer_ptr at{};
  evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - added, EVBUFFER_PTR_SET);
  evbuffer_copyout_from(input, &at, octets.data(), octets.size());
  gate.bodyCame = added - gate.head.feed(octets);
  if (!gate.isAnswering) expectOversized(gate);
}

void HttpServer::State::takeBody(Gate& gate, evbuffer* input) {
  bool isTaken = false;
  (void)hasMemoryFor([&] {
    const std::shared_ptr<BodyStream> stream = streamOf(gate, input);
    isTaken = stream == nullptr || stream->isComplete();
    if (isTaken) return;
    gate.isTaking = true;
    isTaken = BodyStream::take(stream, input);
  });
  gate.isTaking = false;
  if (!isTaken) end(gate.connection);
}

/// Of the body that is coming in, or null where it is kept in memory.
std::shared_ptr<BodyStream> HttpServer::State::streamOf(Gate& gate, const evbuffer* input) {
  const RequestHead& head = gate.head;
  if (auto stream = gate.body.lock()) return stream;
  const bool isLarge = head.announced() >= kStreamedOctets && head.announced() <= settings_.bodyLimit;
  const std::string_view target = head.target();
  if (gate.isKept || !calls_.sink || gate.isAnswering || gate.turnedAway || !isLarge || !head.isPlain() ||
      !target.starts_with('/') || target.find('#') != std::string_view::npos)
    return nullptr;
  // evhttp has taken the head out of the input, and nothing else.
  if (gate.bodyCame != evbuffer_get_length(input) || gate.bodyCame > head.announced()) return nullptr;
  const std::size_t path = std::min(target.find('?'), target.size());
  std::unique_ptr<BodySink> sink =
      calls_.sink({head.method(), target.substr(0, path), target.substr(std::min(path + 1, target.size())),
                   head.contentType(), head.announced()});
  auto stream = sink ? std::make_shared<BodyStream>(std::move(sink), head.announced()) : nullptr;
  gate.isKept = stream == nullptr || !stream->isUsable();
  if (gate.isKept) return nullptr;
  bufferevent_set_max_single_read(gate.connection, kReadAtOnce);
  gate.body = stream;
  return stream;
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
  if (!hasMemoryFor([&] { expectOversized(gate->second); })) end(gate->first);
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
  (void)hasMemoryFor([&] {
    if (status != 0) replaceErrorPage(output, status, settings.bodyLimit, settings.bodyLimitKey);
  });
  evbuffer_freeze(output, 1);
  if (status == 413) {
    // evhttp says so of damaged ends of bodies too.
    const std::uint64_t limit = settings.bodyLimit;
    if (std::max(gate.head.announced(), gate.bodyCame) > limit) ++gate.state->tooLarge_;
    gate.state->giveBackMemory();
  }
  if (status != 0) {
    gate.state->oversized_.forget(gate.connection);
    (void)hasMemoryFor(
        [&] { gate.state->calls_.rejected(peerOf(bufferevent_getfd(gate.connection)), status); });
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
  int failure = 503;
  bool isOurs = false;
  (void)hasMemoryFor([&] {
    const auto gate =
        state.gates_.find(evhttp_connection_get_bufferevent(evhttp_request_get_connection(raw)));
    const bool isKnown = gate != state.gates_.end();
    if (isKnown && gate->second.turnedAway) {
      state.turnAway(raw);
      isOurs = true;
      return;
    }
    HttpRequest request;
    if (isKnown && !state.begin(gate->second, raw, request)) {
      failure = 400;
      return;
    }
    state.handOn(raw, std::move(request), isOurs);
  });
  if (!isOurs) evhttp_send_error(raw, failure, nullptr);
}

/// What is left of the input begins another request. False where evhttp saw another head than the one that
/// was read along.
bool HttpServer::State::begin(Gate& gate, evhttp_request* raw, HttpRequest& request) {
  oversized_.forget(gate.connection);
  if (const auto stream = gate.body.lock()) {
    const std::size_t length = evbuffer_get_length(evhttp_request_get_input_buffer(raw));
    if (!stream->isComplete() || length != stream->octets()) return false;
    request.sink = stream->finish();
  }
  gate.body.reset();
  gate.isKept = false;
  gate.head.restart();
  gate.isAnswering = true;
  evbuffer* input = bufferevent_get_input(gate.connection);
  readAlong(gate, input, evbuffer_get_length(input));
  return true;
}

/// `isOurs` from when there is a reply, which answers when it goes, if nobody else does.
void HttpServer::State::handOn(evhttp_request* raw, HttpRequest request, bool& isOurs) {
  evhttp_connection* connection = evhttp_request_get_connection(raw);
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(raw);
  const evkeyvalq* headers = evhttp_request_get_input_headers(raw);

  request.method = methodText(evhttp_request_get_command(raw));
  request.path = orEmpty(evhttp_uri_get_path(uri));
  request.query = orEmpty(evhttp_uri_get_query(uri));
  request.contentType = orEmpty(evhttp_find_header(headers, "Content-Type"));
  request.accept = orEmpty(evhttp_find_header(headers, "Accept"));
  request.peer = peerOf(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)));
  constexpr std::size_t kLargeOctets = 16u << 20;
  evbuffer* body = evhttp_request_get_input_buffer(raw);
  const bool isLarge = request.sink == nullptr && evbuffer_get_length(body) >= kLargeOctets;
  if (request.sink == nullptr) request.body.fill(body);

  auto exchange = std::make_shared<HttpReply::Exchange>(HttpReply::Exchange{this, raw, isLarge});
  auto reply = std::make_shared<HttpReply>(exchange);
  ++open;
  isOurs = true;
  exchanges[connection] = std::move(exchange);
  evhttp_connection_set_closecb(connection, HttpReply::Exchange::onClose, this);
  calls_.handler(std::move(request), std::move(reply));
}

}  // namespace holdfast
