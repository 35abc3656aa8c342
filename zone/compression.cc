#include "zone/compression.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>

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

std::string compressedBy(ZSTD_CCtx* context, std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress2(context, out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // the bound is enough: nothing else can be the cause
  out.resize(size);
  return out;
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
  return compressedBy(context.get(), bytes);
}

std::string compressedPart(std::string_view bytes) {
  std::string out = compressedBy(contextOf(kLevelOfPart).get(), bytes);
  out.shrink_to_fit();
  return out;
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
