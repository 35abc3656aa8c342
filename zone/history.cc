#include "zone/history.h"

#include <array>

namespace holdfast {

std::string_view toText(Fate fate) noexcept {
  constexpr std::array<std::string_view, static_cast<std::size_t>(kLastFate) + 1> kTexts{
      "refused",    "published",    "superseded", "frozen",  "thawed",
      "zone-added", "zone-removed", "cleaned-up", "restored"};
  const auto index = static_cast<std::size_t>(fate);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

}  // namespace holdfast
