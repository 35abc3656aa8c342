#include "server/extended_error.h"

#include <algorithm>
#include <array>

namespace holdfast {

namespace {

constexpr std::array<ExtendedErrorText, kExtendedErrors> kTexts{{
    {0, "Other", ""},
    {14, "Not Ready", "the zone has no content yet"},
    {20, "Not Authoritative", "no zone of this name is held here"},
    {21, "Not Supported", "zone transfers are not implemented"},
    {21, "Not Supported", "this opcode is not implemented"},
    {21, "Not Supported", "this class is not served"},
    {18, "Prohibited", "this name is not given out"},
}};
static_assert(std::all_of(kTexts.begin(), kTexts.end(),
                          [](const ExtendedErrorText& each) { return each.extra.size() <= kMaxExtraText; }));

}  // namespace

const ExtendedErrorText& textOf(ExtendedError error) noexcept {
  return kTexts[static_cast<std::size_t>(error)];
}

}  // namespace holdfast
