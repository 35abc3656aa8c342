// How HttpServer drives evhttp. Of http*.cc only.
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/body_stream.h"
#include "server/connection_cap.h"
#include "server/event_handles.h"
#include "server/http.h"
#include "server/oversized_bodies.h"
#include "server/request_head.h"
#include "server/unix_socket.h"

namespace holdfast {

class HttpServer::State {
 public:
  State(event_base* base, HttpSettings settings, HttpCalls calls);
  ~State();

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void set(HttpSettings settings);
  /// The descriptor stays the caller's, to be kept until stopAccepting().
  bool listenOn(int descriptor);
  void keep(UnixSocket socket) { unix_.emplace(std::move(socket)); }
  void keep(FileDescriptor socket) { tcp_ = std::move(socket); }
  void stopAccepting();
  std::string address() const;

  std::size_t open = 0;
  std::unordered_map<evhttp_connection*, std::shared_ptr<HttpReply::Exchange>> exchanges;

  void giveBackMemory();
  void onAnswered(evhttp_request* request);
  HttpStats stats() { return {cap_.open(), cap_.turnedAway(), tooLarge_, gates_.size()}; }

 private:
  /// Stands beside one connection's output, to put our words in the place of evhttp's error pages.
  struct Gate {
    State* state;
    bufferevent* connection;
    OpenSocket socket = {-1, 0};  // known from the end of the round of the loop in which it came
    bool turnedAway = false;      // one connection too many
    bool isAnswering = false;     // a request of it, to which the response is not yet written
    RequestHead head = {};        // of the request that is coming in
    std::uint64_t bodyCame = 0;
    std::weak_ptr<BodyStream> body = {};  // that is taken out of the input, which owns it
    bool isTaking = false;                // just now
    bool isKept = false;                  // the body is, in memory
  };
  static constexpr std::size_t kFewGates = 64;
  struct FreeHttp {
    void operator()(evhttp* http) const noexcept { evhttp_free(http); }
  };
  static bufferevent* onConnection(event_base* base, void* self);
  static void onOutput(evbuffer* output, const evbuffer_cb_info* info, void* gate);
  static void onInput(evbuffer* input, const evbuffer_cb_info* info, void* gate);
  static void onRequest(evhttp_request* request, void* self);
  void readAlong(Gate& gate, evbuffer* input, std::size_t added);
  void expectOversized(const Gate& gate);
  std::shared_ptr<BodyStream> streamOf(Gate& gate, const evbuffer* input);
  void takeBody(Gate& gate, evbuffer* input);
  void refuseOversized();
  void onArrivals();
  void admit(Gate& gate);
  bool begin(Gate& gate, evhttp_request* raw, HttpRequest& request);
  void handOn(evhttp_request* raw, HttpRequest request, bool& isOurs);
  void forgetGone(std::size_t arrived);
  void onEndings();
  void turnAway(evhttp_request* request) const;

  event_base* const base_;
  const HttpCalls calls_;
  HttpSettings settings_;
  std::optional<UnixSocket> unix_;
  FileDescriptor tcp_;
  evhttp_bound_socket* bound_ = nullptr;
  std::unordered_map<bufferevent*, Gate> gates_;
  std::size_t untilLook_ = kFewGates;  // connections to come until those that have gone are looked for
  std::vector<bufferevent*> arrived_;  // in this round of the loop
  EventPtr arrivals_, endings_;
  ConnectionCap cap_;
  OversizedBodies oversized_;
  std::uint64_t tooLarge_ = 0;
  std::unique_ptr<evhttp, FreeHttp> http_;  // freed first, the callbacks use the rest
};

struct HttpReply::Exchange {
  HttpServer::State* server;
  evhttp_request* request;  // null once answered, or when the connection is gone
  bool wasLarge;            // its body left pages with malloc

  static void onClose(evhttp_connection* connection, void* self);
  static void onComplete(evhttp_request* request, void* self);
};

}  // namespace holdfast
