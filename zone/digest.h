#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace holdfast {

/// SHA-256 of what comes piece by piece. One thread. Throws std::bad_alloc.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// 32 octets. Call once, last.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// SHA-256, as 32 octets.
std::string sha256(std::string_view bytes);

std::string toHex(std::string_view bytes);
/// The inverse of toHex(); empty where the text is not hex.
std::string fromHex(std::string_view text);

}  // namespace holdfast
