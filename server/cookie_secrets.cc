#include "server/cookie_secrets.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <sstream>
#include <system_error>
#include <vector>

#include "server/whole_file.h"

namespace holdfast {

namespace {

std::optional<SipHashKey> readKey(std::string_view digits) {
  SipHashKey key;
  if (digits.size() != 2 * key.size()) return std::nullopt;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char* first = digits.data() + 2 * i;
    const auto [end, problem] = std::from_chars(first, first + 2, key[i], 16);
    if (problem != std::errc() || end != first + 2) return std::nullopt;
  }
  return key;
}

}  // namespace

Result<CookieSecrets> randomCookieSecrets() {
  CookieSecrets secrets;
  // So few octets come whole, and waiting for the source ends soon after boot.
  if (::getrandom(secrets.current.data(), secrets.current.size(), 0) !=
      static_cast<ssize_t>(secrets.current.size()))
    return Error{ErrorKind::System, "getrandom", std::generic_category().message(errno)};
  return secrets;
}

Result<CookieSecrets> parseCookieSecrets(std::string_view text, const std::string& file) {
  std::vector<SipHashKey> keys;
  std::istringstream stream{std::string(text)};
  unsigned number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const auto wrong = [&](const char* rule) {
      return Error{ErrorKind::Invalid, file + ":" + std::to_string(number), rule};
    };
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty() || line.front() == '#') continue;
    const auto key = readKey(line);
    if (!key) return wrong("a cookie secret must be 32 hexadecimal digits");
    if (keys.size() == 2)
      return wrong("there may be two cookie secrets: one to make cookies with, one to take besides");
    if (!keys.empty() && keys.front() == *key) return wrong("the two cookie secrets are the same");
    keys.push_back(*key);
  }
  if (keys.empty()) return Error{ErrorKind::Invalid, file, "holds no cookie secret of 32 hexadecimal digits"};
  CookieSecrets secrets{keys.front(), std::nullopt};
  if (keys.size() == 2) secrets.other = keys.back();
  return secrets;
}

Result<CookieSecrets> readCookieSecrets(const std::string& file) {
  const auto content = readWholeFile(file);
  if (!content)
    return Error{ErrorKind::Unreadable, file, "the cookie secrets cannot be read: " + content.error().what};
  return parseCookieSecrets(*content, file);
}

bool isReadByOthers(const std::string& file) noexcept {
  struct stat facts {};
  return ::stat(file.c_str(), &facts) == 0 && (facts.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

}  // namespace holdfast
