#pragma once

#include <span>
#include <string>
#include <string_view>

namespace holdfast {

/// " (did you mean \"x\"?)" for the candidate nearest to `word` by edit distance, or "" when none is near.
std::string didYouMean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace holdfast
