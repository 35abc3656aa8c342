#include "zone/compression.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <span>

namespace holdfast {

namespace {

/// Small bodies are many and live long, large ones are few and somebody waits for them. Of what is very small
/// a level that needs little memory makes as little, and to clear more than that takes longest.
constexpr std::size_t kVerySmall = 4 * 1024, kSmall = 64 * 1024;
constexpr int kLevelOfVerySmall = 5, kLevelOfSmall = 10, kLevelOfLarge = 2, kLevelOfPart = 1;
/// What is larger is compressed without looking further back than this.
constexpr int kShortestWindowLog = 10, kLongestWindowLog = 27;
/// No frame is more than this many times smaller than what it holds: what claims to be is damaged, and memory
/// must not be asked for by its word.
constexpr std::uint64_t kLargestRatio = 40'000, kLeastRoom = 1 << 20;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};
using CompressionContext = std::unique_ptr<ZSTD_CCtx, FreeContext>;

CompressionContext contextOf(int level) {
  CompressionContext context(ZSTD_createCCtx());
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);  // the reader knows it
  return context;
}

/// REQUIRES: room for ZSTD_compressBound(). Returns how much of it was needed.
std::size_t compressedInto(std::span<char> room, ZSTD_CCtx* context, std::string_view bytes) {
  const std::size_t size = ZSTD_compress2(context, room.data(), room.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // the bound is enough: nothing else can be the cause
  return size;
}

int levelOf(std::size_t octets) noexcept {
  if (octets < kVerySmall) return kLevelOfVerySmall;
  return octets < kSmall ? kLevelOfSmall : kLevelOfLarge;
}

}  // namespace

std::string compressed(std::string_view bytes, std::string_view alike) {
  const std::size_t octets = bytes.size() + alike.size();
  const int windowLog =
      std::clamp(static_cast<int>(std::bit_width(octets)), kShortestWindowLog, kLongestWindowLog);
  const CompressionContext context = contextOf(levelOf(octets));
  if (!alike.empty()) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, windowLog);
    ZSTD_CCtx_refPrefix(context.get(), alike.data(), alike.size());
  }
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(compressedInto(out, context.get(), bytes));
  return out;
}

struct PartCompressor::State {
  CompressionContext context = contextOf(kLevelOfPart);
  std::unique_ptr<char[]> room{};
  std::size_t size = 0;
};

PartCompressor::PartCompressor() : state_(std::make_unique<State>()) {}
PartCompressor::~PartCompressor() = default;

std::string PartCompressor::frameOf(std::string_view bytes) {
  const std::size_t bound = ZSTD_compressBound(bytes.size());
  if (bound > state_->size) {
    state_->room = std::make_unique_for_overwrite<char[]>(bound);
    state_->size = bound;
  }
  char* const room = state_->room.get();
  return {room, compressedInto({room, bound}, state_->context.get(), bytes)};
}

Result<std::string> decompressed(std::string_view frame, std::uint64_t size, std::string_view alike) {
  const auto damaged = [](std::string_view how) {
    return Error{ErrorKind::Store, "", "cannot be decompressed: " + std::string(how)};
  };
  if (size > kLeastRoom + frame.size() * kLargestRatio) return damaged("the size it claims cannot be");
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) return damaged("out of memory");
  if (!alike.empty()) ZSTD_DCtx_refPrefix(context.get(), alike.data(), alike.size());
  std::string out(size, '\0');
  const std::size_t got =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) return damaged(ZSTD_getErrorName(got));
  if (got != size) return damaged("it is shorter than it claims");
  return out;
}

}  // namespace holdfast
