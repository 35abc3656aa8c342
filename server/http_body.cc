#include <event2/buffer.h>

#include <new>

#include "server/http.h"

namespace holdfast {

HttpBody::HttpBody() = default;
HttpBody::~HttpBody() = default;
HttpBody::HttpBody(HttpBody&&) noexcept = default;
HttpBody& HttpBody::operator=(HttpBody&&) noexcept = default;

void HttpBody::Free::operator()(evbuffer* buffer) const noexcept {
  evbuffer_free(buffer);
}

std::size_t HttpBody::size() const noexcept {
  return buffer_ == nullptr ? 0 : evbuffer_get_length(buffer_.get());
}

HttpBody::Joined HttpBody::join() {
  Joined joined(size());
  if (size() > 0) evbuffer_remove(buffer_.get(), joined.data(), size());
  buffer_.reset();
  return joined;
}

void HttpBody::fill(evbuffer* from) {
  buffer_.reset(evbuffer_new());
  if (buffer_ == nullptr || evbuffer_add_buffer(buffer_.get(), from) != 0) throw std::bad_alloc();
}

}  // namespace holdfast
