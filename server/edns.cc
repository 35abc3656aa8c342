#include "server/edns.h"

#include <algorithm>

#include "server/message.h"
#include "zone/zone_check.h"

namespace holdfast {

namespace {

// Zones are checked for whether their answers leave room for all of it.
static_assert(kMaxOptOctets == kOptOctets + (kOptionHeaderOctets + kCookieOctets) +
                                   (kOptionHeaderOctets + kMaxNsidOctets) + (kOptionHeaderOctets + 2));

std::size_t read16(std::span<const std::uint8_t> octets) noexcept {
  return static_cast<std::size_t>(octets[0] << 8 | octets[1]);
}

void note(OptionCode code, std::span<const std::uint8_t> data, QueryOptions& options) noexcept {
  switch (code) {
    case OptionCode::Nsid:
      options.nsid = true;
      return;
    case OptionCode::Cookie:
      if (!options.cookie) options.cookie = data;
      return;
    case OptionCode::Keepalive:
      if (!options.keepalive) options.keepalive = data.size();
      return;
    case OptionCode::Padding:
      options.padding = true;
      return;
    case OptionCode::ExtendedError:  // means nothing in a query
      return;
  }
}

}  // namespace

std::optional<QueryOptions> readOptions(std::span<const std::uint8_t> list) noexcept {
  QueryOptions options;
  while (!list.empty()) {
    if (list.size() < kOptionHeaderOctets) return std::nullopt;
    const std::size_t length = read16(list.subspan(2));
    if (list.size() - kOptionHeaderOctets < length) return std::nullopt;
    note(static_cast<OptionCode>(read16(list)), list.subspan(kOptionHeaderOctets, length), options);
    list = list.subspan(kOptionHeaderOctets + length);
  }
  return options;
}

void ResponseOptions::addCookie(const std::array<std::uint8_t, kCookieOctets>& cookie) noexcept {
  begin(OptionCode::Cookie, cookie.size());
  put(cookie);
}

void ResponseOptions::addNsid(std::span<const std::uint8_t> nsid) noexcept {
  begin(OptionCode::Nsid, nsid.size());
  put(nsid);
}

void ResponseOptions::addKeepalive(std::uint16_t timeout) noexcept {
  begin(OptionCode::Keepalive, 2);
  put16(timeout);
}

bool ResponseOptions::addExtendedError(ExtendedError error, std::size_t spare) noexcept {
  const ExtendedErrorText& text = textOf(error);
  constexpr std::size_t kBare = kOptionHeaderOctets + 2;
  if (spare < kBare) return false;
  const std::size_t extra = spare < kBare + text.extra.size() ? 0 : text.extra.size();
  begin(OptionCode::ExtendedError, 2 + extra);
  put16(text.infoCode);
  put({reinterpret_cast<const std::uint8_t*>(text.extra.data()), extra});
  return true;
}

void ResponseOptions::begin(OptionCode code, std::size_t octets) noexcept {
  put16(static_cast<std::size_t>(code));
  put16(octets);
}

void ResponseOptions::put16(std::size_t value) noexcept {
  octets_[size_++] = static_cast<std::uint8_t>(value >> 8);
  octets_[size_++] = static_cast<std::uint8_t>(value);
}

void ResponseOptions::put(std::span<const std::uint8_t> data) noexcept {
  std::copy(data.begin(), data.end(), octets_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += data.size();
}

}  // namespace holdfast
