#pragma once

#include <string>

#include "tools/flood/options.h"
#include "tools/flood/timeline.h"
#include "tools/zonectl/palette.h"

namespace holdfast::flood {

/// One line, as of the last moment.
std::string progressText(const Options& options, const Timeline& timeline);
/// What a run came to, for people.
std::string summaryText(const Options& options, const Timeline& timeline, const zonectl::Palette& palette);
/// All of it, for programs: docs/soak.md has its members.
std::string resultJson(const Options& options, const Timeline& timeline);
/// The same as a page with plots, which needs nothing but a browser.
std::string resultHtml(const Options& options, const Timeline& timeline);

/// 0: nothing is wrong; 1: an answer was at fault, or lost at a rate; 3: nothing was answered.
int verdictOf(const Options& options, const Timeline& timeline) noexcept;

}  // namespace holdfast::flood
