#include "server/message_config.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "server/cookie_secrets.h"
#include "server/edns.h"

namespace holdfast {

namespace {

Result<std::string> hostName() {
  // The longest name fills it but for the NUL, which glibc wants room for too.
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size()) != 0)
    return Error{ErrorKind::System, "gethostname", std::generic_category().message(errno)};
  return std::string(name.data()).substr(0, kMaxNsidOctets);
}

Result<std::string> identity(const std::string& option) {
  if (option == "off") return std::string();
  if (option == "hostname") return hostName();
  return option;
}

}  // namespace

Result<MessageSettings> messageSettings(const StartConfig& config) {
  MessageSettings settings;
  auto nsid = identity(config.nsid);
  if (!nsid) return std::move(nsid).error();
  auto name = identity(config.name);
  if (!name) return std::move(name).error();
  settings.nsid = *std::move(nsid);
  settings.name = *std::move(name);
  if (config.version != "off")
    settings.version = config.version == "auto" ? "Holdfast " HOLDFAST_VERSION : config.version;
  if (config.cookies == "off") return settings;
  settings.cookies = config.cookies == "require" ? CookieMode::Require : CookieMode::On;
  auto secrets =
      config.cookieSecrets == "random" ? randomCookieSecrets() : readCookieSecrets(config.cookieSecrets);
  if (!secrets) return std::move(secrets).error();
  settings.secrets = *secrets;
  return settings;
}

}  // namespace holdfast
