#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/body_stream.h"
#include "server/listen.h"
#include "zone/result.h"

struct event_base;
struct evbuffer;
struct evhttp_request;

namespace holdfast {

/// The octets of a request as they came off the socket, not yet joined. May move to another thread.
class HttpBody {
 public:
  HttpBody();
  ~HttpBody();
  HttpBody(HttpBody&&) noexcept;
  HttpBody& operator=(HttpBody&&) noexcept;

  std::size_t size() const noexcept;
  /// The octets, joined.
  class Joined {
   public:
    explicit Joined(std::size_t size) : octets_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {}
    std::string_view view() const noexcept { return {octets_.get(), size_}; }
    char* data() noexcept { return octets_.get(); }
    void release() noexcept { *this = Joined(0); }

   private:
    std::unique_ptr<char[]> octets_;
    std::size_t size_;
  };
  /// Costs one copy, and leaves the body empty.
  Joined join();
  /// Takes over what `from` holds.
  void fill(evbuffer* from);

 private:
  struct Free {
    void operator()(evbuffer* buffer) const noexcept;
  };
  std::unique_ptr<evbuffer, Free> buffer_;
};

struct HttpRequest {
  std::string method;  ///< "GET"; "?" for one that HTTP does not define
  std::string path;    ///< still percent-encoded, dot segments kept
  std::string query;   ///< still percent-encoded, without "?"
  std::string contentType, accept;
  std::string peer;                ///< "uid 1000 pid 4711" on a Unix socket, else the address
  HttpBody body;                   ///< empty where a sink took it
  std::unique_ptr<BodySink> sink;  ///< which then has all of it
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// The way back to the client of one request. Answers once; an unanswered one says 503 when it goes away, and
/// a client that has gone away meanwhile is passed over. Loop thread only, the destructor included.
class HttpReply {
 public:
  struct Exchange;
  explicit HttpReply(std::shared_ptr<Exchange> exchange);
  ~HttpReply();
  HttpReply(const HttpReply&) = delete;
  HttpReply& operator=(const HttpReply&) = delete;

  /// Where it throws, as memory runs out, nothing was sent.
  void send(HttpResponse response);

 private:
  evhttp_request* take() noexcept;

  std::shared_ptr<Exchange> exchange_;
};

struct HttpSettings {
  std::size_t bodyLimit = 0;  ///< octets
  std::string bodyLimitKey;   ///< the configuration key of bodyLimit, for people
  std::chrono::milliseconds idle{30'000};
  std::size_t connections = 128;    ///< open at once; a further one gets 503
  std::string connectionsKey = {};  ///< as bodyLimitKey
};

struct HttpStats {
  std::uint64_t open = 0;        ///< connections, as far as known: one that was closed may still count
  std::uint64_t turnedAway = 0;  ///< since start
  std::uint64_t tooLarge = 0;    ///< bodies over HttpSettings::bodyLimit, since start
  /// Connections that something is kept of: those open, and some that have gone, until as many have come as
  /// were open at the last look, 64 at least.
  std::uint64_t kept = 0;
};

/// What a request announces before its body has come. Borrows.
struct HttpStart {
  std::string_view method;
  std::string_view path, query;  ///< still percent-encoded
  std::string_view contentType;
  std::uint64_t bodyOctets;
};

/// Where an HttpServer's requests go.
struct HttpCalls {
  /// Gets each complete request. A truncated one never arrives.
  std::function<void(HttpRequest request, std::shared_ptr<HttpReply> reply)> handler;
  /// Told of each request that was answered before it reached the handler.
  std::function<void(const std::string& peer, int status)> rejected;
  /// Asked who takes the body of a request, of a megabyte or more, as it comes; null, or no function: it is
  /// kept in memory.
  std::function<std::unique_ptr<BodySink>(const HttpStart& start)> sink = {};
};

/// An HTTP/1.1 server over libevent's evhttp. Every answer that evhttp would give by itself (400, 413) has a
/// JSON body like the others. A body over the limit is read to its end and dropped as it comes, because a
/// client that is still sending would miss an answer given earlier; one that is announced (Content-Length)
/// and does not come gets its 413 once the client has paused for a second, or after HttpSettings::idle. Loop
/// thread only.
class HttpServer {
 public:
  /// Listens on a Unix socket of mode 0660, in a directory that is made with mode 0750 when missing. The
  /// socket of a dead server is replaced; a live one, or a file that is no socket, is an Error.
  static Result<std::unique_ptr<HttpServer>> onUnixSocket(event_base* base, const std::string& path,
                                                          HttpSettings settings, HttpCalls calls);
  static Result<std::unique_ptr<HttpServer>> onTcp(event_base* base, const SocketAddress& address,
                                                   HttpSettings settings, HttpCalls calls);
  ~HttpServer();  ///< closes every connection; removes its socket file
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// For connections from now on.
  void setSettings(HttpSettings settings);
  void stopAccepting();
  /// Requests that have arrived and whose answer has not been handed to the system yet.
  std::size_t open() const noexcept;
  HttpStats stats();
  /// Where it listens, the port filled in; of TCP only.
  std::string address() const;

  class State;

 private:
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast
