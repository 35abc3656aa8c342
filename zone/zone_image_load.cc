// Reading the buckets of an image: chunk by chunk, each read, checked and taken apart while it is in the
// cache of the processor.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

#include "zone/name_table_image.h"
#include "zone/zone_image.h"
#include "zone/zone_image_format.h"

namespace holdfast {

namespace {

/// More threads than this only wait for the memory.
constexpr unsigned kMostLoaders = 4;
/// What a thread has to do for it to be worth its start.
constexpr std::size_t kLeastChunks = 4;

}  // namespace

/// What the threads share.
class ZoneImage::Loader {
 public:
  Loader(const ZoneImage& image, std::vector<Chunk> chunks)
      : image_(image), chunks_(std::move(chunks)), table_(image.head_.bits) {}

  Result<NameTable> load() {
    std::vector<std::jthread> threads;
    const std::size_t wanted = std::min<std::size_t>(
        {std::thread::hardware_concurrency(), kMostLoaders, chunks_.size() / kLeastChunks});
    threads.reserve(wanted);
    try {
      while (threads.size() + 1 < wanted) threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // with fewer, then
    }
    work();
    for (std::jthread& thread : threads) thread.join();
    if (ranOut_) return Error{ErrorKind::System, image_.file_, "does not fit in memory"};
    if (problem_) return *std::move(problem_);
    if (names_ != image_.head_.names) return image_.damaged("does not have as many names as its head tells");
    return table_.finish(names_);
  }

 private:
  void work() noexcept {
    try {
      std::string octets;
      for (std::size_t i = next_++; i < chunks_.size(); i = next_++)
        if (Status taken = take(chunks_[i], octets); !taken) return stop(std::move(taken).error());
    } catch (const std::bad_alloc&) {
      ranOut_ = true;
      next_ = chunks_.size();
    }
  }

  void stop(Error problem) noexcept {
    next_ = chunks_.size();
    const std::lock_guard lock(mutex_);
    if (!problem_) problem_ = std::move(problem);
  }

  Status take(const Chunk& chunk, std::string& octets) {
    if (octets.size() < chunk.octets) octets.resize(chunk.octets);
    const std::span<char> all = std::span(octets).first(chunk.octets);
    if (Status got = readAt(image_.in_.get(), chunk.at, all, image_.file_); !got) return got;
    if (checksumOf({all.data(), all.size()}) != chunk.checksum)
      return image_.damaged("is damaged at octet " + std::to_string(chunk.at) +
                            ": a checksum does not match");
    std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(all.data()), all.size());
    std::size_t names = 0;
    for (std::uint32_t least = chunk.firstIndex; !rest.empty();) {
      if (rest.size() < image_format::kRecord) return image_.damaged("has a bucket that is cut off");
      const auto index = node_layout::load<std::uint32_t>(rest.data());
      const auto size = node_layout::load<std::uint32_t>(rest.data() + 4);
      rest = rest.subspan(image_format::kRecord);
      if (index < least || index >= chunk.pastIndex || size > rest.size())
        return image_.damaged("has a bucket out of its place");
      const std::size_t put = table_.put(index, rest.first(size));
      if (put == 0) return image_.damaged("has a bucket that cannot be");
      names += put;
      least = index + 1;
      rest = rest.subspan(size);
    }
    names_ += names;
    return Done{};
  }

  const ZoneImage& image_;
  const std::vector<Chunk> chunks_;
  NameTableLoader table_;
  std::atomic<std::size_t> next_{0}, names_{0};
  std::atomic<bool> ranOut_{false};  // of memory
  std::mutex mutex_;
  std::optional<Error> problem_;  // guarded by mutex_ while the threads run
};

Result<std::shared_ptr<const Zone>> ZoneImage::load(WallTime firstCommittedAt) const {
  Result<std::vector<Chunk>> list = chunks();
  if (!list) return std::move(list).error();
  Result<NameTable> names = Loader(*this, *std::move(list)).load();
  if (!names) return std::move(names).error();
  auto zone = std::make_shared<Zone>(head_.apex);
  zone->generation_ = head_.generation;
  zone->serial_ = head_.serial;
  zone->committedAt_ = head_.committedAt;
  zone->firstCommittedAt_ = firstCommittedAt;
  zone->names_ = *std::move(names);
  zone->facts_ = head_.facts;
  if (!zone->apexNode()) return damaged("does not have the apex of its zone");
  zone->negativeSoa_ = NegativeSoa(zone->apexNode());
  if (Status made = makeIndexes(*zone); !made) return std::move(made).error();
  return std::shared_ptr<const Zone>(std::move(zone));
}

}  // namespace holdfast
