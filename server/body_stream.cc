#include "server/body_stream.h"

#include <event2/buffer.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

struct FreeBuffer {
  void operator()(evbuffer* buffer) const noexcept { evbuffer_free(buffer); }
};

void feedFront(BodySink& sink, evbuffer* input, std::size_t octets) {
  while (octets > 0) {
    std::array<evbuffer_iovec, 16> parts{};
    const int count = evbuffer_peek(input, static_cast<ev_ssize_t>(octets), nullptr, parts.data(),
                                    static_cast<int>(parts.size()));
    std::size_t fed = 0;
    for (int i = 0; i < std::min<int>(count, parts.size()) && fed < octets; ++i) {
      const std::size_t size = std::min(parts[i].iov_len, octets - fed);
      sink.feed({static_cast<const char*>(parts[i].iov_base), size});
      fed += size;
    }
    evbuffer_drain(input, fed);
    octets -= fed;
  }
}

}  // namespace

BodyStream::BodyStream(std::unique_ptr<BodySink> sink, std::uint64_t octets)
    : sink_(std::move(sink)),
      octets_(octets),
      nowhere_(mmap(nullptr, octets, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}

BodyStream::~BodyStream() {
  if (isUsable()) munmap(nowhere_, octets_);
}

bool BodyStream::isUsable() const noexcept {
  return nowhere_ != MAP_FAILED;
}

bool BodyStream::take(const std::shared_ptr<BodyStream>& stream, evbuffer* input) {
  BodyStream& self = *stream;
  const std::unique_ptr<evbuffer, FreeBuffer> front(evbuffer_new());
  if (front == nullptr) return false;
  const std::size_t before = self.received_;
  const std::size_t came =
      std::min<std::uint64_t>(evbuffer_get_length(input) - before, self.octets_ - before);
  auto* held = new std::shared_ptr<BodyStream>(stream);
  const auto release = [](const void*, size_t, void* owner) {
    delete static_cast<std::shared_ptr<BodyStream>*>(owner);
  };
  if (evbuffer_add_reference(front.get(), self.nowhere_, before + came, release, held) != 0) {
    delete held;
    return false;
  }
  evbuffer_drain(input, before);
  feedFront(*self.sink_, input, came);
  self.received_ += came;
  evbuffer_prepend_buffer(input, front.get());
  return true;
}

}  // namespace holdfast
