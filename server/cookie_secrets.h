#pragma once

#include <string>
#include <string_view>

#include "server/cookie.h"
#include "zone/result.h"

namespace holdfast {

/// A secret of the system's random source: cookies then hold for this server until it restarts.
Result<CookieSecrets> randomCookieSecrets();

/// One or two lines of 32 hexadecimal digits: the secret that cookies are made with, and another that is
/// taken besides. Empty lines and lines that begin with # are passed over. Errors name file, line and rule,
/// and never the content. `file` is what errors call it.
Result<CookieSecrets> parseCookieSecrets(std::string_view text, const std::string& file);
/// Reads a file of that form.
Result<CookieSecrets> readCookieSecrets(const std::string& file);
/// Whether its permissions let the group or all read the file; false where that cannot be seen.
bool isReadByOthers(const std::string& file) noexcept;

}  // namespace holdfast
