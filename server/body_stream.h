#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

struct evbuffer;

namespace holdfast {

/// Gets the octets of one request's body as they come. Goes away unfinished when the client does.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual void feed(std::string_view octets) = 0;
};

/// Hands a large body on while it comes in. evhttp leaves it in the connection's input until all of it is
/// there, which needs memory for all of it. Here what has come is taken out, and evhttp finds as many octets
/// in its place that are nowhere: pages of zeros that nobody is to look at. One thread.
class BodyStream {
 public:
  /// Of a body of so many octets.
  BodyStream(std::unique_ptr<BodySink> sink, std::uint64_t octets);
  ~BodyStream();

  /// Takes what is in the input, which is called whenever some came: all of it is of this body, or behind its
  /// end. From then on the input holds `stream`, so that it lives as long as its connection waits for the
  /// rest. False where memory is short: the connection is to be ended.
  static bool take(const std::shared_ptr<BodyStream>& stream, evbuffer* input);

  /// Or there is no address space for it: then it can take nothing.
  bool isUsable() const noexcept;
  std::uint64_t octets() const noexcept { return octets_; }
  bool isComplete() const noexcept { return received_ == octets_; }
  /// The sink, once all of it has come.
  std::unique_ptr<BodySink> finish() noexcept { return std::move(sink_); }

 private:
  std::unique_ptr<BodySink> sink_;
  const std::uint64_t octets_;
  std::uint64_t received_ = 0;
  void* const nowhere_;
};

}  // namespace holdfast
